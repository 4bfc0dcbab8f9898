"""Agreement between reviewers: Krippendorff's alpha for plain categories, with an interval.

Source: Krippendorff, "Content Analysis" (2004), chapter 11; the interval is the percentile
bootstrap over cases. The coefficient is computed here, because a thousand resamples of what a
library computes one at a time take minutes; the tests hold it against crowd-kit's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policy.words import Value

RESAMPLES = 1000
FEWEST = 2
"""With fewer cases there is nothing to resample."""


class Agreement(Value):
    """How far people agree beyond chance: 1 always, 0 as chance has it, below 0 less than that."""

    cases: int = Field(ge=0)
    """Cases that at least two people answered independently."""
    answers: int = Field(ge=0)
    alpha: float | None
    """None where it is not defined: no such case, or all answers are one and the same."""
    low: float | None
    high: float | None
    """The ends of the 95 % interval; None with too few cases."""


def krippendorff(units: Sequence[Sequence[str]], *, resamples: int = RESAMPLES) -> Agreement:
    """Alpha over cases.

    Args:
        units: for each case, the answers that it was given; those with fewer than two say nothing.
        resamples: how many resamples the interval rests on.
    """
    pairable = [Counter(answers) for answers in units if len(answers) > 1]
    answers = sum(count.total() for count in pairable)
    values = sorted({value for count in pairable for value in count})
    if not pairable:
        return Agreement(cases=0, answers=0, alpha=None, low=None, high=None)
    # Cases that were answered alike are one pattern: there are few, however many cases there are.
    patterns = Counter(tuple(count[value] for value in values) for count in pairable)
    counts = np.array(list(patterns), dtype=float)
    times = np.array(list(patterns.values()), dtype=float)
    (alpha,) = _alphas(counts, times[None, :])
    low = high = None
    if len(pairable) >= FEWEST and not np.isnan(alpha):
        drawn = np.random.default_rng(0).multinomial(
            len(pairable), times / times.sum(), size=resamples
        )
        spread = _alphas(counts, drawn.astype(float))
        spread = spread[~np.isnan(spread)]
        if spread.size:
            low, high = (float(end) for end in np.percentile(spread, [2.5, 97.5]))
    return Agreement(
        cases=len(pairable),
        answers=answers,
        alpha=None if np.isnan(alpha) else float(alpha),
        low=low,
        high=high,
    )


def _alphas(counts: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Alpha for each row of `times`: how often each pattern (row of `counts`) occurred."""
    size = counts.sum(axis=1)
    differing = (size**2 - (counts**2).sum(axis=1)) / (size - 1)
    observed = times @ differing
    totals = times @ counts
    n = totals.sum(axis=1)
    expected = (n**2 - (totals**2).sum(axis=1)) / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1.0 - observed / expected, np.nan)


def by_kind(answers: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Agreement]:
    """Alpha for each kind of case."""
    return {kind: krippendorff(units) for kind, units in answers.items()}
