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

from coordination.chance import draws

if TYPE_CHECKING:
    from coordination.chance import Floats, Ints, Keys
    from coordination.layer import Layer
    from coordination.workspace import Workspace

MAX_ROUNDS = 199
BUDGET = 30_000_000
"""Pairs of slots over all rounds of a layer: what the sample may cost."""


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
    cluster, the pairs within it as seen, and as an array (rounds, clusters) when shuffled.
    """
    slots = layer.slots.select("row", "row_y").to_pyarrow()
    first, second = (slots[name].to_numpy() for name in ("row", "row_y"))
    rounds = min(most, BUDGET // max(len(first), 1))
    clusters = int(cluster.max(initial=-1)) + 1
    used = layer.rows.semi_join(layer.slots.select("object").distinct(), "object")
    used = used.inner_join(work.objects.rename(of="layer"), [("object", "code")])
    table = used.select("row", "object", "account", "name").order_by(["object", "row"]).to_pyarrow()
    row, group, account = (
        table[name].to_numpy().astype(np.int64) for name in ("row", "object", "account")
    )
    by_row = np.argsort(row)
    at_first = by_row[np.searchsorted(row[by_row], first)]
    at_second = by_row[np.searchsorted(row[by_row], second)]
    keys = _keys(table["name"].to_pandas().to_numpy(dtype=object), group)
    edges, repeated, inside = _count(account, at_first, at_second, cluster, clusters)
    counts = np.empty((rounds, 2))
    shuffled = np.empty((rounds, clusters), dtype=np.int64)
    for round_ in range(rounds):
        dealt = account[np.lexsort((draws(keys, seed, round_), group))]
        *counts[round_], shuffled[round_] = _count(dealt, at_first, at_second, cluster, clusters)
    mean, error = _mean_and_error(counts)
    level = Level(
        layer=layer.name,
        rounds=rounds,
        edges=edges,
        expected_edges=mean[0],
        error_edges=error[0],
        repeated=repeated,
        expected_repeated=mean[1],
        error_repeated=error[1],
    )
    return level, inside, shuffled


def _keys(names: np.ndarray[tuple[int, ...], np.dtype[np.object_]], group: Ints) -> Keys:
    """A key for each slot: from its object's name and its place within the object."""
    from pandas.util import hash_array

    place = np.arange(len(group)) - np.searchsorted(group, group)
    by_object: Keys = hash_array(names)
    with np.errstate(over="ignore"):
        return by_object + place.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def _count(
    account: Ints, first: Ints, second: Ints, cluster: Ints, clusters: int
) -> tuple[int, int, Ints]:
    """Edges, edges of weight 2 or more, and pairs within each cluster."""
    a, b = account[first], account[second]
    apart = a != b
    a, b = a[apart], b[apart]
    edge = np.minimum(a, b) * np.int64(len(cluster)) + np.maximum(a, b)
    weight = np.unique(edge, return_counts=True)[1]
    together = (cluster[a] == cluster[b]) & (cluster[a] >= 0)
    inside = np.bincount(cluster[a][together], minlength=clusters)
    return len(weight), int((weight >= 2).sum()), inside


def _mean_and_error(counts: Floats) -> tuple[list[float], list[float]]:
    if len(counts) < 2:
        return [float("nan")] * 2, [float("nan")] * 2
    error = counts.std(axis=0, ddof=1) / np.sqrt(len(counts))
    return counts.mean(axis=0).tolist(), error.tolist()
