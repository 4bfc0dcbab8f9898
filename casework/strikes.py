"""Strikes: violations of one's own, counted for a while; severe or repeated ones ask for more.

Source: "Suspension of accounts engaged in severe or repeated violations of the Twitter Rules". A
person found each violation; whether they add up to a suspension is asked of people again.
"""

from casework import evidence as shown
from casework.cases import open_case
from policy.appeals import STRIKE_PERIOD, Strike, repeated
from policy.cases import Case, CaseKind, Decision
from policy.grounds import Violation
from policy.people import is_person
from policy.restrictions import GroundKind, Restriction
from policy.rules import Rule
from policy.verdicts import PostHarmVerdict
from policy.words import Severity, SubjectKind
from store.work import Reading, Writing


def give_strike(work: Writing, case: Case, violation: Violation) -> Strike:
    """Give a strike for a violation; severe or repeated ones ask whether to suspend."""
    strike = Strike(
        id=f"strike_{violation.id}",
        account_id=violation.account_id,
        policy=violation.policy,
        violation_id=violation.id,
        at=work.now,
        expires_at=work.now + STRIKE_PERIOD,
    )
    work.save(strike, action="strike.given", why=violation.reason)
    standing = work.strikes.find(account_id=violation.account_id)
    if violation.severe or repeated(standing, violation.account_id, work.now):
        _propose_suspension(work, case, violation, len(standing))
    return strike


def void_strike(work: Writing, restriction: Restriction, *, why: str) -> None:
    """Take back the strike that a removal gave, where an appeal showed that nothing was broken."""
    if restriction.ground.kind is not GroundKind.VIOLATION:
        return
    strike = work.strikes.get(f"strike_{restriction.ground.ref}")
    if strike is not None and strike.stands(work.now):
        void = strike.model_copy(update={"expires_at": work.now})
        work.save(void, action="strike.voided", why=why)


def violation_of(work: Reading, decision: Decision) -> Violation | None:
    """The violation that a person's decision on a post found; None where it found none."""
    strike = work.strikes.get(f"strike_{decision.id}")
    if strike is None:
        return None
    case = work.cases.need(decision.case_id)
    verdict = PostHarmVerdict.model_validate(decision.details)
    return Violation(
        id=decision.id,
        account_id=strike.account_id,
        post_id=case.subject_id,
        policy=strike.policy,
        severe=verdict.policies.get(strike.policy) is Severity.HIGH,
        found_by=decision.decided_by,
        found_at=strike.at,
        reason=decision.reason,
    )


def _propose_suspension(work: Writing, case: Case, violation: Violation, strikes: int) -> None:
    why = "a severe violation" if violation.severe else f"{strikes} violations within a year"
    open_case(
        work,
        kind=CaseKind.SUSPENSION,
        subject_kind=SubjectKind.ACCOUNT,
        subject_id=violation.account_id,
        rule=Rule.VIOLATIONS.value,
        policies=(violation.policy,),
        places=case.places,
        not_by=[violation.found_by] if is_person(violation.found_by) else (),
        evidence=shown.for_second_look(
            case.evidence,
            account_id=violation.account_id,
            proposal=f"Suspend the account for {why}. The last: {violation.reason}",
        ),
        ref=violation.id,
    )
