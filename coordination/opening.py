"""The pairs of posts behind any edge, reported or not, opened when somebody asks."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordination.engine import connect
from coordination.evidence import evidence, read_pairs
from coordination.near_text import near_texts
from coordination.pairs import between_accounts, pairs
from coordination.reading import read
from coordination.source import InputError
from coordination.state import kept_actions
from coordination.workspace import workspace

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from coordination.findings import PostPair
    from coordination.source import Tabular

FILE = "run.json"


@dataclass(frozen=True)
class Ran:
    """What a run was asked, so that its edges can be opened again."""

    source: str
    fields: Mapping[str, str]
    windows_s: Mapping[str, float]
    left_out: Mapping[str, Sequence[str]]
    """For each layer, the objects that took no part."""
    state: str | None = None
    """The folder of a rolling run's state, which then holds the actions."""

    def write(self, folder: Path) -> None:
        """Beside the files of the run."""
        part = folder / f".{FILE}.part"
        part.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")
        part.replace(folder / FILE)


def ran(folder: Path) -> Ran:
    """What the run into `folder` was asked.

    Raises InputError where no such run is told of.
    """
    path = folder / FILE
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Ran(**said)
    except FileNotFoundError:
        raise InputError(f"{path}: not there: {folder} is no folder of concert detect") from None
    except (ValueError, TypeError) as wrong:
        raise InputError(f"{path}: does not tell of a run: {wrong}") from None


@dataclass(frozen=True)
class _Met:
    name: str
    rows: ir.Table
    window: int

    def found(self, among: ir.Table | None = None) -> ir.Table:
        """Pairs of the rows, which are those of the two accounts alone."""
        some = self.rows if among is None else self.rows.semi_join(among, "account")
        return between_accounts(pairs(some, self.window))


def open_edge(
    source: Tabular,
    accounts: tuple[str, str],
    *,
    windows: Mapping[str, timedelta],
    fields: Mapping[str, str] | None = None,
    left_out: Mapping[str, Sequence[str]] | None = None,
    state: Path | None = None,
    engine: str = "duckdb",
    threads: int | None = None,
    memory: str = "1GB",
) -> list[PostPair]:
    """All pairs of posts of two accounts on one object within its layer's window, in order of time.

    `source`, `fields` and the layers' windows are those of the run, or its `state` in place of the
    source; with its `left_out`, there are as many pairs as the edge's weight.

    Raises InputError: an account that has no action here, or one account twice.
    """
    if accounts[0] == accounts[1]:
        raise InputError("an edge has two accounts; an account does not meet itself")
    with tempfile.TemporaryDirectory(prefix="concert-") as folder:
        scratch = Path(folder)
        con = connect(engine, scratch=scratch, threads=threads, memory=memory)
        try:
            if state is not None:
                acts = kept_actions(con, state)
            else:
                reading = read(
                    con,
                    source,
                    engine=engine,
                    scratch=scratch,
                    threads=threads,
                    fields=fields,
                    linkages=None,
                )
                acts = near_texts(reading.actions(list(windows)), list(windows)).acts
            work = workspace(con, acts.filter(acts.account.isin(accounts)))
            names = set(work.accounts.name.to_pyarrow().to_pylist())
            if missing := [name for name in accounts if name not in names]:
                raise InputError(f"{', '.join(missing)}: no action on {', '.join(windows)} here")
            met = []
            for layer, window in windows.items():
                rows = work.layer(layer)
                if out := (left_out or {}).get(layer):
                    hidden = work.objects.filter(
                        work.objects.layer == layer, work.objects.name.isin(list(out))
                    )
                    rows = rows.anti_join(hidden, [("object", "code")])
                width = round(window / timedelta(microseconds=1))
                met.append(_Met(layer, rows, width))
            return read_pairs(evidence(work, met, None))
        finally:
            con.disconnect()
