"""One layer of actions: who met whom on what, within the window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from coordination.arrays import column, numbers
from coordination.blocks import Rows, columns, sort_rows
from coordination.engine import arrow
from coordination.pairs import between_accounts, pairs
from coordination.parallel import LARGE, in_turn
from coordination.sweep import pair_chunks, pairs_of_groups, reach
from coordination.tally import Edges, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from coordination.workspace import Workspace

    Ints = NDArray[np.int64]
    Bits = NDArray[np.uint64]

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
    """object, account, post, time: the actions that take part."""
    sorted: Rows
    """The same as arrays."""
    n: Ints
    """The rows of each object, by its number in `sorted`."""
    k: Ints
    """Its pairs of rows within the window."""
    counts: ir.Table
    """object (its code), n, k."""
    pairs: int
    """Pairs within the window on objects that take part."""
    edges: ir.Table
    """Undirected edges between accounts, source before target in order of their numbers.

    weight: pairs; occasions: the least of distinct objects and of distinct posts of either side, so
    that one post with five hashtags, or one post met by fifty, is one occasion; avg_delta: mean
    difference; leads: share of pairs in which source came first less the share in which target did
    (-1 to 1, ties count for neither); first, last: times of the earliest and the latest post.
    """
    edges_file: Path
    """The same as Parquet, in order of source and target."""
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
    rows = sort_rows(work, everything)
    if known is None:
        swept = _Sweep(work, rows, window, max_pairs)
        edges = swept.edges()
        n, k = swept.n, swept.k
        counts = work.keep(f"{key}_counts", {"object": rows.prints, "n": n, "k": k})
    else:
        counts = work.store(f"{key}_counts", _new_counts(work, known, everything, window))
        n, k = _by_number(work, counts, rows)
        edges = iter(())
    hidden = _is_crowded(n, k, max_pairs)
    shown, left_out = everything, _named(work, rows.prints[hidden], k[hidden])
    if left_out:
        hot = work.keep(f"{key}_hot", {"object": rows.prints[hidden]})
        shown = work.store(f"{key}_rows", work.layer(name, hot))
    if known is None:
        path = work.keep_all(f"{key}_edges", map(_table, chain([_NONE], edges)))
    else:
        path = _new_edges(work, known, everything, rows=shown, window=window, name=f"{key}_edges")
    return Layer(
        name=name,
        window=window,
        rows=shown,
        sorted=rows.without(hidden),
        n=n,
        k=k,
        counts=counts,
        pairs=int(k[~hidden].sum()),
        edges=work.con.read_parquet(str(path), table_name=f"{key}_edges"),
        edges_file=path,
        left_out=left_out,
    )


def _named(work: Workspace, hot: Bits, pairs: Ints) -> tuple[tuple[str, int], ...]:
    """Crowded objects by name, with their pairs."""
    if len(hot) == 0:
        return ()
    found = arrow(work.con, work.names("object", work.keep("hot", {"code": hot})))
    names = dict(zip(numbers(found["code"]).tolist(), found["name"].to_pylist(), strict=True))
    return tuple(
        sorted((names[code], k) for code, k in zip(hot.tolist(), pairs.tolist(), strict=True))
    )


def _by_number(work: Workspace, counts: ir.Table, rows: Rows) -> tuple[Ints, Ints]:
    found = columns(work, counts, "object", "n", "k")
    order = np.argsort(found["object"])
    order = order[np.searchsorted(found["object"], rows.prints, sorter=order)]
    return found["n"][order], found["k"][order]


def _new_counts(work: Workspace, known: Known, everything: ir.Table, window: int) -> ir.Table:
    """The counts then, but for objects that changed."""
    rows = sort_rows(work, everything.semi_join(known.changed, "object"))
    sweep = _Sweep(work, rows, window, None)
    sweep.count()
    again = work.keep("counted_again", {"object": rows.prints, "n": sweep.n, "k": sweep.k})
    counts = known.counts.anti_join(known.changed, "object").select("object", "n", "k")
    return counts.union(again).order_by("object")


def _new_edges(
    work: Workspace, known: Known, everything: ir.Table, *, rows: ir.Table, window: int, name: str
) -> Path:
    """The edges then, but for those whose ends both acted on an object that changed.

    Only these can have met there, and they are swept anew on all their objects: posts of an edge
    are counted once over all of them, and an object may have come to be left out.
    """
    acted = everything.semi_join(known.changed, "object").select("account").distinct()
    acted = work.store("acted_again", acted)
    sweep = _Sweep(work, sort_rows(work, rows.semi_join(acted, "account")), window, None)
    path = work.keep_all(f"{name}_again", map(_table, chain([_NONE], sweep.edges())))
    again = work.con.read_parquet(str(path), table_name=f"{name}_again")
    both = known.edges.semi_join(acted.select(source="account"), "source")
    both = both.semi_join(acted.select(target="account"), "target")
    rest = known.edges.anti_join(both, ["source", "target"]).select(*again.columns)
    rest = rest.cast({"source": "int64", "target": "int64"})
    path = work.scratch / f"{name}.parquet"
    work.con.to_parquet(rest.union(again).order_by("source", "target"), path)
    return path


def _is_crowded(n: Any, k: Any, max_pairs: int) -> Any:
    """Whether an object is left out; numbers, arrays or columns."""
    return (k > max_pairs) & ((k > CROWDED * n * (n - 1) / 2) | (k > MOST_PAIRS))


class _Sweep:
    """One pass over actions: the counts of each object by number, and the pairs into a tally."""

    n: Ints
    k: Ints

    def __init__(self, work: Workspace, rows: Rows, window: int, max_pairs: int | None) -> None:
        self._work, self._rows, self._window, self._max_pairs = work, rows, window, max_pairs
        objects = len(rows.prints)
        self.n, self.k = (np.zeros(objects, dtype=np.int64) for _ in range(2))

    def count(self) -> None:
        """Sweep now, for the counts alone."""
        for block in self._rows.blocks():
            self._count(block, reach(block["object"], block["time"], self._window))

    def edges(self) -> Iterator[Edges]:
        """Sweep now, and give the edges in order."""
        threads = self._work.threads
        held: Ints = np.zeros(0, dtype=np.int64)
        for some in self._rows.each(lambda block: np.bincount(block["account"]), threads):
            held, less = (held, some) if len(held) > len(some) else (some, held)
            held[: len(less)] += less
        tally = Tally(
            self._work.scratch,
            held,
            distinct=("object", "post_source", "post_target"),
            sums=("lead",),
            threads=threads,
        )
        for met in in_turn(_met, self._chunks(), min(threads, LARGE)):
            tally.add(**met)
        return tally.edges()

    def _count(self, block: dict[str, NDArray[Any]], ahead: Ints) -> None:
        starts, n, k = pairs_of_groups(block["object"], ahead)
        number = block["object"][starts]
        self.n[number], self.k[number] = n, k

    def _chunks(self) -> Iterator[tuple[dict[str, NDArray[Any]], Ints, Ints]]:
        """Blocks, and chunks of the pairs in them: the older and the newer row."""
        for block in self._rows.blocks():
            ahead = reach(block["object"], block["time"], self._window)
            self._count(block, ahead)
            shown = block
            if self._max_pairs is not None:
                hot = _is_crowded(self.n, self.k, self._max_pairs)[block["object"]]
                if hot.any():
                    shown = {name: c[~hot] for name, c in block.items()}
                    ahead = reach(shown["object"], shown["time"], self._window)
            for older, newer in pair_chunks(ahead):
                yield shown, older, newer


def _met(chunk: tuple[dict[str, NDArray[Any]], Ints, Ints]) -> dict[str, NDArray[Any]]:
    """Pairs of different accounts and posts, as a tally takes them."""
    block, older, newer = chunk
    account, post, time = block["account"], block["post"], block["time"]
    a, b, p, q = account[older], account[newer], post[older], post[newer]
    apart = (a != b) & (p != q)
    if not apart.all():
        older, newer, a, b, p, q = (some[apart] for some in (older, newer, a, b, p, q))
    swap = a > b
    first, last = time[older], time[newer]
    return {
        "source": np.minimum(a, b),
        "target": np.maximum(a, b),
        "time": first,
        "until": last,
        "object": block["object"][older],
        "post_source": np.where(swap, q, p),
        "post_target": np.where(swap, p, q),
        "lead": np.where(first == last, 0, np.where(swap, -1, 1)).astype(np.int8),
    }


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
        "occasions": np.minimum(objects, np.minimum(posts_source, posts_target)),
        "avg_delta": edges.delta / edges.weight,
        "leads": edges.columns["lead"] / edges.weight,
        "first": edges.first,
        "last": edges.last,
    }
    return pa.table({name: column(values) for name, values in found.items()})
