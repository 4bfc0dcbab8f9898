"""One layer of actions: who met whom on what, within the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordination.pairs import between_accounts, edges, pair_counts, pairs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from coordination.workspace import Workspace

MAX_PAIRS = 250_000
"""Pairs within the window above which one object is left out, and named: what so many share at
once cannot tell who acts in concert, and its pairs alone would fill the disk."""


@dataclass(frozen=True)
class Layer:
    """The stored tables of one layer. Times and the window are in microseconds."""

    name: str
    window: int
    rows: ir.Table
    """row, object, account, post, time: the actions that take part."""
    counts: ir.Table
    """object, n, k: rows, and pairs of rows within the window, of each object."""
    slots: ir.Table
    """Pairs within the window, pairs of an account with itself included: the null needs them."""
    found: ir.Table
    """Pairs within the window between different accounts and different posts."""
    edges: ir.Table
    """See `pairs.edges`."""
    held: ir.Table
    """object, account, n: how often each account acted on each object."""
    left_out: tuple[tuple[str, int], ...]
    """Objects of more than MAX_PAIRS pairs, with their pairs."""


def meet(work: Workspace, name: str, window: int, max_pairs: int = MAX_PAIRS) -> Layer:
    """Find the meetings of one layer: pairs of actions on one object within the window."""
    key = work.key(name)
    everything = work.layer(name)
    counts = work.store(f"{key}_counts", pair_counts(everything, window))
    hot = counts.filter(counts.k > max_pairs)
    named = hot.inner_join(work.objects, [("object", "code")]).order_by("object").to_pyarrow()
    left_out = tuple(
        (str(row["name"]), int(row["k"])) for row in named.select(["name", "k"]).to_pylist()
    )
    rows = everything if not left_out else work.store(f"{key}_rows", work.layer(name, hot))
    slots = work.store(f"{key}_slots", pairs(rows, window))
    found = between_accounts(slots)
    return Layer(
        name=name,
        window=window,
        rows=rows,
        counts=counts,
        slots=slots,
        found=found,
        edges=work.store(f"{key}_edges", edges(found)),
        held=work.store(f"{key}_held", rows.group_by("object", "account").agg(n=rows.count())),
        left_out=left_out,
    )
