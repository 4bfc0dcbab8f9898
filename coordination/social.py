"""Social coordination in a run: what of the input it needs beside the posts, and its findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from coordination.actions import without_time
from coordination.contacts import talk
from coordination.engine import land
from coordination.outputs import write_files
from coordination.report import render
from coordination.result import DetectReport
from coordination.source import InputError, Source, Tabular
from coordination.swarm import WINDOWS, run_tests
from coordination.swarm_findings import to_findings
from coordination.swarm_harm import Score

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from coordination.findings import CoordinationFinding

LAYER = "swarm"
"""What `--on` calls it: no layer of shared objects, but a question of its own."""


@dataclass(frozen=True)
class Social:
    """What was found about calls, and the texts of the posts that show it."""

    findings: tuple[CoordinationFinding, ...]
    texts: Mapping[str, str]

    def write(self, path: Path) -> None:
        """swarms.parquet: one row for each participant of each swarm."""
        rows = [row for finding in self.findings for row in _rows(finding)]
        pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), path)

    def alone(self, source: Source, out: Path, *, level: float, seed: int) -> DetectReport:
        """The report, and the files, of a run that asked for nothing else."""
        assert source.posts is not None
        posts = source.posts
        rows = posts.aggregate(posts=posts.count(), accounts=posts.account_id.nunique())
        seen = rows.to_pyarrow().to_pylist()[0]
        report = DetectReport(
            findings=self.findings, levels=(), clusters=(), layers=(), windows_s={}, level=level,
            actions=seen["posts"], accounts=seen["accounts"], edges=0, tested=0, significant=0,
            without_time=without_time(source).to_pyarrow().as_py() or 0, left_out={}, seed=seed,
            notes=(), files={}, texts=self.texts,
        )  # fmt: skip
        page = render(report, self.texts)
        return write_files(
            report,
            out,
            {
                "swarms.parquet": self.write,
                "report.html": lambda path: path.write_text(page, encoding="utf-8"),
            },
        )


def find_social(
    con: Backend,
    source: Source,
    *,
    scratch: Path,
    lake: Tabular | None = None,
    window: timedelta | None = None,
    level: float = 0.01,
    score: Score | None = None,
) -> Social:
    """Calls, and the bursts that came of them.

    source: posts, on any engine; their columns h_physical, h_psychological and h_informational are
    likelihoods of harm.
    lake: where it is a folder: its `accounts` tell handles, its `follows` who follows whom.
    window: how long after a call a burst is looked for; without it 1, 6, 24 and 72 hours.
    score: likelihoods of harm of posts, in place of these columns.
    Raises InputError: a table of shares, or posts without times.
    """
    if source.posts is None:
        raise InputError(f"{LAYER!r} asked for, and a table of shares says not who names whom")
    folder = Path(lake) if isinstance(lake, str | Path) and Path(lake).is_dir() else None
    told = land(con, talk(source.posts), "swarm_talk", scratch)
    tested = run_tests(
        con,
        told,
        handles=_part(con, folder, "accounts", ("account_id", "handle")),
        follows=_part(con, folder, "follows", ("follower_id", "followed_id")),
        windows=WINDOWS if window is None else (round(window / timedelta(microseconds=1)),),
        level=level,
    )
    findings = tuple(to_findings(tested, told, score))
    return Social(findings, _texts(told, findings))


def _texts(told: ir.Table, findings: Iterable[CoordinationFinding]) -> Mapping[str, str]:
    pairs = [pair for finding in findings for pair in finding.pairs]
    wanted = {post for pair in pairs for post in (pair.post_id, pair.other_post_id)}
    if not wanted:
        return {}
    rows = told.filter(told.post.isin(sorted(wanted))).select("post", "text")
    return {row["post"]: row["text"] for row in rows.to_pyarrow().to_pylist()}


_WHEN: pa.DataType = pa.timestamp("us", "UTC")
_SCHEMA = pa.schema(
    [
        ("finding", pa.string()), ("target", pa.string()), ("caller", pa.string()),
        ("call", pa.string()), ("called_at", _WHEN), ("account_id", pa.string()),
        ("ties", pa.list_(pa.string())), ("answered", pa.bool_()), ("known", pa.int64()),
        ("first", _WHEN), ("post_ids", pa.list_(pa.string())),
        ("harms", pa.map_(pa.string(), pa.float64())),
    ]
)  # fmt: skip


def _rows(finding: CoordinationFinding) -> list[dict[str, object]]:
    swarm = finding.swarm
    if swarm is None:
        return []
    return [
        {
            "finding": finding.id,
            "target": swarm.target,
            "caller": swarm.call.account_id,
            "call": swarm.call.post_id,
            "called_at": swarm.call.at,
            "account_id": one.account_id,
            "ties": one.ties,
            "answered": one.answered,
            "known": one.known,
            "first": one.first,
            "post_ids": one.post_ids,
            "harms": None if one.harms is None else sorted(one.harms.items()),
        }
        for one in swarm.participants
    ]


def _part(con: Backend, lake: Path | None, part: str, columns: Sequence[str]) -> ir.Table | None:
    """A part of a lake, where there is one with these columns."""
    if lake is None or not (lake / part).is_dir():
        return None
    files = sorted(str(file) for file in (lake / part).rglob("*.parquet"))
    if not files:
        return None
    table = con.read_parquet(files, table_name=f"swarm_{part}_files", union_by_name=True)
    return table.select(*columns) if set(columns) <= set(table.columns) else None
