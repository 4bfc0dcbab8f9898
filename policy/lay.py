"""Laying restrictions: which may be laid, on whom, on which ground, by whom, for how long.

Source: "Enforcement against coordinated harmful activity". `lay` is the only way to a restriction;
whatever it refuses, it names the rule.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from policy.appeals import SHIELD_PERIOD, Shield, Strike, repeated
from policy.brake import Brake, stopping
from policy.designation import Designation
from policy.findings import Finding
from policy.grounds import Violation, clause_for, ground_of, kinds_on
from policy.life_rules import LifeRule
from policy.people import Act, is_person, needs_person, require_person
from policy.protected import check_second_look
from policy.reapply import Seen, check_again, same_ground
from policy.restrictions import Cause, Ground, GroundKind, Restriction
from policy.rules import Rule
from policy.scores import Share
from policy.technical import judge_technical
from policy.use import PRIMARY_USE_LEVEL, PRIMARY_USE_POSTS, is_primary
from policy.words import Id, Lane, Refusal, RestrictionKind, SubjectKind, UtcDatetime, Value

CAP = timedelta(days=180)
"""No setting lets a limit last longer."""

MANUAL_HOLDS = timedelta(days=30)
"""So long after a person lifted something by hand, no machine lays it again."""

ENDLESS = frozenset({RestrictionKind.REQUIRE_REMOVAL, RestrictionKind.SUSPEND_ACCOUNT})
"""These end by appeal or reversal; all others are limits and expire."""

_ACTS = {
    RestrictionKind.REQUIRE_REMOVAL: Act.REMOVE,
    RestrictionKind.SUSPEND_ACCOUNT: Act.SUSPEND,
}


class Periods(Value):
    """How long limits last: the usual period, and the longest that may be asked for."""

    usual: timedelta = timedelta(days=30)
    longest: timedelta = timedelta(days=90)
    shield: timedelta = SHIELD_PERIOD
    """How long a won appeal keeps the machine from the account."""

    @model_validator(mode="after")
    def _within_cap(self) -> Self:
        if not timedelta(0) < self.usual <= self.longest <= CAP:
            raise ValueError(f"0 < usual <= longest <= {CAP.days} days must hold")
        return self


class Opinion(Value):
    """What a machine that wants to act knows about its own likelihood."""

    lane: Lane
    calibrated: bool
    language_calibrated: bool


class Order(Value):
    """What somebody wants laid."""

    restriction_id: Id
    subject_kind: SubjectKind
    subject_id: Id
    account_id: str | None = None
    """Who answers for the subject: the account itself, or the post's author; None for a trend."""
    kind: RestrictionKind
    by: str = Field(min_length=1)
    """`person:<name>` or `model:<name>`."""
    reason: str = ""
    """Needed from people for suspension, removal and protected accounts."""
    case_id: str | None = None
    evidence: tuple[Id, ...] = ()
    period: timedelta | None = None
    """For limits; None takes the usual one."""

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.subject_kind is SubjectKind.ACCOUNT and self.account_id not in (
            None,
            self.subject_id,
        ):
            raise ValueError("account_id: an account answers for itself")
        return self

    @property
    def answering(self) -> str | None:
        """The account that answers for the subject."""
        return self.subject_id if self.subject_kind is SubjectKind.ACCOUNT else self.account_id


def lay(
    order: Order,
    on: Designation | Finding | Violation,
    *,
    now: UtcDatetime,
    protected: bool,
    periods: Periods | None = None,
    opinion: Opinion | None = None,
    seconded_by: str | None = None,
    primary_use: Share | None = None,
    strikes: Iterable[Strike] = (),
    earlier: Iterable[Restriction] = (),
    seen: Iterable[Seen] = (),
    shields: Iterable[Shield] = (),
    brakes: Iterable[Brake] = (),
) -> Restriction:
    """Lay one restriction, from `now` on.

    Args:
        order: what, on whom, by whom.
        on: the ground it stands on.
        now: the present moment.
        protected: whether the account that answers is on the protected list.
        periods: the usual and the longest period of limits.
        opinion: what the machine knows; needed where a machine lays it.
        seconded_by: the second person; needed for protected accounts.
        primary_use: for a suspension on a designation.
        strikes: standing and past strikes, for a suspension on a violation.
        earlier: all restrictions laid on this subject before.
        seen: behaviour of this subject, for laying a limit again.
        shields: those that won appeals gave.
        brakes: those that are pulled; people act all the while.

    Raises:
        Refusal: names the first rule that stands against it.
    """
    ground = ground_of(on)
    _check_subject(order, ground.kind)
    _check_ground(order, on, now)
    _check_who(order, opinion, seconded_by, protected=protected)
    before = tuple(earlier)
    if not is_person(order.by):
        _check_machine(order, ground, before, shields=shields, brakes=brakes, now=now)
    _check_severe_enough(order, on, primary_use, tuple(strikes), now)
    since = check_again(
        subject_kind=order.subject_kind,
        subject_id=order.subject_id,
        kind=order.kind,
        ground=ground,
        earlier=before,
        seen=seen,
        now=now,
    )
    rule, clause = (Rule.REAPPLY, Rule.REAPPLY.clause) if since else clause_for(order.kind, on)
    return Restriction(
        id=order.restriction_id,
        subject_kind=order.subject_kind,
        subject_id=order.subject_id,
        kind=order.kind,
        ground=ground,
        cause=Cause(
            by=order.by,
            case_id=order.case_id,
            rule=rule,
            clause=clause,
            evidence=tuple(dict.fromkeys((*order.evidence, *since))),
        ),
        starts_at=now,
        expires_at=_expiry(order, periods or Periods(), now),
    )


def _check_subject(order: Order, ground: GroundKind) -> None:
    if (order.kind is RestrictionKind.BLOCK_TREND) != (order.subject_kind is SubjectKind.TREND):
        raise Refusal(Rule.TREND_ONLY, f"{order.kind} does not fit a {order.subject_kind}")
    if order.kind not in kinds_on(order.subject_kind, ground):
        rule = (
            Rule.REMOVAL
            if order.kind is RestrictionKind.REQUIRE_REMOVAL and ground is GroundKind.DESIGNATION
            else Rule.SUBJECT
        )
        raise Refusal(rule, f"{order.kind} is not laid on a {order.subject_kind} for {ground}")
    if not order.evidence and not (is_person(order.by) and order.case_id):
        raise Refusal(Rule.EVIDENCE_CITED, "evidence: cite the posts or the case it rests on")


def _check_ground(order: Order, on: Designation | Finding | Violation, now: UtcDatetime) -> None:
    if isinstance(on, Designation):
        on.check_may_limit(now)
        if order.kind not in on.measures:
            raise Refusal(Rule.MEASURES, f"designation {on.id} does not carry {order.kind}")
    elif isinstance(on, Finding):
        result = judge_technical(on)
        if not result.proven:
            raise Refusal(result.rule, f"finding {on.id} enforces nothing by itself: {result.why}")
        if order.answering not in on.account_ids:
            raise Refusal(Rule.GROUND, f"finding {on.id} is not about {order.answering}")
    else:
        on.check_own(order.subject_kind, order.subject_id)


def _check_who(
    order: Order, opinion: Opinion | None, seconded_by: str | None, *, protected: bool
) -> None:
    act = _ACTS.get(order.kind, Act.LIMIT)
    if is_person(order.by):
        if protected:
            check_second_look(order.by, seconded_by, order.reason)
        elif act is not Act.LIMIT:
            require_person(order.by, order.reason)
        return
    if not order.by.startswith("model:"):
        raise Refusal(Rule.PERSON_NAMED, "by: person:<name> or model:<name>")
    known = opinion or Opinion(lane=Lane.REVIEW, calibrated=False, language_calibrated=False)
    rule = needs_person(
        act,
        calibrated=known.calibrated,
        language_calibrated=known.language_calibrated,
        protected=protected,
        lane=known.lane,
    )
    if rule is not None:
        raise Refusal(rule, f"{order.by} may not do this: {rule.says}")


def _check_machine(
    order: Order,
    ground: Ground,
    earlier: tuple[Restriction, ...],
    *,
    shields: Iterable[Shield],
    brakes: Iterable[Brake],
    now: UtcDatetime,
) -> None:
    """Check that no person's word stands against a machine's act: manual beats automatic."""
    brake = stopping(brakes, order.by, ground.group_id, order.kind, now)
    if brake is not None:
        raise Refusal(LifeRule.BRAKE, f"brake {brake.id} is pulled: {brake.reason}")
    if any(
        order.answering and shield.covers(order.answering, ground.group_id, now)
        for shield in shields
    ):
        raise Refusal(Rule.SHIELDED, "an appeal was won; until the shield ends people decide")
    if any(
        one.lifted_by is not None
        and one.lifted_at is not None
        and one.lifted_at <= now < one.lifted_at + MANUAL_HOLDS
        and same_ground(one.ground, ground)
        for one in earlier
    ):
        raise Refusal(
            LifeRule.MANUAL, f"a person lifted it; for {MANUAL_HOLDS.days} days people decide"
        )


def _check_severe_enough(
    order: Order,
    on: Designation | Finding | Violation,
    primary_use: Share | None,
    strikes: tuple[Strike, ...],
    now: UtcDatetime,
) -> None:
    if order.kind is not RestrictionKind.SUSPEND_ACCOUNT:
        return
    if isinstance(on, Designation) and (primary_use is None or not is_primary(primary_use)):
        raise Refusal(
            Rule.PRIMARY_USE,
            f"primary_use: more than {PRIMARY_USE_LEVEL:.0%} of at least {PRIMARY_USE_POSTS} "
            "recent posts, beyond doubt of sampling, have to carry the harmful activity",
        )
    if isinstance(on, Violation) and not (on.severe or repeated(strikes, on.account_id, now)):
        raise Refusal(Rule.VIOLATIONS, "the violation is neither severe nor one of repeated ones")


def _expiry(order: Order, periods: Periods, now: UtcDatetime) -> UtcDatetime | None:
    if order.kind in ENDLESS:
        if order.period is not None:
            raise Refusal(Rule.PERIOD, f"period: {order.kind} has none")
        return None
    period = periods.usual if order.period is None else order.period
    if not timedelta(0) < period <= periods.longest:
        raise Refusal(Rule.PERIOD, f"period: more than 0 and at most {periods.longest.days} days")
    return now + period
