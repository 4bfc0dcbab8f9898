"""Clusters of small literal graphs, and how stable they are."""

from itertools import combinations

import numpy as np
import pytest

from coordination.clusters import partition, stability, with_the_lone

RING = list(combinations(range(6), 2))
TWO = RING + [(a + 10, b + 10) for a, b in RING]
BRIDGED = [*TWO, (5, 10)]


def _ends(edges: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in edges]), np.array([b for _, b in edges])


@pytest.mark.parametrize(
    ("edges", "parts"),
    [
        ([], []),
        ([(1, 2)], [{1, 2}]),
        (RING, [set(range(6))]),
        (RING[3:], [set(range(6))]),
        (TWO, [set(range(6)), set(range(10, 16))]),
        (BRIDGED, [set(range(6)), set(range(10, 16))]),
    ],
)
def test_partition(edges: list[tuple[int, int]], parts: list[set[int]]) -> None:
    for order in (edges, edges[::-1]):
        accounts, community = partition(*_ends(order), seed=4)
        found = [set(accounts[community == c].tolist()) for c in np.unique(community)]
        assert sorted(found, key=min) == parts


def test_a_ring_holds_together_and_a_lone_link_does_so_when_it_is_kept() -> None:
    assert stability(*_ends(RING), seed=1)[0] > 0.95
    assert stability(*_ends([(1, 2)]), seed=1, resamples=400)[0] == pytest.approx(0.8, abs=0.08)


def test_who_hangs_on_a_large_group_by_one_link_is_of_it() -> None:
    large = list(combinations(range(14), 2))
    source, target = _ends([*large, (3, 50), *[(a + 60, b + 60) for a, b in RING]])
    accounts, community = partition(source, target, seed=4)
    lone = np.flatnonzero(accounts == 50)
    assert (community == community[lone]).sum() == 1
    joined = with_the_lone(source, target, accounts, community)
    assert joined[lone] == joined[np.flatnonzero(accounts == 3)]
    assert np.array_equal(np.delete(joined, lone), np.delete(community, lone))
