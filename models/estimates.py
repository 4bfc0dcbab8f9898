"""What blind review of a random share tells about lanes, without bias, and what precision means
where breaches are rare.

Each act and dismissal has a known chance to be sent to a person who does not see the score. What
was found is weighted by one over that chance (Horvitz and Thompson 1952; shares as ratios, Hajek
1971), so that a share that was changed in between, or a lane that is sampled more, tilts nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policy.words import Lane

_Z = 1.959964
"""95 %, both sides."""

PREVALENCES = (0.01, 0.001, 0.0001)


@dataclass(frozen=True)
class Blind:
    """One blind answer: the lane the case had been in, whether it was what the lane is for (a
    breach, a member), and the chance with which it was drawn, within (0, 1]."""

    lane: Lane
    truth: bool
    chance: float

    def __post_init__(self) -> None:
        if not 0.0 < self.chance <= 1.0:
            raise ValueError(f"chance must be above 0 and at most 1, not {self.chance}")


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval, and how many answers it rests on; None: no answer."""

    share: float | None
    low: float
    high: float
    answers: int


@dataclass(frozen=True)
class Performance:
    """What the lanes are worth, over all that went through them."""

    precision: Estimate
    """Of what was acted on, the share that was right."""
    recall: Estimate
    """Of all breaches, the share that was not dismissed; what people decided counts as found."""
    dismissed_wrongly: Estimate
    """Of what was dismissed, the share that should not have been."""


def performance(answers: Iterable[Blind], found_by_people: float = 0.0) -> Performance:
    """Estimates from blind answers. `found_by_people`: breaches that came through review, all of
    which a person decided, counted as they are.

    >>> acts = [Blind(Lane.ACT, True, 0.1)] * 19 + [Blind(Lane.ACT, False, 0.1)]
    >>> round(performance(acts).precision.share, 2)
    0.95
    """
    drawn = list(answers)
    acts = [each for each in drawn if each.lane is Lane.ACT]
    dismissed = [each for each in drawn if each.lane is Lane.DISMISS]
    reviewed = [Blind(Lane.REVIEW, truth=True, chance=1.0)] if found_by_people else []
    breaches = [each for each in (*acts, *dismissed) if each.truth] + reviewed
    weights = [1 / each.chance for each in breaches]
    if reviewed:
        weights[-1] = found_by_people
    kept = [each.lane is not Lane.DISMISS for each in breaches]
    return Performance(
        precision=_share([each.truth for each in acts], [1 / each.chance for each in acts]),
        recall=_share(kept, weights),
        dismissed_wrongly=_share(
            [each.truth for each in dismissed], [1 / each.chance for each in dismissed]
        ),
    )


def drift(before: Estimate, after: Estimate) -> bool | None:
    """Whether a share changed by more than both intervals allow; None: not enough is known."""
    if before.share is None or after.share is None:
        return None
    return before.high < after.low or after.high < before.low


def _share(truth: Sequence[bool], weights: Sequence[float]) -> Estimate:
    """A weighted share with Wilson's interval at the effective number of answers (Kish 1965)."""
    total = sum(weights)
    if not total:
        return Estimate(None, 0.0, 1.0, 0)
    share = sum(weight for so, weight in zip(truth, weights, strict=True) if so) / total
    effective = total**2 / sum(weight**2 for weight in weights)
    middle = (share + _Z**2 / (2 * effective)) / (1 + _Z**2 / effective)
    half = (
        _Z
        * math.sqrt(share * (1 - share) / effective + _Z**2 / (4 * effective**2))
        / (1 + _Z**2 / effective)
    )
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), len(truth))


def precision_at(prevalence: float, caught: float, alarmed: float) -> float | None:
    """Precision where a share `prevalence` are breaches, from the share of breaches that a lane
    catches and the share of all others that it takes; None where it takes nothing.

    >>> round(precision_at(0.01, 0.8, 0.01), 3)
    0.447
    """
    right, wrong = prevalence * caught, (1 - prevalence) * alarmed
    return right / (right + wrong) if right + wrong else None
