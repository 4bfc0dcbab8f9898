"""People at risk: who is helped, what is sealed, and what goes first of all.

A person's own crisis goes to a support lane and is never harm done; suspected child exploitation is
sealed and goes to those with the duty to report it; imminent threats to life go before everything.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from policy.cases import Case, CaseKind
from policy.harms import harms_of
from policy.rules import Rule
from policy.scores import PostScore
from policy.words import Harm, Likelihood, Policy, Refusal, Severity, Value

SUSPECTED = 0.5
"""From this likelihood on, child exploitation is suspected and self-harm is to be asked about."""


class SafetyLane(StrEnum):
    """Where a post goes before any other question is asked about it."""

    SUPPORT = "support"
    LEGAL = "legal"


class Safety(Value):
    """The lane, and the rule that chose it."""

    lane: SafetyLane
    case_kind: CaseKind
    rule: str
    clause: str


def safety_lane(
    likelihoods: Mapping[Policy, Likelihood],
    *,
    about_author: bool,
    suspected: float = SUSPECTED,
) -> Safety | None:
    """Tell whether a post goes to the legal or the support lane, the legal one first.

    Args:
        likelihoods: how likely each policy applies.
        about_author: whether the post speaks of its own author. Encouraging others to self-harm is
            not: that is harm done, and goes the usual way.
        suspected: the likelihood from which on it counts.
    """
    if likelihoods.get(Policy.CHILD_EXPLOITATION, 0.0) >= suspected:
        return _safety(SafetyLane.LEGAL, CaseKind.LEGAL, Rule.LEGAL_LANE)
    if about_author and likelihoods.get(Policy.SELF_HARM, 0.0) >= suspected:
        return _safety(SafetyLane.SUPPORT, CaseKind.SUPPORT, Rule.SUPPORT_LANE)
    return None


def harm_done(
    likelihoods: Mapping[Policy, Likelihood], *, about_author: bool
) -> dict[Harm, Likelihood]:
    """The likelihood of each harm done to others: the highest of its policies.

    Self-harm about the author is left out: it is never harm done.
    """
    harms: dict[Harm, Likelihood] = dict.fromkeys(Harm, 0.0)
    for policy, likelihood in likelihoods.items():
        if policy is Policy.SELF_HARM and about_author:
            continue
        for harm in harms_of(policy):
            harms[harm] = max(harms[harm], likelihood)
    return harms


def shown_to_reviewers(case: Case) -> dict[str, Any]:
    """The evidence that an ordinary reviewer may see.

    Raises:
        Refusal: the case is for the legal-reporting desk; its content is sealed.
    """
    if case.kind is CaseKind.LEGAL:
        raise Refusal(Rule.SEALED, f"case {case.id} is sealed")
    return dict(case.evidence)


class Priority(Value):
    """How early a case is looked at: higher comes first; and the rule that says so."""

    value: float
    rule: str
    clause: str


_BANDS: Mapping[Harm | None, float] = {
    Harm.PHYSICAL: 2.0,
    Harm.PSYCHOLOGICAL: 2.0,
    Harm.INFORMATIONAL: 1.0,
    None: 0.0,
}


LIFE = 5.0
"""From this rank on, a life may be in danger."""


def priority(
    *,
    kind: CaseKind,
    imminent_threat: bool = False,
    harm: Harm | None = None,
    severity: Severity = Severity.LOW,
    likelihood: Likelihood = 0.0,
    reach: Likelihood = 0.0,
    age: Likelihood = 0.0,
) -> Priority:
    """Rank a case: life first, then people at risk, then safety before information.

    The bands are 5 threat to life, 4 suspected child exploitation, 3 a person in crisis, 2 physical
    or psychological harm, 1 informational harm, 0 none; a band is never left by what is within it.
    Within a band severity decides, a case whose service level is used up counting as the next
    graver one; then age, likelihood, reach and uncertainty together.

    Args:
        likelihood: how likely it is; a likelihood near one half is uncertain, and counts more.
        reach: how many people may see it, 0 none to 1 as many as count.
        age: the share of the service level that is used; 1 from its end on.
    """
    level = min(severity.rank + (age >= 1.0), Severity.HIGH.rank)
    uncertainty = 1.0 - abs(2.0 * likelihood - 1.0) if likelihood else 0.0
    inner = (
        _WEIGHTS["age"] * age
        + _WEIGHTS["likelihood"] * likelihood
        + _WEIGHTS["reach"] * reach
        + _WEIGHTS["uncertainty"] * uncertainty
    )
    within = (level + inner * 0.99) / 3.0
    if imminent_threat:
        return _priority(LIFE + within, Rule.LIFE_FIRST)
    if kind is CaseKind.LEGAL:
        return _priority(4.0 + within, Rule.LEGAL_LANE)
    if kind is CaseKind.SUPPORT:
        return _priority(3.0 + within, Rule.SUPPORT_LANE)
    return _priority(_BANDS[harm] + within, Rule.SAFETY_FIRST)


_WEIGHTS: Mapping[str, float] = {"age": 0.4, "likelihood": 0.3, "reach": 0.18, "uncertainty": 0.12}
"""Together 1. Twice the weight of uncertainty stays below that of likelihood: what is likelier
never ranks lower."""


def post_priority(score: PostScore, *, imminent: bool = False) -> Priority:
    """Rank a post by the form of harm that its likeliest policy stands for."""
    likeliest = max(score.policies, key=lambda policy: score.policies[policy], default=None)
    if likeliest is None:
        return priority(kind=CaseKind.POST_HARM, imminent_threat=imminent)
    return priority(
        kind=CaseKind.POST_HARM,
        imminent_threat=imminent,
        harm=harms_of(likeliest)[0],
        likelihood=score.policies[likeliest],
    )


def _priority(value: float, rule: Rule) -> Priority:
    return Priority(value=value, rule=rule, clause=rule.clause)


def _safety(lane: SafetyLane, kind: CaseKind, rule: Rule) -> Safety:
    return Safety(lane=lane, case_kind=kind, rule=rule, clause=rule.clause)
