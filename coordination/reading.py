"""Reading a run's input with the engine that was asked for, and bringing it to where it is counted.

DuckDB reads and counts in one place. Spark reads, makes comparable and reduces to actions; these
land as Parquet, and so do its posts, of which later steps take what they show.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coordination.actions import actions
from coordination.engine import land, reader
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

    def actions(self, on: Sequence[str]) -> ir.Table:
        """The actions of some layers as a table of `con`."""
        made = actions(self.there, on)
        if self.there is self.here:
            return made
        return land(self.con, made, "actions", self.scratch)


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
