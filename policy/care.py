"""Care for reviewers: what is blurred, and how much severe material somebody is served.

Repeated exposure to severe material harms those who look at it for others; blurring, limits,
opt-outs and breaks are what helps. Nothing here bars anybody from answering: it decides only what
is served.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from policy.cases import Case
from policy.house import HouseRules
from policy.review_rules import ReviewRule
from policy.reviewers import Barred, Reviewer
from policy.words import Id, Likelihood, Policy, Severity, UtcDatetime, Value

DAY = timedelta(days=1)
SHOWN_FROM = 0.5
"""From this likelihood on, a text is taken for what the policy is about."""

_GRAVE = frozenset(
    {
        Policy.VIOLENCE,
        Policy.EXTREMISM,
        Policy.CHILD_EXPLOITATION,
        Policy.HATE,
        Policy.SELF_HARM,
        Policy.NONCONSENSUAL_NUDITY,
    }
)
_HARD = frozenset({Policy.ABUSE, Policy.PRIVATE_INFO})


class Blur(StrEnum):
    """What of a case is blurred until it is asked for."""

    NONE = "none"
    SEVERE_POSTS = "severe_posts"
    """Posts that are severe themselves."""
    ALL_POSTS = "all_posts"


class Served(Value):
    """A case that a reviewer was given."""

    reviewer_id: Id
    case_id: Id
    round: int
    at: UtcDatetime
    """When it was served last."""
    severe: bool
    skipped: bool = False
    """Whether they would rather leave it to others."""


def gravity(likelihoods: Mapping[Policy, Likelihood]) -> Severity:
    """How hard a text is to read, by what it most likely is."""
    likely = {policy for policy, likelihood in likelihoods.items() if likelihood >= SHOWN_FROM}
    if likely & _GRAVE:
        return Severity.HIGH
    return Severity.MODERATE if likely & _HARD else Severity.LOW


def blur(case: Case) -> Blur:
    """What is blurred until asked for."""
    if is_severe(case):
        return Blur.ALL_POSTS
    return Blur.SEVERE_POSTS if case.material is Severity.MODERATE else Blur.NONE


def is_severe(case: Case) -> bool:
    """Whether a case counts against the limits of severe material."""
    return case.material is Severity.HIGH or case.imminent


def spared(
    reviewer: Reviewer,
    case: Case,
    served: Sequence[Served],
    rules: HouseRules,
    now: UtcDatetime,
) -> Barred | None:
    """Why a case is not served to a reviewer just now, for their own sake; None where it is.

    Args:
        served: what they were served, oldest first; older than a day counts for nothing.
    """
    if set(case.policies) & set(reviewer.opt_outs):
        return _spared(ReviewRule.REVIEWER_OPT_OUT, "opted out of material of this kind")
    if not is_severe(case):
        return None
    if reviewer.break_until is not None and now < reviewer.break_until:
        return _spared(
            ReviewRule.REVIEWER_BREAK, f"on a break until {reviewer.break_until:%F %H:%M} UTC"
        )
    recent = [one for one in served if now - DAY < one.at <= now]
    # A case that is served again is the same case, not one more.
    others = [one for one in recent if (one.case_id, one.round) != (case.id, case.round)]
    most = rules.severe_a_day
    if reviewer.severe_a_day is not None:
        most = min(most, reviewer.severe_a_day)
    if sum(one.severe for one in others) >= most:
        return _spared(ReviewRule.REVIEWER_IN_A_DAY, f"{most} severe cases in a day are enough")
    last = others[-rules.severe_in_a_row :]
    rested = not last or now - last[-1].at >= timedelta(minutes=rules.rest_minutes)
    if len(last) == rules.severe_in_a_row and all(one.severe for one in last) and not rested:
        return _spared(
            ReviewRule.REVIEWER_IN_A_ROW,
            f"{rules.severe_in_a_row} severe cases in a row are enough; something else first, or "
            f"{rules.rest_minutes} minutes of rest",
        )
    return None


def _spared(rule: ReviewRule, reason: str) -> Barred:
    return Barred(rule=rule, reason=reason)
