"""The actions of a layer as arrays, a part of its objects at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coordination.arrays import numbers
from coordination.engine import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from coordination.workspace import Workspace

    Block = dict[str, NDArray[Any]]

AT_ONCE = 4_000_000
"""Actions held in memory at once."""


def columns(work: Workspace, table: ir.Table, *names: str) -> Block:
    """Columns of numbers, without nulls, as arrays."""
    found = arrow(work.con, table.select(*names))
    return {name: numbers(found[name]) for name in names}


def blocks(work: Workspace, rows: ir.Table) -> Iterator[Block]:
    """object, account, post, time, row: all of an object in one block, in order of time there."""
    some = rows.select("object", "account", "post", "time", "row")
    count = int(columns(work, some.aggregate(n=some.count()), "n")["n"][0])
    parts = max(1, -(-count // AT_ONCE))
    for part in range(parts):
        here = some if parts == 1 else some.filter(some.object % parts == part)
        block = columns(work, here, *some.columns)
        # Numbers of rows follow time.
        order = np.lexsort((block["row"], block["object"]))
        yield {name: c[order] for name, c in block.items()}
