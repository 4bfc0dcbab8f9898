"""Adding pairs of posts up to edges between accounts, in bounded memory.

Pairs are kept until there are too many to hold, and then written to scratch files, each for a
range of source accounts; each range is added up by itself. So memory is bounded by the pairs of
one range, and edges come out in order of (source, target).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    ) -> None:
        self._scratch, self._held, self._hold = scratch, held, hold
        self._distinct, self._sums = tuple(distinct), tuple(sums)
        self._kept: list[dict[str, NDArray[np.int64]]] = []
        self._count = 0
        self._bounds: Ints | None = None
        self._kind: np.dtype[np.void] = np.dtype([])

    def add(
        self, source: Codes, target: Codes, *, time: Ints, until: Ints, **columns: Codes
    ) -> None:
        """Pairs of posts: accounts by code, time of the earlier and of the later post."""
        edge = (source.astype(np.uint64) << np.uint64(32)) | target.astype(np.uint64)
        rows = {"edge": edge, "time": time, "until": until, **columns}
        self._kept.append(rows)  # type: ignore[arg-type]
        self._count += len(edge)
        if self._count > self._hold:
            self._spill()

    def edges(self) -> Iterator[Edges]:
        """The edges, in blocks that together are in order of (source, target)."""
        if self._bounds is None:
            if self._count:
                yield self._added_up(_joined(self._kept))
            self._kept = []
            return
        self._spill()
        together: list[NDArray[np.void]] = []
        for at in range(len(self._bounds) + 1):
            path = self._path(at)
            if path.exists():
                together.append(np.fromfile(path, dtype=self._kind))
                path.unlink()
            # Small ranges are added up together: each block costs something by itself.
            if together and (sum(map(len, together)) >= self._hold or at == len(self._bounds)):
                rows = np.concatenate(together)
                together = []
                yield self._added_up({name: rows[name] for name in rows.dtype.names or ()})

    def _path(self, at: int) -> Path:
        return self._scratch / f"pairs-{id(self):x}-{at}"

    def _spill(self) -> None:
        if not self._kept:
            return
        rows = _joined(self._kept)
        self._kept, self._count = [], 0
        if self._bounds is None:
            self._bounds = _bounds(self._held)
            self._kind = np.dtype([(name, column.dtype) for name, column in rows.items()])
        source = (rows["edge"].astype(np.uint64) >> np.uint64(32)).astype(np.int64)
        at = np.searchsorted(self._bounds, source).astype(np.uint8)
        # Numpy sorts bytes by counting them.
        order = np.argsort(at, kind="stable")
        ends = np.cumsum(np.bincount(at, minlength=len(self._bounds) + 1))
        packed = np.empty(len(order), dtype=self._kind)
        for name, column in rows.items():
            packed[name] = column[order]
        for number, some in enumerate(np.split(packed, ends[:-1])):
            if len(some):
                with self._path(number).open("ab") as file:
                    some.tofile(file)

    def _added_up(self, rows: dict[str, NDArray[np.generic]]) -> Edges:
        order = np.argsort(rows["edge"])
        edge = rows["edge"][order].astype(np.uint64)
        starts = np.concatenate([[0], np.flatnonzero(edge[1:] != edge[:-1]) + 1])
        weight = np.diff(np.append(starts, len(edge)))
        columns: dict[str, Ints] = {
            name: np.add.reduceat(rows[name][order].astype(np.int64), starts) for name in self._sums
        }
        for name in self._distinct:
            columns[name] = _distinct(rows[name][order], weight)
        return Edges(
            source=(edge[starts] >> np.uint64(32)).astype(np.int64),
            target=(edge[starts] & _LOW).astype(np.int64),
            weight=weight,
            first=np.minimum.reduceat(rows["time"][order].astype(np.int64), starts),
            last=np.maximum.reduceat(rows["until"][order].astype(np.int64), starts),
            columns=columns,
        )


def _joined(kept: Sequence[Mapping[str, NDArray[np.int64]]]) -> dict[str, NDArray[np.generic]]:
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
