"""Routing: which likelihoods are sure enough to act on, which a person decides, which are let be.

A lane's threshold comes with a guarantee from labelled rows that the model never saw: fixed
sequence testing with exact binomial tests (Angelopoulos et al. 2021, "Learn then Test"; Bauer
1991; MAPIE's risk control does the same). Where no threshold meets the target, the lane is empty
and people decide. The guarantee holds for rows like those it was taken from, which is why each
group's act lane opens only on that group's own blind decisions.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from policy.at_risk import post_priority
from policy.scores import PostScore
from policy.words import Lane, Likelihood, Policy, Value

Floats = NDArray[np.float64]

HARM_ACT = "routing.harm.act.v1"
HARM_REVIEW = "routing.harm.review.v1"
HARM_DISMISS = "routing.harm.dismiss.v1"
HARM_LANGUAGE = "routing.harm.language.v1"
HARM_UNCALIBRATED = "routing.harm.uncalibrated.v1"
ASSOCIATION_ACT = "routing.association.act.v1"
ASSOCIATION_SHUT = "routing.association.shut.v1"
ASSOCIATION_REVIEW = "routing.association.review.v1"
ASSOCIATION_DISMISS = "routing.association.dismiss.v1"
ASSOCIATION_UNCALIBRATED = "routing.association.uncalibrated.v1"
HARM_NOVEL = "routing.harm.novel.v1"
ASSOCIATION_NOVEL = "routing.association.novel.v1"

ACT_FROM = 0.8
"""An act needs a likelihood of this, four times likelier than not, whatever decisions have shown:
they speak for accounts like those that were decided, and who talks about a group may not have been
among them. Where scores collapse, a group's members lie in order still and it means nothing."""

GROUP_PRECISION = 0.95
GROUP_CONFIDENCE = 0.9


class Thresholds(Value):
    """Where the lanes of one likelihood begin; every value in [0, 1] falls into exactly one.

    act: from here up; None: nothing is sure enough. dismiss: below here; None: nothing is.
    """

    act: Likelihood | None = None
    dismiss: Likelihood | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Thresholds":
        if self.act is not None and self.dismiss is not None and self.dismiss > self.act:
            raise ValueError("dismiss <= act must hold")
        return self

    def lane(self, likelihood: float) -> Lane:
        if self.act is not None and likelihood >= self.act:
            return Lane.ACT
        if self.dismiss is not None and likelihood < self.dismiss:
            return Lane.DISMISS
        return Lane.REVIEW


class Opened(Value):
    """A threshold with its guarantee: at or above it, precision is at least `precision` with
    probability `confidence` over the draw of the labelled rows."""

    threshold: Likelihood
    precision: Likelihood
    confidence: Likelihood
    rows: int = Field(ge=1)
    """Labelled rows at or above the threshold."""
    errors: int = Field(ge=0)
    """Those of them that were not what the lane is for."""


class Shut(Value):
    """No threshold meets the target; why, for people."""

    reason: str
    rows: int = Field(ge=0)
    errors: int = Field(ge=0)


def rows_needed(precision: float, confidence: float) -> int:
    """The fewest rows that can show a precision, if none of them is an error.

    >>> rows_needed(0.95, 0.95), rows_needed(0.99, 0.95), rows_needed(0.95, 0.9)
    (59, 299, 45)
    """
    return math.ceil(math.log(1 - confidence) / math.log(precision))


def act_threshold(
    pairs: Iterable[tuple[float, bool]], *, precision: float, confidence: float
) -> Opened | Shut:
    """The lowest threshold whose precision is shown, testing from the top downwards.

    Sequences start where an error-free top could first pass, and at twice and four times that
    where there are rows for it; each takes its part of the allowed error and stops at its first
    failure. Starts and steps follow from the likelihoods alone, never from the labels, so the
    error over all of it stays within 1 - confidence.
    """
    from scipy.stats import binom

    ordered = sorted(((float(said), bool(so)) for said, so in pairs), reverse=True)
    total = len(ordered)
    wrong = np.cumsum([not so for _, so in ordered]) if ordered else np.zeros(0, dtype=int)
    # Equal likelihoods stand or fall together: only the last of them ends a candidate.
    ends = [at + 1 for at in range(total) if at + 1 == total or ordered[at + 1][0] < ordered[at][0]]
    least = rows_needed(precision, confidence)
    if total < least:
        return Shut(
            reason=f"{total} decisions; {least} without an error are the fewest that can show"
            f" a precision of {precision:g} at confidence {confidence:g}",
            rows=total,
            errors=int(wrong[-1]) if total else 0,
        )
    starts = _starts(total, precision, confidence)
    allowed = (1 - confidence) / len(starts)
    best: int | None = None
    for start in starts:
        step = max(1, start // 10)
        reached = -step
        for end in ends:
            if end < start or end - reached < step:
                continue
            reached = end
            # P(so few errors or fewer | precision at its target): small only if it is better.
            if binom.cdf(int(wrong[end - 1]), end, 1 - precision) > allowed:
                break
            best = end if best is None else max(best, end)
    if best is None:
        top = min(end for end in ends if end >= starts[0])
        return Shut(
            reason=f"{int(wrong[top - 1])} of the surest {top} were wrong: a precision of"
            f" {precision:g} is not shown at confidence {confidence:g}",
            rows=top,
            errors=int(wrong[top - 1]),
        )
    return Opened(
        threshold=ordered[best - 1][0],
        precision=precision,
        confidence=confidence,
        rows=best,
        errors=int(wrong[best - 1]),
    )


def _starts(total: int, precision: float, confidence: float) -> tuple[int, ...]:
    for count in (3, 2):
        least = rows_needed(precision, 1 - (1 - confidence) / count)
        starts = tuple(least * 2**at for at in range(count))
        if starts[-1] <= total:
            return starts
    return (rows_needed(precision, confidence),)


DISMISS_GRID: tuple[float, ...] = tuple(at / 200 for at in range(1, 100))


def dismiss_threshold(
    pairs: Iterable[tuple[float, bool]], *, miss_rate: float, confidence: float
) -> float | None:
    """The highest threshold below which at most `miss_rate` of what matters is lost, or None.

    A fixed grid is tested upwards until the first failure.
    """
    from scipy.stats import binom

    positives = np.asarray(sorted(float(said) for said, so in pairs if so), dtype=np.float64)
    found: float | None = None
    for level in DISMISS_GRID:
        missed = int(np.searchsorted(positives, level, side="left"))
        if binom.cdf(missed, len(positives), miss_rate) > 1 - confidence:
            break
        found = level
    return found


def route_post(
    policies: Mapping[Policy, float],
    *,
    lang: str,
    languages: AbstractSet[str],
    uncalibrated: AbstractSet[Policy],
    thresholds: Mapping[Policy, Thresholds],
    screening: Mapping[Policy, float],
    novel: bool = False,
) -> tuple[Lane, str]:
    """The lane of a post and the rule that chose it.

    `languages`: those in which any policy was calibrated. `screening`: for uncalibrated policies,
    the likelihood from which a person is asked. A person goes before the machine: a suspicion
    that only a person may judge turns `act` into `review`, and so does a post unlike all that the
    likelihoods were calibrated on (`novel`); what is dismissed stays dismissed.
    """
    if lang not in languages:
        return Lane.REVIEW, HARM_LANGUAGE
    if any(policies[policy] >= screening.get(policy, 0.5) for policy in uncalibrated):
        return Lane.REVIEW, HARM_UNCALIBRATED
    lanes = {
        thresholds.get(policy, Thresholds()).lane(likelihood)
        for policy, likelihood in policies.items()
        if policy not in uncalibrated
    }
    if Lane.ACT in lanes:
        return (Lane.REVIEW, HARM_NOVEL) if novel else (Lane.ACT, HARM_ACT)
    if Lane.REVIEW in lanes:
        return Lane.REVIEW, HARM_REVIEW
    return Lane.DISMISS, HARM_DISMISS


def open_act_lane(
    decisions: Iterable[tuple[float, bool]],
    *,
    precision: float = GROUP_PRECISION,
    confidence: float = GROUP_CONFIDENCE,
) -> Opened | Shut:
    """A group's act lane, from (likelihood, member) of that group's own blind decisions.

    Only decisions on accounts at ACT_FROM or above count for it, so that it opens there or not at
    all.
    """
    given = list(decisions)
    likely = [(said, so) for said, so in given if said >= ACT_FROM]
    lane = act_threshold(likely, precision=precision, confidence=confidence)
    if isinstance(lane, Shut) and len(likely) < len(given):
        left = f"; {len(given) - len(likely)} are on accounts less likely than {ACT_FROM:g}"
        return lane.model_copy(update={"reason": lane.reason + left})
    return lane


def route_association(
    probability: float,
    *,
    thresholds: Thresholds,
    group_lane: Opened | Shut,
    calibrated: bool,
    novel: bool = False,
) -> tuple[Lane, str]:
    """The lane of an association and the rule that chose it.

    `thresholds` are the pack's, over all groups it was calibrated on; the act lane further needs
    the group's own. `novel`: the account is unlike everybody that the group was told apart
    from, so a person looks before a machine acts. What is dismissed stays dismissed: nobody is
    suspect for being new.
    """
    lane = thresholds.lane(probability)
    if lane is Lane.DISMISS:
        return lane, ASSOCIATION_DISMISS
    if not calibrated:
        return Lane.REVIEW, ASSOCIATION_UNCALIBRATED
    if isinstance(group_lane, Opened):
        if probability >= max(group_lane.threshold, ACT_FROM):
            return (Lane.REVIEW, ASSOCIATION_NOVEL) if novel else (Lane.ACT, ASSOCIATION_ACT)
        return Lane.REVIEW, ASSOCIATION_REVIEW
    return Lane.REVIEW, ASSOCIATION_SHUT if lane is Lane.ACT else ASSOCIATION_REVIEW


def within_budget(
    scores: Sequence[PostScore], budget: int
) -> tuple[tuple[PostScore, ...], tuple[PostScore, ...]]:
    """Those that fit into a day's budget of reviews, most severe first, and those left over.

    Ties keep the given order. Nothing is lost: the two parts together are what was given.
    """
    if budget < 0:
        raise ValueError(f"budget must not be negative: {budget}")
    ordered = sorted(scores, key=lambda score: -post_priority(score).value)
    return tuple(ordered[:budget]), tuple(ordered[budget:])
