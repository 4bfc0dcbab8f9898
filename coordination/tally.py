"""Adding pairs of posts up to edges between accounts, in bounded memory.

Pairs are kept until there are too many to hold, and then written to scratch files, each for a
range of source accounts; each range is added up by itself. So memory is bounded by the pairs of
one range, and edges come out in order of (source, target).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coordination.parallel import LARGE, in_turn
from coordination.scatter import Scatter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Codes = NDArray[np.integer]

HOLD = 2_000_000
"""Pairs kept in memory; above it they go to disk."""
RANGES = 64
"""Ranges of source accounts on disk: 300 million pairs are 5 million in each."""
_LOW = np.uint64(0xFFFF_FFFF)


@dataclass(frozen=True)
class Edges:
    """Edges in order of (source, target); arrays run parallel. Times in microseconds."""

    source: Ints
    target: Ints
    weight: Ints
    """Pairs of posts."""
    first: Ints
    """Time of the earliest post."""
    last: Ints
    delta: Ints
    """How far apart the pairs are, added up."""
    columns: Mapping[str, Ints]
    """The sums and the numbers of distinct values that were asked for."""

    def __len__(self) -> int:
        return len(self.source)

    def where(self, chosen: NDArray[np.bool_]) -> Edges:
        """Some of them."""
        return Edges(
            self.source[chosen],
            self.target[chosen],
            self.weight[chosen],
            self.first[chosen],
            self.last[chosen],
            self.delta[chosen],
            {name: column[chosen] for name, column in self.columns.items()},
        )


class Tally:
    """Pairs in, edges out.

    `held` gives the rows of each account (by code), which sizes the ranges; `distinct` and `sums`
    name the columns of which distinct values are counted, or values added up, for each edge.
    `scratch` is an existing folder; the files in it are removed as they are read.
    """

    def __init__(
        self,
        scratch: Path,
        held: Ints,
        *,
        distinct: Sequence[str] = (),
        sums: Sequence[str] = (),
        hold: int = HOLD,
        threads: int = 2,
    ) -> None:
        self._scratch, self._held, self._hold = scratch, held, hold
        self._threads = min(threads, LARGE)
        self._distinct, self._sums = tuple(distinct), tuple(sums)
        self._kept: list[dict[str, NDArray[Any]]] = []
        self._count = 0
        self._range: NDArray[np.uint8] | None = None
        self._spilled: Scatter | None = None

    def add(
        self, source: Codes, target: Codes, *, time: Ints, until: Ints, **columns: Codes
    ) -> None:
        """Pairs of posts: accounts by code, time of the earlier and of the later post."""
        edge = (source.astype(np.uint64) << np.uint64(32)) | target.astype(np.uint64)
        self._kept.append({"edge": edge, "time": time, "until": until, **columns})
        self._count += len(edge)
        if self._count > self._hold:
            self._spill()

    def edges(self) -> Iterator[Edges]:
        """The edges, in blocks that together are in order of (source, target)."""
        if self._spilled is None:
            if self._count:
                yield self._added_up(_joined(self._kept))
            self._kept = []
            return
        self._spill()
        spilled = self._spilled

        def added_up(ranges: list[int]) -> Edges:
            return self._added_up(spilled.read(ranges, once=True))

        yield from in_turn(added_up, self._ranges(spilled), self._threads)

    def _ranges(self, spilled: Scatter) -> Iterator[list[int]]:
        together: list[int] = []
        for at in range(len(spilled.rows)):
            together.append(at)
            # Small ranges are added up together: each block costs something by itself.
            pairs = int(spilled.rows[together].sum())
            if pairs and (pairs >= self._hold or at + 1 == len(spilled.rows)):
                yield together
                together = []

    def _spill(self) -> None:
        if not self._kept:
            return
        rows = _joined(self._kept)
        self._kept, self._count = [], 0
        if self._spilled is None or self._range is None:
            bounds = _bounds(self._held)
            accounts = np.arange(len(self._held))
            self._range = np.searchsorted(bounds, accounts).astype(np.uint8)
            self._spilled = Scatter(self._scratch, len(bounds) + 1)
        source = (rows["edge"] >> np.uint64(32)).astype(np.int64)
        self._spilled.add(self._range[source], rows)

    def _added_up(self, rows: dict[str, NDArray[Any]]) -> Edges:
        order = np.argsort(rows["edge"])
        edge = rows["edge"][order]
        starts = np.concatenate([[0], np.flatnonzero(edge[1:] != edge[:-1]) + 1])
        weight = np.diff(np.append(starts, len(edge)))
        time, until = rows["time"][order], rows["until"][order]
        columns: dict[str, Ints] = {
            name: np.add.reduceat(rows[name][order].astype(np.int64), starts) for name in self._sums
        }
        for name in self._distinct:
            columns[name] = _distinct(rows[name][order], weight)
        return Edges(
            source=(edge[starts] >> np.uint64(32)).astype(np.int64),
            target=(edge[starts] & _LOW).astype(np.int64),
            weight=weight,
            first=np.minimum.reduceat(time, starts),
            last=np.maximum.reduceat(until, starts),
            delta=np.add.reduceat(until - time, starts),
            columns=columns,
        )


def _joined(kept: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    if len(kept) == 1:
        return dict(kept[0])
    return {name: np.concatenate([rows[name] for rows in kept]) for name in kept[0]}


def _bounds(held: Ints) -> Ints:
    """Ascending account codes that cut sources into ranges of about as many pairs.

    A source is the lesser of two accounts: if both follow the distribution of rows F, it lies at
    or below x with chance 1 - (1 - F(x))².
    """
    upto = np.cumsum(held) / max(int(held.sum()), 1)
    wanted = 1 - np.sqrt(1 - np.arange(1, RANGES) / RANGES)
    return np.unique(np.searchsorted(upto, wanted)).astype(np.int64)


def _distinct(values: NDArray[np.generic], weight: Ints) -> Ints:
    """Distinct values in each of the groups that follow each other with so many members."""
    found = np.ones(len(weight), dtype=np.int64)
    several = np.flatnonzero(weight > 1)
    if len(several) == 0:
        return found
    inside = np.repeat(weight > 1, weight)
    group = np.repeat(np.arange(len(several)), weight[several])
    some = values[inside]
    order = np.lexsort((some, group))
    some, ordered = some[order], group[order]
    new = np.ones(len(some), dtype=bool)
    new[1:] = (some[1:] != some[:-1]) | (ordered[1:] != ordered[:-1])
    found[several] = np.bincount(ordered[new], minlength=len(several))
    return found
