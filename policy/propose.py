"""Proposing to designate: on an assessment that carries it, and never soon after a withdrawal.

Source: "Enforcement against coordinated harmful activity". Laying on must not flap: after a group's
designation ended, a while has to pass, and something has to count that did not count then. Letting
go waits for nothing.
"""

from datetime import timedelta

from policy.assessment import Assessment, Outcome
from policy.designation import Designation, DesignationState, Step
from policy.life_rules import LifeRule
from policy.rules import RULES
from policy.words import Refusal, UtcDatetime

SETTLES = timedelta(days=14)
"""So long after a group's designation or proposal ended, nothing is proposed again."""


def propose(
    designation_id: str,
    assessment: Assessment,
    *,
    by: str,
    at: UtcDatetime,
    ended: Designation | None = None,
    ended_on: Assessment | None = None,
) -> Designation:
    """Propose to designate, as a machine or a person may; nothing is in force by it.

    Args:
        designation_id: the id of the designation.
        assessment: what carries it.
        by: who proposes.
        at: the present moment.
        ended: the last designation or proposal of this group that was withdrawn, if there is one.
        ended_on: the assessment that it last stood on: what it counted is no news.

    Raises:
        Refusal: the assessment does not propose it; or the group's last designation ended less than
            `SETTLES` ago, or nothing counts now that did not count then.
    """
    if assessment.outcome is not Outcome.DESIGNATE:
        raise Refusal(assessment.rule, f"assessment {assessment.id}: {assessment.why}")
    if ended is not None:
        _check_settled(ended, ended_on, assessment, at)
    rule = RULES[assessment.rule]
    step = Step(
        state=DesignationState.PROPOSED,
        at=at,
        by=by,
        reason=assessment.why,
        assessment_id=assessment.id,
        rule=rule,
        clause=rule.clause,
    )
    return Designation(
        id=designation_id,
        group_id=assessment.group_id,
        state=DesignationState.PROPOSED,
        assessment_id=assessment.id,
        history=(step,),
    )


def _check_settled(
    ended: Designation, ended_on: Assessment | None, assessment: Assessment, at: UtcDatetime
) -> None:
    since = ended.history[-1].at
    if at < since + SETTLES:
        raise Refusal(
            LifeRule.AGAIN,
            f"designation {ended.id} ended on {since:%F}; the group is proposed again "
            f"{SETTLES.days} days after that at the earliest",
        )
    if ended_on is not None and not assessment.counted - ended_on.counted:
        raise Refusal(
            LifeRule.AGAIN,
            f"assessment {assessment.id} counts nothing that designation {ended.id} did not rest "
            "on when it ended",
        )
