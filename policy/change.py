"""What evidence would change an assessment: which test is one level short, or carries it all.

Read off the table of severity: for each form of harm and each of its three tests, the outcome is
looked up with that test one level higher (where nothing is proposed) or lower (where it is).
"""

from collections.abc import Iterator, Mapping, Sequence

from policy.assessment import rule_of
from policy.rules import Rule
from policy.severity import (
    EXTREME_NUMBER,
    MULTIPLE_SOURCES,
    NUMEROUS_EXAMPLES,
    NUMEROUS_SOURCES,
    RECURRING,
    SEVERAL,
    HarmAssessment,
)
from policy.severity_table import TABLE
from policy.words import Harm, Severity

_NAMES = ("documented", "sources", "likelihood")
_MORE: Mapping[tuple[str, Severity], str] = {
    ("documented", Severity.MODERATE): f"one moderate incident, or {SEVERAL} events",
    ("documented", Severity.HIGH): f"one extreme incident, or {EXTREME_NUMBER} events",
    ("sources", Severity.MODERATE): f"{MULTIPLE_SOURCES} independent credible sources",
    ("sources", Severity.HIGH): (
        f"{NUMEROUS_SOURCES} independent credible sources of the extreme harm itself, over "
        f"{NUMEROUS_EXAMPLES} events"
    ),
    ("likelihood", Severity.MODERATE): "an event within the last year",
    ("likelihood", Severity.HIGH): f"{RECURRING} events within the last 180 days",
}


def what_would_change(
    rule: Rule, harms: Sequence[HarmAssessment], finding_ids: Sequence[str]
) -> tuple[str, ...]:
    """What evidence would turn the outcome, one line each; empty where no single test would.

    Args:
        rule: the rule that decided.
        harms: the three forms of harm, assessed.
        finding_ids: the findings that are coordination.
    """
    match rule:
        case Rule.DESIGNATE_ONE_HIGH | Rule.DESIGNATE_MODERATES:
            return tuple(_rests_on(harms, finding_ids))
        case Rule.HARM_TOO_LOW | Rule.ACTIVISM:
            return tuple(_one_short(harms))
        case Rule.NOT_COORDINATED:
            return ("coordination: one finding that rests on posts or sources, cited by the harm",)
        case _:
            return ()


def _one_short(harms: Sequence[HarmAssessment]) -> Iterator[str]:
    for one in harms:
        for name, level in zip(_NAMES, _levels(one), strict=True):
            if level is Severity.HIGH:
                continue
            higher = list(Severity)[level.rank + 1]
            severity, why = TABLE[_with(one, name, higher)]
            met = rule_of(_severities(harms, one.harm, severity))
            if met is not Rule.HARM_TOO_LOW:
                yield (
                    f"{one.harm}: {_MORE[name, higher]} would make it {severity} ({why}), and "
                    f"that proposes to designate [{met}]"
                )


def _rests_on(harms: Sequence[HarmAssessment], finding_ids: Sequence[str]) -> Iterator[str]:
    if len(finding_ids) == 1:
        yield f"coordination: it rests on finding {finding_ids[0]} alone"
    for one in harms:
        for name, level in zip(_NAMES, _levels(one), strict=True):
            if level is Severity.LOW:
                continue
            lower = list(Severity)[level.rank - 1]
            severity, why = TABLE[_with(one, name, lower)]
            met = rule_of(_severities(harms, one.harm, severity))
            if met is Rule.HARM_TOO_LOW:
                yield (
                    f"{one.harm}: without {_MORE[name, level]} it would be {severity} ({why}), "
                    f"and nothing would be proposed [{met}]"
                )


def _levels(one: HarmAssessment) -> tuple[Severity, Severity, Severity]:
    return one.documented.level, one.sources.level, one.likelihood.level


def _with(one: HarmAssessment, name: str, level: Severity) -> tuple[Severity, Severity, Severity]:
    levels = dict(zip(_NAMES, _levels(one), strict=True)) | {name: level}
    return levels["documented"], levels["sources"], levels["likelihood"]


def _severities(
    harms: Sequence[HarmAssessment], changed: Harm, to: Severity
) -> dict[Harm, Severity]:
    return {one.harm: to if one.harm is changed else one.severity for one in harms}
