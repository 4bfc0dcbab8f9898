"""Clusters of accounts: Leiden with a fixed seed, and how stable each cluster is.

Traag, Waltman, van Eck 2019, through igraph, with the constant Potts model: a cluster is a set
of accounts of which more than RESOLUTION of the possible pairs are joined, whatever else there is
in the graph. (Modularity would cut a lone campaign in two, and join small ones.) igraph's own
Leiden comes as far as the package leidenalg does, in a fiftieth of the time.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import igraph

    from coordination.chance import Ints

RESOLUTION = 0.1
RESAMPLES = 50
KEPT = 0.8
"""Share of edges that each resample keeps."""
STARTS = 5
"""The best of so many runs is taken: where no partition stands out, one run may end beside it."""
LARGE = 100_000
"""Edges over all starts; a graph of more has one."""
_SEED_SPAN = 2**31 - 1


class _Draws(random.Random):
    """What igraph draws from; a seed fixes it, and nothing rests on its being hard to guess."""


def partition(source: Ints, target: Ints, seed: int) -> tuple[Ints, Ints]:
    """Accounts in ascending order, and the community of each, numbered by falling size.

    The same edges in any order and the same seed give the same communities.
    """
    import igraph

    if len(source) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = np.lexsort((target, source))
    ends = np.stack([source[order], target[order]], axis=1)
    accounts, ends = np.unique(ends, return_inverse=True)
    ends = ends.reshape(-1, 2)
    graph = igraph.Graph(n=len(accounts), edges=ends)
    starts = max(1, min(STARTS, LARGE // len(ends)))
    # igraph draws from one generator for the whole process, which is put back.
    igraph.set_random_number_generator(_Draws(seed % _SEED_SPAN))
    try:
        found = max((_leiden(graph) for _ in range(starts)), key=lambda c: _quality(c, ends))
    finally:
        igraph.set_random_number_generator(random)
    _, first, size = np.unique(found, return_index=True, return_counts=True)
    by_size = np.empty(len(size), dtype=np.int64)
    by_size[np.lexsort((first, -size))] = np.arange(len(size))
    return accounts.astype(np.int64), by_size[found]


def _leiden(graph: igraph.Graph) -> Ints:
    found = graph.community_leiden("CPM", resolution=RESOLUTION, n_iterations=-1)
    return np.asarray(found.membership, dtype=np.int64)


def _quality(community: Ints, ends: Ints) -> float:
    """Edges inside less those that a community of that size must have."""
    size = np.bincount(community)
    inside = np.count_nonzero(community[ends[:, 0]] == community[ends[:, 1]])
    return float(inside - RESOLUTION * (size * (size - 1) / 2).sum())


def with_the_lone(source: Ints, target: Ints, accounts: Ints, community: Ints) -> Ints:
    """Communities in which nobody is alone: who hangs on a large one by a few links joins it.

    Density alone leaves such an account by itself, though all its links lead there. It joins the
    community to which it has most links (ties: the larger one).
    """
    at_source, at_target = np.searchsorted(accounts, source), np.searchsorted(accounts, target)
    size = np.bincount(community)
    ends = np.concatenate([at_source, at_target])
    others = community[np.concatenate([at_target, at_source])]
    hangs = (size[community[ends]] == 1) & (size[others] > 1)
    joined = community.copy()
    pairs, links = np.unique(np.stack([ends[hangs], others[hangs]]), axis=1, return_counts=True)
    # Written from the fewest links to the most, so that the most stand in the end.
    order = np.lexsort((-pairs[1], links))
    joined[pairs[0, order]] = pairs[1, order]
    return joined


def stability(
    source: Ints, target: Ints, seed: int, resamples: int = RESAMPLES
) -> dict[int, float]:
    """How often linked members of each community stay together when edges are left out.

    Each resample keeps a random KEPT share of edges and clusters again; a community's figure is
    the mean over its edges and over resamples of both ends landing in one community (0 to 1; an
    account that lost all edges is with nobody).
    """
    accounts, community = partition(source, target, seed)
    at_source, at_target = np.searchsorted(accounts, source), np.searchsorted(accounts, target)
    inside = community[at_source] == community[at_target]
    label = community[at_source][inside]
    together = np.zeros(len(source))
    for resample in range(resamples):
        rng = np.random.default_rng([seed % _SEED_SPAN, resample])
        keep = rng.random(len(source)) < KEPT
        some, found = partition(source[keep], target[keep], seed)
        full = -1 - np.arange(len(accounts))
        full[np.searchsorted(accounts, some)] = found
        together += full[at_source] == full[at_target]
    edges = np.bincount(label)
    kept = np.bincount(label, weights=together[inside])
    return {int(c): float(kept[c] / (edges[c] * max(resamples, 1))) for c in np.flatnonzero(edges)}
