"""Service levels: within which time a case of each kind is to be answered, and its rank with age.

A level is a promise to the people concerned, and no more: a case past it is ranked higher, a case
past its time to lapse restricts nobody.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from policy.at_risk import Priority, priority
from policy.cases import Case, CaseKind
from policy.house import HouseRules
from policy.words import UtcDatetime

IMMINENT = timedelta(hours=1)
"""The level where somebody's life may be in danger, whatever the kind."""

SERVICE: Mapping[CaseKind, timedelta] = MappingProxyType(
    {
        CaseKind.SUPPORT: timedelta(hours=2),
        CaseKind.LEGAL: timedelta(hours=4),
        CaseKind.POST_HARM: timedelta(days=1),
        # Somebody may be restricted wrongly while it waits.
        CaseKind.APPEAL: timedelta(days=3),
        CaseKind.SUSPENSION: timedelta(days=3),
        CaseKind.ASSOCIATION: timedelta(days=5),
        CaseKind.REAPPLICATION: timedelta(days=5),
        CaseKind.COORDINATION: timedelta(days=7),
        CaseKind.ASSESSMENT: timedelta(days=7),
        CaseKind.DESIGNATION: timedelta(days=7),
    }
)
"""Each shorter than the time after which a case of its kind lapses."""

STEPS = 4
"""Age counts in so many steps: a rank that changed every minute would be written every minute."""
_MOST_REACHED = 7.0
"""Decimal digits of the largest reach that counts: ten million people."""


def service_level(case: Case, rules: HouseRules) -> timedelta:
    """Within which time from its opening a case is to be answered."""
    return IMMINENT if case.imminent else level_of(case.kind, rules)


def level_of(kind: CaseKind, rules: HouseRules) -> timedelta:
    """The level of a kind, where nobody's life is in danger."""
    hours = rules.service_hours.get(kind)
    return SERVICE[kind] if hours is None else timedelta(hours=hours)


def due_at(case: Case, rules: HouseRules) -> UtcDatetime:
    """When its service level is missed."""
    return case.opened_at + service_level(case, rules)


def age_of(case: Case, rules: HouseRules, now: UtcDatetime) -> float:
    """The share of the service level that is used, 0 to 1, in quarters; 1 from its end on."""
    used = (now - case.opened_at) / service_level(case, rules)
    return min(max(math.floor(used * STEPS), 0), STEPS) / STEPS


def rank(case: Case, rules: HouseRules, now: UtcDatetime) -> Priority:
    """How early a case is looked at as of `now`."""
    return priority(
        kind=case.kind,
        imminent_threat=case.imminent,
        harm=case.harm,
        severity=case.severity,
        likelihood=case.probability or 0.0,
        reach=min(math.log10(1 + case.reach) / _MOST_REACHED, 1.0),
        age=age_of(case, rules, now),
    )
