"""One layer of actions: who met whom on what, within the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from coordination.arrays import column, numbers
from coordination.blocks import blocks
from coordination.engine import arrow
from coordination.pairs import between_accounts, pairs
from coordination.sweep import pair_chunks, pairs_of_groups, reach
from coordination.tally import Edges, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from coordination.workspace import Workspace

    Ints = NDArray[np.int64]

MAX_PAIRS = 250_000
"""Pairs within the window up to which any object takes part."""
CROWDED = 0.05
"""Above MAX_PAIRS, an object takes part while at most this share of all its pairs lies within the
window. Where more does, two of its sharers meet by being there at all: nobody can be told from
anybody, and the pairs are nearly the square of the sharers."""
MOST_PAIRS = 100_000_000
"""Pairs above which no object takes part: each pair is swept, so this bounds the time."""


@dataclass(frozen=True)
class Layer:
    """The stored tables of one layer. Times and the window are in microseconds."""

    name: str
    window: int
    rows: ir.Table
    """row, object, account, post, time: the actions that take part."""
    counts: ir.Table
    """object, n, k: rows, and pairs of rows within the window, of each object."""
    pairs: int
    """Pairs within the window on objects that take part."""
    edges: ir.Table
    """Undirected edges between accounts, source before target in order of their numbers.

    weight: pairs; objects: distinct objects; posts_source, posts_target: distinct posts of each
    side; occasions: the least of these three, so that one post with five hashtags, or one post met
    by fifty, is one occasion; avg_delta: mean difference; leads: share of pairs in which source
    came first less the share in which target did (-1 to 1, ties count for neither); first, last:
    times of the earliest and the latest post.
    """
    left_out: tuple[tuple[str, int], ...]
    """Objects that are too crowded to take part, with their pairs."""

    @property
    def held(self) -> ir.Table:
        """object, account, n: how often each account acted on each object."""
        return self.rows.group_by("object", "account").agg(n=self.rows.count())

    def found(self, among: ir.Table | None = None) -> ir.Table:
        """Pairs within the window between different accounts and different posts.

        With `among` (account) only those between these. Joined anew each time.
        """
        some = self.rows if among is None else self.rows.semi_join(among, "account")
        return between_accounts(pairs(some, self.window))


@dataclass(frozen=True)
class Known:
    """What an earlier run knows of a layer, in this run's numbers."""

    changed: ir.Table
    """object: those on which anything is new since then."""
    counts: ir.Table
    """As `Layer.counts`, then."""
    edges: ir.Table
    """As `Layer.edges`, then."""


def meet(
    work: Workspace,
    name: str,
    window: int,
    max_pairs: int = MAX_PAIRS,
    known: Known | None = None,
) -> Layer:
    """Find the meetings of one layer: pairs of actions on one object within the window.

    With `known`, only what changed is swept; the result is the same.
    """
    key = work.key(name)
    everything = work.layer(name)
    if known is None:
        swept = _Sweep(work, everything, window, max_pairs)
        edges = swept.edges()
        counts = work.keep(f"{key}_counts", swept.counts())
    else:
        counts = work.store(f"{key}_counts", _new_counts(work, known, everything, window))
        edges = iter(())
    crowded = _is_crowded(counts.n, counts.k, max_pairs)
    hot = counts.filter(crowded)
    rows, left_out = everything, _named(work, hot)
    if left_out:
        rows = work.store(f"{key}_rows", work.layer(name, hot))
    if known is None:
        stored = work.keep_all(f"{key}_edges", (_table(some) for some in edges), _table(_NONE))
    else:
        stored = _new_edges(work, known, everything, rows=rows, window=window, name=f"{key}_edges")
    total = int(numbers(arrow(work.con, counts.filter(~crowded).select("k"))["k"]).sum())
    return Layer(
        name=name,
        window=window,
        rows=rows,
        counts=counts,
        pairs=total,
        edges=stored,
        left_out=left_out,
    )


def _named(work: Workspace, hot: ir.Table) -> tuple[tuple[str, int], ...]:
    """Crowded objects by name, with their pairs."""
    if len(arrow(work.con, hot.select("object"))) == 0:
        return ()
    named = hot.inner_join(work.objects, [("object", "code")]).order_by("object")
    found = arrow(work.con, named.select("name", "k"))
    return tuple((str(row["name"]), int(row["k"])) for row in found.to_pylist())


def _new_counts(work: Workspace, known: Known, rows: ir.Table, window: int) -> ir.Table:
    """The counts then, but for objects that changed."""
    sweep = _Sweep(work, rows.semi_join(known.changed, "object"), window, None)
    again = work.keep("counted_again", sweep.only_counts())
    counts = known.counts.anti_join(known.changed, "object").select("object", "n", "k")
    return counts.union(again).order_by("object")


def _new_edges(
    work: Workspace, known: Known, everything: ir.Table, *, rows: ir.Table, window: int, name: str
) -> ir.Table:
    """The edges then, but for those whose ends both acted on an object that changed.

    Only these can have met there, and they are swept anew on all their objects: posts of an edge
    are counted once over all of them, and an object may have come to be left out.
    """
    acted = everything.semi_join(known.changed, "object").select("account").distinct()
    acted = work.store("acted_again", acted)
    sweep = _Sweep(work, rows.semi_join(acted, "account"), window, None)
    tables = (_table(some) for some in sweep.edges())
    again = work.keep_all("edges_again", tables, _table(_NONE))
    both = known.edges.semi_join(acted.select(source="account"), "source")
    both = both.semi_join(acted.select(target="account"), "target")
    rest = known.edges.anti_join(both, ["source", "target"]).select(*again.columns)
    return work.store(name, rest.union(again).order_by("source", "target"))


def _is_crowded(n: Any, k: Any, max_pairs: int) -> Any:
    """Whether an object is left out; numbers, arrays or columns."""
    return (k > max_pairs) & ((k > CROWDED * n * (n - 1) / 2) | (k > MOST_PAIRS))


class _Sweep:
    """One pass over actions: the counts of each object, and the pairs into a tally."""

    def __init__(self, work: Workspace, rows: ir.Table, window: int, max_pairs: int | None) -> None:
        self._work, self._rows, self._window, self._max_pairs = work, rows, window, max_pairs
        self._counts: list[tuple[Ints, Ints, Ints]] = []

    def counts(self) -> pa.Table:
        """object, n, k of what was swept, in order of objects."""
        parts = [np.concatenate(part) for part in zip(*self._counts, strict=True)]
        order = np.argsort(parts[0])
        names = ("object", "n", "k")
        return pa.table(
            {name: column(part[order]) for name, part in zip(names, parts, strict=True)}
        )

    def only_counts(self) -> pa.Table:
        """Sweep now, for the counts alone."""
        for block in blocks(self._work, self._rows):
            ahead = reach(block["object"], block["time"], self._window)
            self._count(block, ahead)
        return self.counts()

    def edges(self) -> Iterator[Edges]:
        """Sweep now, and give the edges in order."""
        held = self._rows.group_by("account").agg(n=self._rows.count())
        found = arrow(self._work.con, held)
        account, count = numbers(found["account"]), numbers(found["n"])
        by_account = np.zeros(int(account.max(initial=-1)) + 1, dtype=np.int64)
        by_account[account] = count
        tally = Tally(
            self._work.scratch,
            by_account,
            distinct=("object", "post_source", "post_target"),
            sums=("lead",),
        )
        for block in blocks(self._work, self._rows):
            self._sweep(block, tally)
        return tally.edges()

    def _count(self, block: dict[str, NDArray[Any]], ahead: Ints) -> tuple[Ints, Ints]:
        starts, n, k = pairs_of_groups(block["object"], ahead)
        self._counts.append((block["object"][starts], n, k))
        return n, k

    def _sweep(self, block: dict[str, NDArray[Any]], tally: Tally) -> None:
        ahead = reach(block["object"], block["time"], self._window)
        n, k = self._count(block, ahead)
        if self._max_pairs is not None and (hot := _is_crowded(n, k, self._max_pairs)).any():
            block = {name: c[np.repeat(~hot, n)] for name, c in block.items()}
            ahead = reach(block["object"], block["time"], self._window)
        for older, newer in pair_chunks(ahead):
            _add(tally, block, older, newer)


def _add(tally: Tally, block: dict[str, NDArray[Any]], older: Ints, newer: Ints) -> None:
    account, post, time = block["account"], block["post"], block["time"]
    apart = (account[older] != account[newer]) & (post[older] != post[newer])
    older, newer = older[apart], newer[apart]
    swap = account[older] > account[newer]
    source, target = np.where(swap, newer, older), np.where(swap, older, newer)
    delta = time[newer] - time[older]
    tally.add(
        account[source],
        account[target],
        time=time[older],
        until=time[newer],
        object=block["object"][older],
        post_source=post[source],
        post_target=post[target],
        lead=np.where(delta == 0, 0, np.where(swap, -1, 1)).astype(np.int8),
    )


_NOTHING: Ints = np.empty(0, dtype=np.int64)
_NONE = Edges(
    *(_NOTHING,) * 6,
    dict.fromkeys(("object", "post_source", "post_target", "lead"), _NOTHING),
)


def _table(edges: Edges) -> pa.Table:
    objects, posts_source, posts_target = (
        edges.columns[name] for name in ("object", "post_source", "post_target")
    )
    found: dict[str, NDArray[Any]] = {
        "source": edges.source,
        "target": edges.target,
        "weight": edges.weight,
        "objects": objects,
        "posts_source": posts_source,
        "posts_target": posts_target,
        "occasions": np.minimum(objects, np.minimum(posts_source, posts_target)),
        "avg_delta": edges.delta / edges.weight,
        "leads": edges.columns["lead"] / edges.weight,
        "first": edges.first,
        "last": edges.last,
    }
    return pa.table({name: column(values) for name, values in found.items()})
