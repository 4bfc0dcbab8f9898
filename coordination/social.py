"""Social coordination in a run: what of the input it needs beside the posts, and its findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from coordination.contacts import talk
from coordination.engine import land
from coordination.swarm import WINDOWS, run_tests
from coordination.swarm_findings import Score, to_findings

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from coordination.findings import CoordinationFinding

LAYER = "swarm"
"""What `--on` calls it: no layer of shared objects, but a question of its own."""


def social_findings(
    con: Backend,
    posts: ir.Table,
    *,
    scratch: Path,
    lake: Path | None = None,
    window: timedelta | None = None,
    level: float = 0.01,
    score: Score | None = None,
) -> list[CoordinationFinding]:
    """Calls, and the bursts that came of them.

    posts: contract columns, created_at in microseconds (`Source.posts`), on any engine; columns
    h_physical, h_psychological and h_informational are likelihoods of harm.
    lake: a folder whose `accounts` tell handles and whose `follows` tell who follows whom.
    window: how long after a call a burst is looked for; without it 1, 6, 24 and 72 hours.
    score: likelihoods of harm of posts, in place of these columns.
    Raises InputError where posts have no time.
    """
    told = land(con, talk(posts), "swarm_talk", scratch)
    tested = run_tests(
        con,
        told,
        handles=_part(con, lake, "accounts", ("account_id", "handle")),
        follows=_part(con, lake, "follows", ("follower_id", "followed_id")),
        windows=WINDOWS if window is None else (round(window / timedelta(microseconds=1)),),
        level=level,
    )
    return to_findings(tested, told, score)


def _part(con: Backend, lake: Path | None, part: str, columns: Sequence[str]) -> ir.Table | None:
    """A part of a lake, where there is one with these columns."""
    if lake is None or not (lake / part).is_dir():
        return None
    files = sorted(str(file) for file in (lake / part).rglob("*.parquet"))
    if not files:
        return None
    table = con.read_parquet(files, table_name=f"swarm_{part}_files", union_by_name=True)
    return table.select(*columns) if set(columns) <= set(table.columns) else None
