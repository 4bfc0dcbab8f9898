"""Export of statements of reasons: checked records for the Transparency Database, in batches.

A record that is not right is told by its id and left out; it never holds back the others.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from casework.dsa import MOST_AT_ONCE, About, Record, problems, record
from casework.office import Office
from policy.restrictions import Restriction
from policy.statements import StatementOfReasons
from policy.words import SubjectKind, UtcDatetime
from store.work import Reading


@dataclass
class Exported:
    """What an export did."""

    written: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)
    """Statement id to what is wrong with its record."""


def facts_about(office: Office, restrictions: Sequence[Restriction]) -> dict[str, About]:
    """What the lake knows of what restrictions are about, by the restriction's id."""
    accounts = office.lake.accounts(
        sorted({r.subject_id for r in restrictions if r.subject_kind is SubjectKind.ACCOUNT})
    )
    wanted = {r.subject_id for r in restrictions if r.subject_kind is SubjectKind.POST}
    posts = office.lake.post(
        sorted(wanted.union(*(r.cause.evidence for r in restrictions)) if restrictions else wanted)
    )
    found = {}
    for one in restrictions:
        relied = [posts[id_] for id_ in (*one.cause.evidence, one.subject_id) if id_ in posts]
        languages = Counter(post.lang for post in relied if post.lang)
        since: Iterable[Any] = [post.created_at for post in relied]
        if one.subject_kind is SubjectKind.ACCOUNT and one.subject_id in accounts:
            since = [accounts[one.subject_id].created_at or min_of(since)]
        found[one.id] = About(
            since=min_of(since),
            language=_main(next(iter(languages))) if len(languages) == 1 else None,
        )
    return found


def min_of(moments: Iterable[Any]) -> Any:
    """The earliest day among moments and days that are known; None where none is."""
    days = [one.date() if hasattr(one, "date") else one for one in moments if one is not None]
    return min((day for day in days if day >= date(2000, 1, 1)), default=None)


def _main(language: str) -> str | None:
    main = language.partition("-")[0].lower()
    return main if len(main) == 2 and main.isalpha() else None


def export(
    office: Office,
    out: Path,
    *,
    since: UtcDatetime | None = None,
    until: UtcDatetime | None = None,
    territory: Sequence[str] = (),
) -> Exported:
    """Write the records of a period as JSON lines, each line one call of at most 100.

    A line is the body of `POST /api/v1/statements`: `{"statements": […]}`. The file appears whole
    or not at all.
    """
    done = Exported()
    draft = out.with_name(f".{out.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        for batch in _batches(office, since, until, territory, done):
            file.write(json.dumps({"statements": batch}, ensure_ascii=False) + "\n")
            done.written += len(batch)
    draft.replace(out)
    return done


def _batches(
    office: Office,
    since: UtcDatetime | None,
    until: UtcDatetime | None,
    territory: Sequence[str],
    done: Exported,
) -> Iterator[list[Record]]:
    batch: list[Record] = []
    with office.store.reading() as work:
        part: list[StatementOfReasons] = []
        for statement in work.statements.each():
            if (since and statement.notice_at < since) or (until and statement.notice_at >= until):
                continue
            part.append(statement)
            if len(part) == 1000:
                batch += _records(office, work, part, territory, done)
                part = []
            while len(batch) >= MOST_AT_ONCE:
                yield batch[:MOST_AT_ONCE]
                batch = batch[MOST_AT_ONCE:]
        batch += _records(office, work, part, territory, done)
        for at in range(0, len(batch), MOST_AT_ONCE):
            yield batch[at : at + MOST_AT_ONCE]


def _records(
    office: Office,
    work: Reading,
    part: Sequence[StatementOfReasons],
    territory: Sequence[str],
    done: Exported,
) -> list[Record]:
    restrictions = work.restrictions.get_many([one.restriction_id for one in part])
    about = facts_about(office, list(restrictions.values()))
    good = []
    for statement in part:
        restriction = restrictions.get(statement.restriction_id)
        if restriction is None:
            done.refused[statement.id] = ["its restriction is gone"]
            continue
        made = record(work, restriction, statement, about[restriction.id], territory=territory)
        wrong = problems(made)
        if wrong:
            done.refused[statement.id] = wrong
        else:
            good.append(made)
    return good
