"""The arithmetic of chance against plain enumeration."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coordination.chance import (
    benjamini_hochberg,
    benjamini_hochberg_within,
    permuted_within,
    poisson_binomial_tail,
    poisson_tail,
)


def _tail_by_enumeration(chances: list[float], at_least: int) -> float:
    return sum(
        prod(c if hit else 1 - c for c, hit in zip(chances, hits, strict=True))
        for hits in product([0, 1], repeat=len(chances))
        if sum(hits) >= at_least
    )


tests_of_trials = st.lists(
    st.tuples(st.lists(st.floats(0, 1), max_size=7), st.integers(0, 8)), min_size=1, max_size=5
)


@given(tests_of_trials)
def test_tail_equals_enumeration(cases: list[tuple[list[float], int]]) -> None:
    chances = np.array([c for trials, _ in cases for c in trials], dtype=float)
    test = np.array([i for i, (trials, _) in enumerate(cases) for _ in trials], dtype=np.int64)
    at_least = np.array([count for _, count in cases], dtype=np.int64)
    got = poisson_binomial_tail(chances, test, at_least)
    for p, (trials, count) in zip(got, cases, strict=True):
        assert p == pytest.approx(_tail_by_enumeration(trials, count), abs=1e-12)


def test_small_tails_keep_their_digits() -> None:
    p = poisson_binomial_tail(np.full(6, 1e-4), np.zeros(6, dtype=np.int64), np.array([6]))
    assert p[0] == pytest.approx(1e-24, rel=1e-9)


def test_above_the_exact_range_the_tail_is_never_too_small() -> None:
    rng = np.random.default_rng(1)
    chances = rng.uniform(0, 0.4, 65)
    zero = np.zeros(65, dtype=np.int64)
    for count in range(1, 66):
        got = poisson_binomial_tail(chances, zero, np.array([count]))[0]
        # Inverse of the generating function at the roots of unity.
        roots = np.exp(2j * np.pi * np.arange(66) / 66)
        mass = np.fft.fft(np.prod(1 - chances + chances * roots[:, None], axis=1)).real / 66
        assert got >= mass[count:].sum() - 1e-12


def test_poisson_tails_equal_scipys_to_their_last_digits() -> None:
    means = np.array([0.0, 1e-12, 1e-3, 0.4, 1.0, 1.7, 7.0, 63.2, 900.0, 20_000.0])
    counts = np.array([0, 1, 2, 3, 7, 40, 63, 64, 900, 20_100])
    mean, at_least = (grid.ravel() for grid in np.meshgrid(means, counts))
    got = poisson_tail(mean, at_least)
    exact = np.where(at_least > 0, stats.poisson.sf(at_least - 1, mean), 1.0)
    assert got == pytest.approx(exact, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(
    ("p", "tests", "q"),
    [
        ([0.01, 0.02, 0.03], 3, [0.03, 0.03, 0.03]),
        ([0.01, 0.04], 4, [0.04, 0.08]),
        ([0.5], 10, [1.0]),
        ([], 7, []),
    ],
)
def test_benjamini_hochberg(p: list[float], tests: int, q: list[float]) -> None:
    assert benjamini_hochberg(np.array(p), tests) == pytest.approx(q)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_equals_scipy(p: list[float]) -> None:
    expected = stats.false_discovery_control(p)
    assert benjamini_hochberg(np.array(p), len(p)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("p", "group", "q"),
    [
        ([0.01, 0.02, 0.03], [5, 5, 5], [0.03, 0.03, 0.03]),
        # The strong pair of another group lends no rank.
        ([1e-9, 0.01], [1, 2], [2e-9, 0.02]),
        ([0.02, 1e-9, 0.02], [2, 1, 2], [0.03, 3e-9, 0.03]),
        ([0.9, 0.8, 1e-12], [1, 1, 1], [0.9, 0.9, 3e-12]),
        ([], [], []),
    ],
)
def test_ranks_count_within_the_group(p: list[float], group: list[int], q: list[float]) -> None:
    got = benjamini_hochberg_within(np.array(p), np.array(group, dtype=np.int64), len(p))
    assert got == pytest.approx(q, rel=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=1, max_size=40))
def test_grouped_correction_equals_one_for_each_group(rows: list[tuple[float, int]]) -> None:
    p = np.array([row[0] for row in rows])
    group = np.array([row[1] for row in rows], dtype=np.int64)
    got = benjamini_hochberg_within(p, group, len(p))
    for one in np.unique(group):
        mine = group == one
        weighted = p[mine] * len(p) / mine.sum()
        expected = stats.false_discovery_control(np.minimum(weighted, 1.0))
        assert got[mine] == pytest.approx(expected)
    assert np.all(got >= benjamini_hochberg(p, len(p)) - 1e-12)


def test_permutations_stay_in_their_object_and_are_uniform() -> None:
    group = np.array([0, 0, 0, 5, 5])
    keys = np.array([11, 22, 33, 44, 55], dtype=np.uint64)
    seen: dict[tuple[int, ...], int] = {}
    for round_ in range(1200):
        order = tuple(int(i) for i in permuted_within(group, keys, 7, round_))
        assert sorted(order[:3]) == [0, 1, 2]
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 12
    assert stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_an_objects_draws_do_not_depend_on_other_objects() -> None:
    keys = np.array([11, 22, 33, 44, 55, 66], dtype=np.uint64)
    both = permuted_within(np.array([0, 0, 0, 1, 1, 1]), keys, 3, 9)
    alone = permuted_within(np.array([0, 0, 0]), keys[3:], 3, 9)
    assert list(both[3:] - 3) == list(alone)
