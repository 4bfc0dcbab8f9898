"""A pseudonymised export for research: what was decided, without who, and without what was said.

Ids are replaced by HMACs under a key that is made for this export and thrown away, so that rows of
one export can be joined and those of two cannot. Times are cut to the day; free texts, posts, links
and names are left out. Pseudonymised is not anonymous (Recital 26 of the General Data Protection
Regulation): the manifest says so, and who may have it is for the team to decide.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from casework.office import Office
from policy.people import is_person
from policy.words import UtcDatetime
from store.work import Reading

Row = dict[str, Any]
Hide = Callable[[str | None], str | None]

LEFT_OUT = (
    "texts of posts, profiles, statements, appeals and reasons",
    "ids of accounts, posts, groups, cases and people (replaced)",
    "times of day",
)


def export_research(office: Office, folder: Path) -> dict[str, Any]:
    """Write one Parquet file a table, and `manifest.json`; the manifest.

    Raises:
        FileExistsError: the folder is not empty.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(17, "is not empty", str(folder))
    key = secrets.token_bytes(32)

    def hide(id_: str | None) -> str | None:
        return None if id_ is None else hmac.new(key, id_.encode(), hashlib.sha256).hexdigest()[:24]

    files = {}
    with office.store.reading() as work:
        for name, rows in _tables(work, hide):
            path = folder / f"{name}.parquet"
            table = pa.Table.from_pylist(rows or [{}])
            pq.write_table(table.slice(0, len(rows)), path, compression="zstd")
            files[path.name] = {
                "rows": len(rows),
                "columns": table.column_names,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
    manifest = {
        "made_on": _day(office.now()),
        "concert": version("concert"),
        "files": files,
        "left_out": LEFT_OUT,
        "pseudonyms": "HMAC-SHA256, 96 bits, under a key of this export alone, which is not kept",
        "warning": "pseudonymised, not anonymous: rare combinations may still tell who it is",
    }
    text = json.dumps(manifest, indent=2) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return manifest


def _tables(work: Reading, hide: Hide) -> Iterable[tuple[str, list[Row]]]:
    yield (
        "restrictions",
        [
            {
                "restriction": hide(one.id),
                "subject": hide(one.subject_id),
                "subject_kind": one.subject_kind.value,
                "kind": one.kind.value,
                "ground": one.ground.kind.value,
                "group": hide(one.ground.group_id),
                "policy": one.ground.policy,
                "clause": one.cause.clause,
                "rule": one.cause.rule,
                "by": _by(one.cause.by),
                "evidence": len(one.cause.evidence),
                "started": _day(one.starts_at),
                "ends": _day(one.expires_at),
                "lifted": _day(one.lifted_at),
            }
            for one in work.restrictions.each()
        ],
    )
    yield (
        "appeals",
        [
            {
                "appeal": hide(one.id),
                "restriction": hide(one.restriction_id),
                "opened": _day(one.opened_at),
                "decided": _day(one.decided_at),
                "state": one.state.value,
                "added": len(one.further),
            }
            for one in work.appeals.each()
        ],
    )
    yield (
        "associations",
        [
            {
                "account": hide(one.account_id),
                "group": hide(one.group_id),
                "probability": round(one.probability, 3),
                "low": round(one.low, 3),
                "high": round(one.high, 3),
                "lane": one.lane.value,
                "rule": one.rule,
                "calibrated": one.calibrated,
                "model": one.model,
            }
            for one in work.associations.each()
        ],
    )
    # A gold copy is no case of anybody's: its answer was known before.
    cases = {one.id: one for one in work.cases.each(gold=None)}
    yield (
        "decisions",
        [
            {
                "case": hide(one.case_id),
                "kind": cases[one.case_id].kind.value,
                "rule": cases[one.case_id].rule,
                "blind": cases[one.case_id].blind,
                "reviewer": hide(one.decided_by),
                "answer": one.answer,
                "decided": _day(one.at),
                "lead_time_s": one.lead_time_s,
            }
            for one in work.decisions.each()
            if one.case_id in cases
        ],
    )


def _by(actor: str) -> str:
    return "person" if is_person(actor) else actor


def _day(moment: UtcDatetime | None) -> str | None:
    return None if moment is None else f"{moment:%F}"
