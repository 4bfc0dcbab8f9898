"""Reading a run's input with the engine that was asked for, and bringing it to where it is counted.

DuckDB reads and counts in one place. Spark reads, makes comparable and reduces to actions; these
land as Parquet, and so do its posts, of which later steps take what they show.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from coordination.actions import actions, near
from coordination.engine import land, reader
from coordination.near_text import LAYER as NEAR_TEXT
from coordination.source import Source, open_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from coordination.source import Tabular


@dataclass(frozen=True)
class Reading:
    """An opened input."""

    con: Backend
    scratch: Path
    here: Source
    """Its tables in `con`."""
    there: Source
    """The same with the engine that read them; with DuckDB, `here` itself."""

    def actions(self, on: Sequence[str]) -> tuple[ir.Table, tuple[str, ...]]:
        """The actions of some layers as a table of `con`, and notes on what was left out."""
        texts = near(self.here, on)
        notes = (texts.note,) if texts is not None and texts.note else ()
        if self.there is self.here:
            return actions(self.here, on, texts), notes
        plain = [layer for layer in on if layer != NEAR_TEXT]
        parts = []
        if plain:
            parts.append(land(self.con, actions(self.there, plain), "actions", self.scratch))
        if texts is not None:
            parts.append(actions(self.here, [NEAR_TEXT], texts))
        return ibis.union(*parts) if len(parts) > 1 else parts[0], notes


def read(
    con: Backend,
    source: Tabular,
    *,
    engine: str,
    scratch: Path,
    threads: int | None,
    fields: Mapping[str, str] | None,
    linkages: Tabular | None,
) -> Reading:
    """Open a source with an engine. Raises InputError and EngineError."""
    home = reader(engine, con, scratch, threads)
    there = open_source(home, source, fields=fields, linkages=linkages, scratch=scratch)
    if home is con:
        return Reading(con, scratch, there, there)

    def landed(table: ir.Table | None, name: str) -> ir.Table | None:
        return None if table is None else land(con, table, name, scratch)

    here = Source(
        posts=landed(there.posts, "read_posts"),
        shares=landed(there.shares, "read_shares"),
        linkages=landed(there.linkages, "read_linkages"),
    )
    return Reading(con, scratch, here, there)
