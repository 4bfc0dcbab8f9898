"""The chance level: how many edges, and how much of each cluster, shuffled times alone give.

Sampled. Within each object the accounts are dealt anew to the object's slots (a slot is a share
with its time), which is the timing null; the pairs of slots within the window stay what they are,
so no round joins anything. Draws are seeded by object: an object's shuffles do not change when
other objects come or go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.blocks import columns
from coordination.chance import draws
from coordination.parallel import LARGE, in_turn
from coordination.sweep import pair_chunks, reach

if TYPE_CHECKING:
    from coordination.chance import Floats, Ints, Keys
    from coordination.layer import Layer
    from coordination.workspace import Workspace

MAX_ROUNDS = 199
LEVEL_ROUNDS = 49
"""Rounds where there is no cluster whose p they would give: enough for a mean and its error."""
BUDGET = 10_000_000
"""Slots and pairs of slots over all rounds of a layer: what the sample may cost."""
_HALF = np.uint64(32)


@dataclass(frozen=True)
class Level:
    """Edges seen in one layer, and the mean of the shuffled rounds with its standard error."""

    layer: str
    rounds: int
    """0 where there were too many pairs to shuffle within the budget."""
    edges: int
    expected_edges: float
    error_edges: float
    repeated: int
    """Edges of weight 2 or more."""
    expected_repeated: float
    error_repeated: float

    @property
    def explained(self) -> float | None:
        """Share of the edges that chance explains (0 to 1), or None where it was not sampled."""
        if self.rounds == 0 or self.edges == 0:
            return None
        return min(1.0, self.expected_edges / self.edges)


def sample(
    work: Workspace, layer: Layer, cluster: Ints, seed: int, most: int = MAX_ROUNDS
) -> tuple[Level, Ints, Ints]:
    """Shuffle one layer, in at most so many rounds.

    `cluster` gives, for each account number, its cluster or -1. Returns the level and, for each
    cluster, the pairs within it as seen (0 where nothing was shuffled), and as an array (rounds,
    clusters) when shuffled.
    """
    clusters = int(cluster.max(initial=-1)) + 1
    # Before anything is swept: what is too much is not. One round has no error.
    most = most if clusters else min(most, LEVEL_ROUNDS)
    rounds = min(most, BUDGET // max(layer.pairs + int(layer.n[layer.k > 0].sum()), 1))
    if rounds < 2:
        nothing: Ints = np.zeros((0, clusters), dtype=np.int64)
        edges = layer.edges
        repeated = edges.count(where=edges.weight >= 2)
        seen = edges.agg(edges=edges.count(), repeated=repeated)
        found = columns(work, seen, "edges", "repeated")
        counted = int(found["edges"][0]), int(found["repeated"][0])
        return _level(layer, 0, counted, np.empty((0, 2))), nothing.sum(axis=0), nothing
    slots = _slots(layer)

    def deal(round_: int | None) -> tuple[int, int, Ints]:
        dealt = slots.account if round_ is None else slots.dealt(seed, round_)
        return slots.count(dealt, cluster, clusters)

    all_rounds = in_turn(deal, [None, *range(rounds)], min(work.threads, LARGE))
    *seen, inside = next(all_rounds)
    totals = np.empty((rounds, 2))
    shuffled = np.empty((rounds, clusters), dtype=np.int64)
    for round_, dealt in enumerate(all_rounds):
        *totals[round_], shuffled[round_] = dealt
    return _level(layer, rounds, (seen[0], seen[1]), totals), inside, shuffled


def _level(layer: Layer, rounds: int, seen: tuple[int, int], totals: Floats) -> Level:
    mean, error = _mean_and_error(totals)
    return Level(
        layer=layer.name,
        rounds=rounds,
        edges=seen[0],
        expected_edges=mean[0],
        error_edges=error[0],
        repeated=seen[1],
        expected_repeated=mean[1],
        error_repeated=error[1],
    )


@dataclass(frozen=True)
class _Slots:
    """The shares of objects on which anybody met, and the pairs of them within the window."""

    account: Ints
    group: Keys
    """The place of each slot's object, in the upper half of 64 bits."""
    key: Keys
    first: Ints
    second: Ints

    def dealt(self, seed: int, round_: int) -> Ints:
        """The accounts, dealt anew to the slots of their objects."""
        # One number to sort by: 32 bits of a draw tell the slots of one object apart.
        drawn = self.group | (draws(self.key, seed, round_) >> _HALF)
        return self.account[np.argsort(drawn)]

    def count(self, account: Ints, cluster: Ints, clusters: int) -> tuple[int, int, Ints]:
        """Edges, edges of weight 2 or more, and pairs within each cluster."""
        a, b = account[self.first], account[self.second]
        apart = a != b
        a, b = a[apart], b[apart]
        edge = np.sort(np.minimum(a, b) * np.int64(len(cluster)) + np.maximum(a, b))
        starts = np.flatnonzero(np.diff(edge, prepend=-1))
        repeated = int((np.diff(np.append(starts, len(edge))) >= 2).sum())
        if clusters == 0:
            return len(starts), repeated, np.zeros(0, dtype=np.int64)
        together = (cluster[a] == cluster[b]) & (cluster[a] >= 0)
        inside = np.bincount(cluster[a][together], minlength=clusters)
        return len(starts), repeated, inside


def _slots(layer: Layer) -> _Slots:
    none: Ints = np.empty(0, dtype=np.int64)
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    at = 0
    for block in layer.sorted.blocks():
        met = layer.k[block["object"]] > 0
        account, item, time = (block[name][met] for name in ("account", "object", "time"))
        pairs = list(pair_chunks(reach(item, time, layer.window)))
        first, second = (
            np.concatenate([none, *(chunk[side] for chunk in pairs)]) + at for side in (0, 1)
        )
        parts.append((account, item, first, second))
        at += len(item)
    account, item, first, second = (
        np.concatenate([none, *part]) for part in zip(*parts, strict=True)
    )
    new = np.diff(item, prepend=-1) != 0
    starts = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    place = np.arange(len(item)) - starts[group]
    with np.errstate(over="ignore"):
        key = layer.sorted.prints[item] + place.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return _Slots(account, group.astype(np.uint64) << _HALF, key, first, second)


def _mean_and_error(counts: Floats) -> tuple[list[float], list[float]]:
    if len(counts) < 2:
        return [float("nan")] * 2, [float("nan")] * 2
    error = counts.std(axis=0, ddof=1) / np.sqrt(len(counts))
    return counts.mean(axis=0).tolist(), error.tolist()
