"""Shares as numbers only, so that a hundred million of them can be swept in bounded memory.

Of objects and posts only sameness matters here, so 64 bits of a hash stand for their names: among
a hundred million names some two are taken for one with chance 0.0003, and only if both also meet on
one edge does anything change. Accounts keep their names, behind exact numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa

from coordination.arrays import numbers
from coordination.engine import arrow, fingerprint, present
from coordination.scatter import Scatter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bits = NDArray[np.uint64]

AT_ONCE = 4_000_000
"""Shares held at once: about half a GB with what sorting and sweeping them takes."""
_FETCHED = 1_000_000
"""Rows taken from the engine at once."""


@dataclass(frozen=True)
class Block:
    """All shares of some objects; arrays run parallel."""

    object: Bits
    account: NDArray[np.int32]
    post: Bits
    time: Ints
    """Microseconds since 1970 UTC."""
    row: Ints
    """Place in the input."""
    own: NDArray[np.int8]
    """1 where the post is the object itself."""

    def __len__(self) -> int:
        return len(self.time)

    def where(self, chosen: NDArray[np.bool_] | Ints) -> Block:
        """Some of them, or all in another order."""
        return Block(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


@dataclass(frozen=True)
class Prints:
    """Shares as numbers; `names`, `held` and `appears` run parallel, by number of account."""

    names: pa.Array[Any]
    """Ascending, so that the order of numbers is that of names."""
    held: Ints
    """Shares of each account."""
    appears: Ints
    """Place of each account's first share in the input."""
    parts: int
    read: Callable[[int], Block]
    """The shares of a part of the objects."""

    def blocks(self) -> Iterator[Block]:
        """The shares, all of an object in one block."""
        return map(self.read, range(self.parts))


def take_prints(
    con: Backend, shares: ir.Table, scratch: Path, *, keep: bool, at_once: int = AT_ONCE
) -> Prints:
    """Take shares as numbers.

    `shares` has object, account, post (text), time (microseconds) and row (place in the input), and
    stands in `con`; shares without an object, account, post or time take no part. With `keep` they
    are read once and kept in `con`; without, they are read twice, and only numbers are kept.
    """
    shares = shares.filter(
        *(present(shares[name]) for name in ("object", "account", "post")), shares.time.notnull()
    )
    named = shares.select(
        "account", "time", "row",
        object=fingerprint(shares.object),
        post=fingerprint(shares.post),
        own=(shares.post == shares.object).cast("int8"),
    )  # fmt: skip
    if keep:
        named = con.create_table("shares_named", named, overwrite=True)
    found = named.group_by("account").agg(held=named.count(), appears=named.row.min())
    coded = con.create_table(
        "shares_accounts",
        found.mutate(code=ibis.row_number().over(order_by=found.account).cast("int32")),
        overwrite=True,
    )
    accounts = arrow(con, coded.order_by("code"))
    table = named.inner_join(coded, "account").select(
        "object", "post", "time", "row", "own", account=coded.code
    )
    held = numbers(accounts["held"])
    parts = max(1, -(-int(held.sum()) // at_once))
    return Prints(
        names=accounts["account"].combine_chunks(),
        held=held,
        appears=numbers(accounts["appears"]),
        parts=parts,
        read=_scattered(con, table, scratch, parts) if parts > 1 else _stored(con, table),
    )


def _stored(con: Backend, table: ir.Table) -> Callable[[int], Block]:
    return lambda _part: _block(arrow(con, table))


def _scattered(con: Backend, table: ir.Table, scratch: Path, parts: int) -> Callable[[int], Block]:
    """By object, so that each part is read alone, be it several times."""
    rows = Scatter(scratch, parts)
    for batch in con.con.execute(con.compile(table)).to_arrow_reader(_FETCHED):
        block = _block(pa.Table.from_batches([batch]))
        part = (block.object % np.uint64(parts)).astype(np.uint8)
        rows.add(part, {f.name: getattr(block, f.name) for f in fields(Block)})
    return lambda part: Block(**rows.read([part], once=False))


def _block(found: pa.Table) -> Block:
    return Block(**{f.name: numbers(found[f.name]) for f in fields(Block)})
