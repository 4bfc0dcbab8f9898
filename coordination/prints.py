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

from coordination.arrays import numbers
from coordination.engine import arrow, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.duckdb import Backend
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bits = NDArray[np.uint64]

AT_ONCE = 4_000_000
"""Shares held at once: about half a GB with what sorting and sweeping them takes."""


@dataclass(frozen=True)
class Block:
    """All shares of some objects; arrays run parallel."""

    object: Bits
    account: Ints
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
    """Stored shares. `names`, `held` and `appears` run parallel, by the number of the account."""

    con: Backend
    table: ir.Table
    names: pa.Array[Any]
    """Ascending, so that the order of numbers is that of names."""
    held: Ints
    """Shares of each account."""
    appears: Ints
    """Place of each account's first share in the input."""
    parts: int

    def blocks(self) -> Iterator[Block]:
        """The shares, all of an object in one block."""
        for part in range(self.parts):
            some = self.table
            if self.parts > 1:
                some = some.filter(some.object % self.parts == part)
            found = arrow(self.con, some)
            yield Block(**{f.name: numbers(found[f.name]) for f in fields(Block)})


def take_prints(con: Backend, shares: ir.Table, at_once: int = AT_ONCE) -> Prints:
    """Store shares as numbers.

    `shares` has object, account, post (text), time (microseconds) and row (place in the input), and
    stands in `con`; shares without an object, account, post or time take no part.
    """
    texts = [shares[name] for name in ("object", "account", "post")]
    shares = shares.filter(
        *(text.notnull() & (text.strip() != "") for text in texts), shares.time.notnull()
    )
    named = con.create_table(
        "shares_named",
        shares.select(
            "account", "time", "row",
            object=fingerprint(shares.object),
            post=fingerprint(shares.post),
            own=(shares.post == shares.object).cast("int8"),
        ),
        overwrite=True,
    )  # fmt: skip
    found = named.group_by("account").agg(held=named.count(), appears=named.row.min())
    coded = con.create_table(
        "shares_accounts",
        found.mutate(code=ibis.row_number().over(order_by=found.account)),
        overwrite=True,
    )
    accounts = arrow(con, coded.order_by("code"))
    table = named.inner_join(coded, "account").select(
        "object", "post", "time", "row", "own", account=coded.code
    )
    held = numbers(accounts["held"])
    parts = max(1, -(-int(held.sum()) // at_once))
    if parts > 1:
        # Read more than once, each time in part.
        table = con.create_table("shares_prints", table, overwrite=True)
        con.drop_table("shares_named")
    return Prints(
        con=con,
        table=table,
        names=accounts["account"].combine_chunks(),
        held=held,
        appears=numbers(accounts["appears"]),
        parts=parts,
    )
