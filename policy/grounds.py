"""What a restriction can stand on, and which kinds each ground and subject allow.

Source: "Enforcement against coordinated harmful activity", its two lists of actions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from policy.clauses import Clause
from policy.designation import Designation
from policy.findings import Finding
from policy.people import require_person
from policy.restrictions import Ground, GroundKind
from policy.rules import Rule
from policy.words import (
    Id,
    Policy,
    Refusal,
    RestrictionKind,
    SubjectKind,
    UtcDatetime,
    Value,
)

_K = RestrictionKind
LIMITS: tuple[RestrictionKind, ...] = (
    _K.LIMIT_SEARCH,
    _K.LIMIT_REPLIES,
    _K.LIMIT_TIMELINES,
    _K.NO_EMAIL_RECOMMENDATION,
    _K.NO_PRODUCT_RECOMMENDATION,
)

ALLOWED: Mapping[tuple[GroundKind, SubjectKind], tuple[RestrictionKind, ...]] = MappingProxyType(
    {
        (GroundKind.DESIGNATION, SubjectKind.ACCOUNT): (*LIMITS, _K.SUSPEND_ACCOUNT),
        (GroundKind.DESIGNATION, SubjectKind.POST): LIMITS,
        (GroundKind.DESIGNATION, SubjectKind.TREND): (_K.BLOCK_TREND,),
        (GroundKind.TECHNICAL, SubjectKind.ACCOUNT): (*LIMITS, _K.SUSPEND_ACCOUNT),
        (GroundKind.TECHNICAL, SubjectKind.POST): (*LIMITS, _K.REQUIRE_REMOVAL),
        (GroundKind.TECHNICAL, SubjectKind.TREND): (),
        (GroundKind.VIOLATION, SubjectKind.ACCOUNT): (_K.SUSPEND_ACCOUNT,),
        (GroundKind.VIOLATION, SubjectKind.POST): (_K.REQUIRE_REMOVAL,),
        (GroundKind.VIOLATION, SubjectKind.TREND): (),
    }
)
"""Which kinds each ground allows on each subject."""


class Violation(Value):
    """A post or an account found by a person to break a rule of its own."""

    id: Id
    account_id: Id
    post_id: str | None = None
    policy: Policy
    """The rule that is broken; a removal cites it."""
    severe: bool = False
    found_by: str
    """`person:<name>`."""
    found_at: UtcDatetime
    reason: str = Field(min_length=1)

    def model_post_init(self, _context: Any) -> None:
        """A violation is a person's finding.

        Raises:
            Refusal: found by a machine, or without a reason.
        """
        require_person(self.found_by, self.reason, Rule.PERSON_REMOVES)

    def check_own(self, subject_kind: SubjectKind, subject_id: str) -> None:
        """Check that the subject itself broke the rule.

        Raises:
            Refusal: it was another post or account.
        """
        own = self.post_id if subject_kind is SubjectKind.POST else self.account_id
        if subject_id != own:
            rule = Rule.REMOVAL if subject_kind is SubjectKind.POST else Rule.GROUND
            raise Refusal(rule, f"violation {self.id} is not {subject_kind} {subject_id}'s own")


def kinds_on(subject: SubjectKind, ground: GroundKind) -> tuple[RestrictionKind, ...]:
    """The kinds that may be laid on a subject for a ground."""
    return ALLOWED[ground, subject]


def ground_of(on: Designation | Finding | Violation) -> Ground:
    """The ground that a restriction keeps: kind and reference."""
    if isinstance(on, Designation):
        return Ground(kind=GroundKind.DESIGNATION, ref=on.id, group_id=on.group_id)
    if isinstance(on, Finding):
        return Ground(
            kind=GroundKind.TECHNICAL, ref=on.id, group_id=on.group_id, policy=Policy.SPAM
        )
    return Ground(kind=GroundKind.VIOLATION, ref=on.id, policy=on.policy)


_CLAUSES: Mapping[RestrictionKind, tuple[Rule, Clause]] = MappingProxyType(
    {
        _K.LIMIT_SEARCH: (Rule.LIMIT, Clause.VISIBILITY),
        _K.LIMIT_REPLIES: (Rule.LIMIT, Clause.VISIBILITY),
        _K.LIMIT_TIMELINES: (Rule.LIMIT, Clause.VISIBILITY),
        _K.NO_EMAIL_RECOMMENDATION: (Rule.NOT_RECOMMENDED, Clause.RECOMMENDATION),
        _K.NO_PRODUCT_RECOMMENDATION: (Rule.NOT_RECOMMENDED, Clause.RECOMMENDATION),
        _K.BLOCK_TREND: (Rule.TREND_BLOCKED, Clause.TRENDS),
        _K.SUSPEND_ACCOUNT: (Rule.PRIMARY_USE, Clause.SUSPENSION),
    }
)


def clause_for(kind: RestrictionKind, on: Designation | Finding | Violation) -> tuple[Rule, Clause]:
    """The rule and clause that allow a kind on a ground."""
    if isinstance(on, Finding):
        return Rule.TECHNICAL_PROVEN, Clause.TECHNICAL_PROVEN
    if isinstance(on, Violation):
        if kind is RestrictionKind.REQUIRE_REMOVAL:
            return Rule.REMOVAL, Clause.VIOLATION_REMOVAL
        return Rule.VIOLATIONS, Clause.VIOLATION_SUSPENSION
    return _CLAUSES[kind]
