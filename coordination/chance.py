"""The arithmetic of chance: tails, corrections, and draws seeded by object. Pure functions.

Nothing here knows posts or accounts; `nulls` says what is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Keys = NDArray[np.uint64]

EXACT_UP_TO = 64
"""Trials up to which a Poisson-binomial tail is summed exactly."""
_DIGITS = 1e-17
"""A term this much smaller than the sum changes none of its digits."""
_CELLS = 4_000_000
"""Cells of the working array of one exact batch; 32 MB."""


def poisson_binomial_tail(chances: Floats, test: Ints, at_least: Ints) -> Floats:
    """P(at least so many of independent trials succeed), for many tests at once.

    `chances[i]` is the chance of one trial, `test[i]` says which test it belongs to (0 …
    len(at_least) - 1), `at_least[j]` the count seen. Exact up to EXACT_UP_TO trials; above, the
    binomial tail with the mean chance, which is never too small when the count is at least one
    above the mean (Hoeffding 1956, theorem 4), and 1 when it is not. A count of 0 has p = 1.
    """
    if (test[1:] < test[:-1]).any():
        order = np.argsort(test, kind="stable")
        chances, test = chances[order], test[order]
    return Trials(chances, test, len(at_least)).tail(at_least)


class Trials:
    """Independent trials of many tests, of which several tails may be asked.

    As in `poisson_binomial_tail`, with `test` ascending.
    """

    def __init__(self, chances: Floats, test: Ints, tests: int) -> None:
        self._chances = np.clip(chances, 0.0, 1.0)
        self._trials = np.bincount(test, minlength=tests)
        self._start = np.cumsum(self._trials) - self._trials
        self._mean = np.bincount(test, weights=self._chances, minlength=tests)

    def tail(self, at_least: Ints) -> Floats:
        """P(at least so many succeed) for each test."""
        trials, mean = self._trials, self._mean
        p = np.ones(len(trials))
        many = (trials > EXACT_UP_TO) & (at_least >= mean + 1)
        if many.any():
            from scipy import special

            p[many] = special.bdtrc(at_least[many] - 1.0, trials[many], mean[many] / trials[many])
        # More successes than trials cannot be.
        p[at_least > trials] = 0.0
        few = (trials <= EXACT_UP_TO) & (at_least > 0) & (at_least <= trials)
        for count in np.unique(at_least[few]).tolist():
            some = np.flatnonzero(few & (at_least == count))
            some = some[np.argsort(trials[some], kind="stable")]
            step = _CELLS // (count + 1)
            for at in range(0, len(some), step):
                batch = some[at : at + step]
                p[batch] = _exact_tail(self._chances, self._start[batch], trials[batch], count)
        return np.clip(p, 0.0, 1.0)


def _exact_tail(chances: Floats, start: Ints, trials: Ints, count: int) -> Floats:
    """The recursion over trials, for tests in order of their trials; all terms are positive, and
    what has reached the count is gathered by itself, so that tails lose no digits."""
    after = [np.zeros(len(start)) for _ in range(count)]
    after[0][:] = 1.0
    reached = np.zeros(len(start))
    for trial in range(int(trials[-1])):
        rows = slice(int(np.searchsorted(trials, trial, side="right")), None)
        chance = chances[start[rows] + trial]
        reached[rows] += after[-1][rows] * chance
        for done in range(min(count - 1, trial + 1), 0, -1):
            after[done][rows] += (after[done - 1][rows] - after[done][rows]) * chance
        after[0][rows] *= 1.0 - chance
    return reached


def poisson_tail(mean: Floats, at_least: Ints) -> Floats:
    """P(Poisson(mean) >= at_least).

    Above the mean the terms of the tail fall, and are added up; below it, the rest of one is.
    """
    # Not by `scipy.special`, which takes longer to load than a small run to test.
    upto = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, at_least.max(initial=1) + 1)))])
    tail = np.ones(len(mean))
    far = np.flatnonzero((at_least > 0) & (at_least > mean) & (mean > 0))
    count, rate = at_least[far].astype(np.float64), mean[far]
    term = np.exp(count * np.log(rate) - rate - upto[at_least[far]])
    total = term.copy()
    while len(term) and (term > total * _DIGITS).any():
        count += 1
        term *= rate / count
        total += term
    tail[far] = total
    near = (at_least > 0) & (at_least <= mean)
    for seen in np.unique(at_least[near]).tolist():
        these = near & (at_least == seen)
        rate = mean[these]
        for below in range(seen):
            tail[these] -= np.exp(below * np.log(rate) - rate - upto[below])
    tail[(at_least > 0) & (mean <= 0)] = 0.0
    return np.maximum(tail, 0.0)


def benjamini_hochberg(p: Floats, tests: float) -> Floats:
    """q-values over `tests` tests, of which those not in `p` have p = 1 (Benjamini, Hochberg 1995).

    `tests` counts all that was looked at; it is at least len(p).
    """
    if len(p) == 0:
        return p
    order = np.argsort(p, kind="stable")
    ranked = p[order] * max(tests, len(p)) / np.arange(1, len(p) + 1)
    q = np.empty_like(ranked)
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return np.minimum(q, 1.0)


def benjamini_hochberg_within(p: Floats, group: Ints, tests: float) -> Floats:
    """q-values by Benjamini-Hochberg within each group, each weighted by its share of `tests`.

    q of the k-th smallest p of a group is p · tests / k at most: what lies in other groups lends it
    no rank. With level a, a group without a true effect has any q <= a with chance at most
    a · (size of the group / tests), so any such group at all has with chance at most a; the false
    discovery rate over all groups is at most a too (the rate of a union is at most the sum of the
    groups' rates).
    """
    if len(p) == 0:
        return p
    order = np.lexsort((p, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[0]] - 1))
    sizes = np.diff(np.append(starts, len(p)))
    rank = np.arange(len(p)) - np.repeat(starts, sizes) + 1
    ranked: Floats = np.minimum(p[order] * max(tests, len(p)) / rank, 1.0)
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        own = ranked[start : start + size]
        own[:] = np.minimum.accumulate(own[::-1])[::-1]
    q: Floats = np.empty_like(ranked)
    q[order] = ranked
    return q


def draws(keys: Keys, seed: int, round_: int) -> Keys:
    """A uniform 64-bit draw for each key, the same whatever other keys there are (SplitMix64).

    With one key for each slot of an object, sorting an object's slots by their draws is a random
    permutation that other objects and later data do not disturb.
    """
    golden, first, second = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
    mask = (1 << 64) - 1
    salt = np.uint64(((seed & mask) * golden + (round_ + 1) * first) & mask)
    with np.errstate(over="ignore"):
        x = (keys ^ salt) + np.uint64(golden)
        for _ in range(2):
            x = (x ^ (x >> np.uint64(30))) * np.uint64(first)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(second)
            x = x ^ (x >> np.uint64(31))
    return x


def permuted_within(group: Ints, keys: Keys, seed: int, round_: int) -> Ints:
    """A permutation of row numbers that moves rows only within their group.

    `group` is sorted; `keys` has one key for each row.
    """
    order: Ints = np.lexsort((draws(keys, seed, round_), group))
    return order
