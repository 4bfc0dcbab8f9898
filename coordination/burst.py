"""Is it a burst, and are they the caller's? Two tests on counts; pure functions.

Times and spans are int64 microseconds. A swarm needs both: a call is no cause of a burst that
other people make, and a hundred followers who write to somebody as on any other day are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from coordination.chance import Ints

HOUR = 3_600_000_000
DAY = 24 * HOUR
BY_HOUR_FROM = 100
"""Acts outside the window from which, over at least a week, the hour of the day is reckoned."""
LOCAL_SHAPE = 0.5
"""How little a moment need be like the average one: a gamma law of this shape is wider than an
exponential one."""
USUAL_FROM = 5
"""Accounts that wrote to the target before the call, from which they are a yardstick."""
_BINS_FROM = 8


@dataclass(frozen=True)
class Burst:
    """Accounts that acted towards a target in the window after a call."""

    seen: int
    expected: float
    before: int
    p: float


@dataclass(frozen=True)
class Acts:
    """Acts towards one target, in order of time."""

    times: Ints
    accounts: Ints

    def without(self, account: int) -> Acts:
        kept = self.accounts != account
        return Acts(self.times[kept], self.accounts[kept])

    def within(self, after: int, until: int) -> slice:
        """Where the acts in (after, until] stand."""
        start, stop = np.searchsorted(self.times, [after, until], side="right")
        return slice(int(start), int(stop))

    def crowd(self, after: int, until: int) -> int:
        """Accounts that acted in (after, until]."""
        return len(np.unique(self.accounts[self.within(after, until)]))

    @cached_property
    def thinned(self) -> Ints:
        """Times of one act for each account and hour: a flood by one account is no crowd."""
        if not len(self.times):
            return self.times
        hours = self.times // HOUR - self.times[0] // HOUR
        keys = self.accounts * (hours[-1] + 1) + hours
        # Sorted by time, so that the first of each key is the earliest.
        first: Ints = np.sort(np.unique(keys, return_index=True)[1])
        return self.times[first]


def burst(acts: Acts, call: int, window: int, span: tuple[int, int]) -> Burst | None:
    """Whether more accounts acted in (call, call + window] than the target's own base rate gives.

    `span`: the first and the last time of the whole input. Two nulls, the larger p counts: the
    target's rate outside the window (by hour of day where there is enough), negative binomial with
    the dispersion of its own windows; and the rate of this moment, which is drawn from a wide gamma
    law around that rate and then seen in what came before the call: it holds off a storm that was
    under way. None where the input is too short outside the window to know a base rate, or begins
    with the call.
    """
    from scipy import stats  # takes long to load, and most runs ask for no swarm

    low, high = span
    end = min(call + window, high)
    width, ahead = end - call, min(window, call - low)
    exposure = (high - low) - width
    if width <= 0 or ahead <= 0 or exposure < window:
        return None
    seen, before = acts.crowd(call, end), acts.crowd(call - ahead - 1, call)
    calm = acts.thinned
    outside = calm[(calm <= call) | (calm > end)]
    expected = _expected(outside, call, width, exposure)
    spread = max(1 + width / exposure, _dispersion(outside, call, end, width, span))
    shape = expected / (spread - 1)
    p_rate = float(stats.nbinom.sf(seen - 1, shape, 1 / spread))
    # Gamma of that shape and mean, updated by what `ahead` saw: again negative binomial.
    wide = min(shape, LOCAL_SHAPE)
    rate = wide / expected + ahead / width
    p_now = float(stats.nbinom.sf(seen - 1, wide + before, rate / (rate + 1)))
    return Burst(seen, expected, before, max(p_rate, p_now))


def _expected(outside: Ints, call: int, width: int, exposure: int) -> float:
    """Acts in the window at the base rate; one act is added, so that never is not impossible."""
    flat = (len(outside) + 1) * width / exposure
    if len(outside) < BY_HOUR_FROM or exposure < 7 * DAY:
        return flat
    by_hour = np.bincount(outside % DAY // HOUR, minlength=24) + 1
    edges = np.arange(call, call + width, HOUR // 4)
    share = np.bincount(edges % DAY // HOUR, minlength=24) / len(edges)
    return max(flat, float((by_hour * share).sum()) * 24 * width / exposure)


def _dispersion(outside: Ints, call: int, end: int, width: int, span: tuple[int, int]) -> float:
    """Variance over mean of the acts in windows of that width, before and after."""
    bins = np.concatenate(
        [
            _counts(outside, np.arange(call, span[0], -width)[::-1]),
            _counts(outside, np.arange(end, span[1], width)),
        ]
    )
    if len(bins) < _BINS_FROM or bins.mean() == 0:
        return 1.0
    return float(bins.var(ddof=1) / bins.mean())


def _counts(times: Ints, edges: Ints) -> Ints:
    return np.diff(np.searchsorted(times, edges, side="right"))


@dataclass(frozen=True)
class Audience:
    """How much of what goes on at all is the caller's audience, in the days of the window."""

    tied_accounts: int
    accounts: int
    """Account-days."""
    tied_posts: int
    posts: int

    @property
    def share(self) -> float:
        """The larger of its share of the active accounts and of the posts: who posts more is
        likelier to be met anywhere."""
        return max(self.tied_accounts / max(self.accounts, 1), self.tied_posts / max(self.posts, 1))


def ties(seen: int, tied: int, audience: Audience, usual: int, usual_tied: int) -> float:
    """p of at least `tied` tied accounts among the `seen` in the window.

    Two nulls, the larger p counts: accounts drawn from those active in these days (binomial; the
    window's own are among them, so the share is never too low), and from those who wrote to the
    target before the call, `usual` of them with `usual_tied` tied (hypergeometric, where there are
    at least USUAL_FROM).
    """
    from scipy import stats  # takes long to load, and most runs ask for no swarm

    p = float(stats.binom.sf(tied - 1, seen, min(audience.share, 1.0)))
    if usual >= USUAL_FROM:
        all_tied = tied + usual_tied
        p = max(p, float(stats.hypergeom.sf(tied - 1, seen + usual, all_tied, seen)))
    return p
