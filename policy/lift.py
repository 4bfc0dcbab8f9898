"""Lifting: what falls when a designation is withdrawn or narrowed, or an appeal is won.

Source: designations are modified or withdrawn "based on changes in a group's on- and off-Twitter
behavior". What hung on that ground falls, and only that.
"""

from collections.abc import Iterable
from datetime import timedelta

from policy.appeals import SHIELD_PERIOD, Appeal, AppealState, Shield
from policy.designation import Designation, DesignationState
from policy.restrictions import GroundKind, Restriction
from policy.rules import Rule
from policy.words import Refusal, SubjectKind, UtcDatetime


def lift_with(
    designation: Designation, restrictions: Iterable[Restriction], at: UtcDatetime
) -> tuple[Restriction, ...]:
    """Lift what a withdrawn or modified designation does not carry any more.

    Returns:
        Only those that changed; what stands on another ground, or has ended, is left alone.

    Raises:
        Refusal: the designation is neither withdrawn nor modified.
    """
    if designation.state not in (DesignationState.WITHDRAWN, DesignationState.MODIFIED):
        raise Refusal(
            Rule.LIFT_WITHDRAWN, f"designation {designation.id} is {designation.state}, so it holds"
        )
    withdrawn = designation.state is DesignationState.WITHDRAWN
    why = f"designation {designation.state} [{Rule.LIFT_WITHDRAWN}]"
    return tuple(
        one.lift(at=at, why=why)
        for one in restrictions
        if one.ground.kind is GroundKind.DESIGNATION
        and one.ground.ref == designation.id
        and (withdrawn or one.kind not in designation.measures)
        and one.ended_at(at) is None
    )


def tell_lifted(lifted: Restriction) -> str:
    """The notice to the person that something ended before its time, in plain words.

    Raises:
        Refusal: it was not lifted.
    """
    if lifted.lifted_at is None:
        raise Refusal(Rule.LIFT, f"restriction {lifted.id} was not lifted")
    subject = {
        SubjectKind.ACCOUNT: "your account",
        SubjectKind.POST: "one of your posts",
        SubjectKind.TREND: "a trend",
    }[lifted.subject_kind]
    why = (lifted.lifted_why or "").split(" [")[0].rstrip(".")
    return (
        f"What was laid on {subject} on {lifted.starts_at:%d %B %Y} "
        f"({lifted.kind.value.replace('_', ' ')}) was lifted on "
        f"{lifted.lifted_at:%d %B %Y at %H:%M} UTC. Why: {why}."
    )


def reverse(
    appeal: Appeal,
    restriction: Restriction,
    *,
    account_id: str | None,
    at: UtcDatetime,
    shield_for: timedelta = SHIELD_PERIOD,
) -> tuple[Restriction, Shield | None]:
    """Carry out a won appeal: lift the restriction at once, and shield the account.

    Args:
        appeal: an overturned one.
        restriction: the one it is about; where it has ended already, it is given back unchanged.
        account_id: who answers for the subject; None for a trend, which needs no shield.
        at: the moment of reversal.
        shield_for: how long the machine leaves the account alone.

    Raises:
        Refusal: the appeal was not won, or is about another restriction.
    """
    if appeal.state is not AppealState.OVERTURNED or appeal.restriction_id != restriction.id:
        raise Refusal(Rule.APPEAL_STEP, f"appeal {appeal.id} does not overturn {restriction.id}")
    lifted = (
        restriction
        if restriction.ended_at(at) is not None
        else restriction.lift(at=at, why=f"appeal {appeal.id} was won: {appeal.outcome}")
    )
    if account_id is None or restriction.subject_kind is SubjectKind.TREND:
        return lifted, None
    shield = Shield(
        account_id=account_id,
        appeal_id=appeal.id,
        group_id=restriction.ground.group_id,
        from_at=at,
        until=at + shield_for,
    )
    return lifted, shield
