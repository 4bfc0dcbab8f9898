"""The actions of a layer as arrays, sorted once, a part of its objects at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from coordination.arrays import numbers
from coordination.engine import arrow
from coordination.parallel import LARGE, in_turn, one_ahead
from coordination.scatter import Scatter
from coordination.sweep import order_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from coordination.workspace import Workspace

    Block = dict[str, NDArray[Any]]
    Bits = NDArray[np.uint64]

Value = TypeVar("Value")

AT_ONCE = 4_000_000
"""Actions held in memory at once."""
_FETCHED = 1_000_000
_COLUMNS = ("object", "account", "post", "time")


@dataclass(frozen=True)
class Rows:
    """Actions in blocks: all of an object in one, in order of time.

    A block has object (by its number here, ascending), account, post and time (microseconds).
    """

    prints: Bits
    """The code of each object, by its number."""
    parts: int
    read: Callable[[int], Block]
    hidden: NDArray[np.bool_] | None = None
    """By number, objects that take no part."""

    def blocks(self) -> Iterator[Block]:
        """All blocks."""
        return map(self._block, range(self.parts))

    def _block(self, part: int) -> Block:
        block = self.read(part)
        if self.hidden is None:
            return block
        shown = ~self.hidden[block["object"]]
        return {name: column[shown] for name, column in block.items()}

    def each(self, work: Callable[[Block], Value], threads: int) -> Iterator[Value]:
        """`work` on each block, up to so many at once; what comes of them in their order."""
        parts = range(self.parts)
        return in_turn(lambda part: work(self._block(part)), parts, min(threads, LARGE))

    def without(self, hidden: NDArray[np.bool_]) -> Rows:
        """The same without some objects, which keep their numbers."""
        return Rows(self.prints, self.parts, self.read, hidden) if hidden.any() else self


def columns(work: Workspace, table: ir.Table, *names: str) -> Block:
    """Columns of numbers, without nulls, as arrays."""
    found = arrow(work.con, table.select(*names))
    return {name: numbers(found[name]) for name in names}


def sort_rows(work: Workspace, table: ir.Table, at_once: int = AT_ONCE) -> Rows:
    """Sort actions (object by code, account, post, time)."""
    table = table.select(*_COLUMNS)
    count = int(columns(work, table.aggregate(n=table.count()), "n")["n"][0])
    parts = max(1, -(-count // at_once))
    if parts == 1:
        block, prints = _sorted(columns(work, table, *_COLUMNS))
        return Rows(prints, 1, lambda _part: block)
    fetched, done = Scatter(work.scratch, parts), Scatter(work.scratch, parts)
    # Asked first: another question would end the reading.
    threads = min(work.threads, LARGE)
    batches = work.con.con.execute(work.con.compile(table)).to_arrow_reader(_FETCHED)
    for batch in one_ahead(iter(batches), threads):
        some = pa.Table.from_batches([batch])
        rows = {name: numbers(some[name]) for name in _COLUMNS}
        fetched.add((rows["object"] % np.uint64(parts)).astype(np.uint8), rows)

    def sort(part: int) -> tuple[Block, Bits]:
        return _sorted(fetched.read([part], once=True))

    found: list[Bits] = []
    for part, (block, prints) in enumerate(in_turn(sort, range(parts), threads)):
        block["object"] += sum(map(len, found))
        done.put(part, block)
        found.append(prints)
    return Rows(np.concatenate(found), parts, lambda part: done.read([part], once=False))


def _sorted(rows: Block) -> tuple[Block, Bits]:
    """Rows in order, objects numbered from 0; and the codes behind these numbers."""
    order = order_rows(rows["object"], rows["time"], rows["post"], rows["account"])
    block = {name: column[order] for name, column in rows.items()}
    code = block["object"]
    new = np.ones(len(code), dtype=bool)
    new[1:] = code[1:] != code[:-1]
    block["object"] = np.cumsum(new) - 1
    return block, code[new]
