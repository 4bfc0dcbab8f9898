"""Clusters of small literal graphs, and how stable they are."""

from itertools import combinations

import numpy as np
import pytest

from coordination import tested as tests_of_pairs
from coordination.clusters import partition, stability, with_the_lone
from coordination.gather import Membership, clusters

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


def test_which_links_speak_by_their_times() -> None:
    """On texts those that Benjamini-Hochberg keeps under the timing null; elsewhere all."""
    p_timing = np.array([0.001, 0.03, 0.5, 0.9, 0.2])
    pairs = tests_of_pairs.Tested(
        layer=np.array([0, 0, 0, 1, 0]), source=np.array([0, 0, 1, 1, 2]),
        target=np.array([1, 2, 2, 2, 3]), occasions=np.full(5, 4), expected=np.full(5, 0.1),
        p_timing=p_timing, p_audience=np.full(5, 1e-6), p=np.full(5, 1e-6),
        q=np.array([1e-4, 2e-4, 3e-4, 9e-3, 5e-4]),
    )  # fmt: skip
    together = Membership(np.zeros(4, dtype=np.int64), {0: 1.0})
    (found,) = clusters(
        pairs, together, "abcd", pairs=[], layers=("text", "url"), windows_s=(60.0, 60.0),
        shuffles=[],
    )  # fmt: skip
    assert found.ties == (("a", "b"), ("a", "c"), ("b", "c"), ("c", "d"))
    # 0.03 of five is 0.075 by Benjamini-Hochberg; b and c met on links as well.
    assert found.timed == (("a", "b"), ("b", "c"))
    (both,) = found.between("bc")
    assert (both.q, both.p_timing) == (9e-3, 0.5)
    assert found.q == 9e-3
