"""Every answer as a row: what was asked, who said what, when, in which lane, and with which odds.

The rows that training takes. A gold copy is none: its answer was known before.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter
from sqlalchemy import select

from casework.office import Office
from casework.outcomes import SAMPLE
from casework.score_posts import written_whole
from intake.errors import FileError
from policy.cases import Case, CaseState, Decision
from policy.opinions import is_blind
from policy.words import Lane
from store import tables
from store.work import Reading

Row = dict[str, Any]
Progress = Callable[[str, float, float], None]

BATCH = 1000

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("decision_id", pa.string()),
    ("case_id", pa.string()),
    ("kind", pa.string()),
    ("round", pa.int32()),
    ("subject_kind", pa.string()),
    ("subject_id", pa.string()),
    ("group_id", pa.string()),
    ("by", pa.string()),
    ("at", pa.timestamp("us", tz="UTC")),
    ("answer", pa.string()),
    ("details", pa.string()),
    ("reason", pa.string()),
    ("lead_time_s", pa.float64()),
    ("lane", pa.string()),
    ("blind", pa.bool_()),
    ("sampling", pa.float64()),
    ("probability", pa.float64()),
    ("rule", pa.string()),
    ("ref", pa.string()),
    ("lang", pa.string()),
    ("case_answer", pa.string()),
    ("settled_by", pa.string()),
    ("posts", pa.string()),
]
SCHEMA = pa.schema(_COLUMNS)
"""`details` is the whole verdict and `posts` the posts that were shown, both as JSON; `sampling` is
the probability with which the question was put to people; `ref` what the case is about, where it is
a second look (the decision that looked mistaken); `case_answer` what the case came to."""

_CASE: TypeAdapter[Case] = TypeAdapter(Case)
_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


def export_decisions(
    office: Office, out: Path, *, progress: Progress = lambda _what, _done, _of: None
) -> int:
    """Write every answer to a Parquet or JSON Lines file, by its ending; how many.

    Raises:
        FileError: another ending, or it cannot be written there.
    """
    writers = {".parquet": _parquet, ".jsonl": _jsonl}
    if out.suffix not in writers:
        raise FileError(out, f"name a file that ends in {' or '.join(writers)}")
    done = 0
    with office.store.reading() as work, writers[out.suffix](out) as write:
        of = work.decisions.count()
        rest = decision_rows(work)
        while rows := list(islice(rest, BATCH)):
            write(rows)
            done += len(rows)
            progress("answers", done, of)
    return done


def decision_rows(work: Reading) -> Iterator[Row]:
    """A row for each answer, by case and round, one at a time."""
    decisions, cases = tables.decisions, tables.cases
    query = (
        select(decisions.c.doc, decisions.c.case_id, cases.c.doc.label("case_doc"))
        .join_from(decisions, cases, cases.c.id == decisions.c.case_id)
        .where(cases.c.gold.is_(None))
        .order_by(decisions.c.case_id, decisions.c.round)
        .execution_options(yield_per=BATCH)
    )
    for _, found in groupby(work.connection.execute(query), key=lambda row: row.case_id):
        answers = list(found)
        case = _CASE.validate_json(answers[0].case_doc)
        for one in answers:
            yield _row(case, _DECISION.validate_json(one.doc))


def _row(case: Case, decision: Decision) -> Row:
    ended = case.state is CaseState.DECIDED
    return {
        "decision_id": decision.id,
        "case_id": case.id,
        "kind": case.kind.value,
        "round": decision.round,
        "subject_kind": case.subject_kind.value,
        "subject_id": case.subject_id,
        "group_id": case.group_id,
        "by": decision.decided_by,
        "at": decision.at,
        "answer": decision.answer,
        "details": json.dumps(decision.details, ensure_ascii=False),
        "reason": decision.reason,
        "lead_time_s": decision.lead_time_s,
        # Whoever is asked about what the machine acted on already checks the act lane.
        "lane": (Lane.ACT if case.rule == SAMPLE else Lane.REVIEW).value,
        "blind": is_blind(case.model_copy(update={"round": decision.round})),
        "sampling": case.sampling,
        "probability": case.probability,
        "rule": case.rule,
        "ref": case.ref,
        "lang": case.lang,
        "case_answer": case.answer if ended else None,
        "settled_by": case.settled_by if ended else None,
        "posts": json.dumps(list(_shown(case)), ensure_ascii=False),
    }


def _shown(case: Case) -> Iterator[Row]:
    asked = case.evidence.get("post")
    for post in [asked] if asked else case.evidence.get("posts", []):
        yield {key: post.get(key) for key in ("post_id", "account", "text", "created_at", "lang")}


Write = Callable[[list[Row]], None]


@contextmanager
def _parquet(out: Path) -> Iterator[Write]:
    with written_whole(out, SCHEMA) as write:
        yield write


@contextmanager
def _jsonl(out: Path) -> Iterator[Write]:
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            yield lambda rows: file.writelines(_line(row) for row in rows)
        part.replace(out)
    except OSError as error:
        raise FileError(out, error.strerror or str(error)) from None
    finally:
        part.unlink(missing_ok=True)


def _line(row: Row) -> str:
    return json.dumps(row | {"at": row["at"].isoformat()}, ensure_ascii=False) + "\n"
