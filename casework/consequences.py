"""What a person's decision leads to, each kind of case by its own rule, in the same transaction."""

from casework import dossier, enforce
from casework import evidence as shown
from casework.cases import open_case
from casework.standing import standing_of
from policy.appeals import AppealState
from policy.at_risk import priority
from policy.cases import Case, CaseKind, Decision
from policy.findings import Finding
from policy.lay import Periods
from policy.lift import reverse
from policy.rules import Rule
from policy.technical import check_may_close
from policy.verdicts import (
    AssociationChoice,
    AssociationVerdict,
    CoordinationVerdict,
    PostAction,
    PostHarmVerdict,
    PrimaryUse,
    SecondLook,
    SecondLookVerdict,
    SupportVerdict,
    Verdict,
)
from policy.words import Harm, Refusal, SubjectKind
from store.work import Writing

GROUND_GONE = "review.ground_gone.v1"


def carry_out(
    work: Writing, case: Case, decision: Decision, verdict: Verdict, periods: Periods
) -> None:
    """Do what a decision asks for; limits last as `periods` say.

    Raises:
        Refusal: the policy forbids it; then the decision is not taken either.
    """
    match verdict:
        case AssociationVerdict():
            _association(work, case, decision, verdict, periods)
        case PostHarmVerdict():
            _post_harm(work, case, decision, verdict)
        case SecondLookVerdict(kind=CaseKind.SUSPENSION):
            _suspension(work, case, decision, verdict)
        case SecondLookVerdict():
            _appeal(work, case, decision, verdict)
        case SupportVerdict() | CoordinationVerdict():
            # Kept as what a person found; helping and findings are other people's work.
            return


def _association(
    work: Writing,
    case: Case,
    decision: Decision,
    verdict: AssociationVerdict,
    periods: Periods,
) -> None:
    account_id, group_id = case.subject_id, _group_of(case)
    if verdict.association is AssociationChoice.CANNOT_TELL:
        return
    if verdict.association is AssociationChoice.NOT_ASSOCIATED:
        dossier.remove_member(work, group_id, account_id, why=verdict.reason or "a person's answer")
        _lift_for(work, account_id, group_id, why="a person found no association")
        return
    designation = standing_of(work, group_id)
    if designation is None:
        raise Refusal(GROUND_GONE, f"group {group_id} is not designated any more")
    first = work.decisions.get(case.ref) if case.ref else None
    if first is None and _protected(work, account_id):
        _second_look(work, case, decision)
        return
    dossier.confirm_member(
        work, group_id, account_id, by=decision.decided_by, source=f"decision {decision.id}"
    )
    enforce.limit(
        work,
        account_id,
        designation,
        group=work.groups.need(group_id),
        by=decision.decided_by,
        reason=decision.reason,
        seconded_by=first.decided_by if first else None,
        periods=periods,
        case_id=case.id,
        behaviour=enforce.shown_behaviour(case),
    )
    if verdict.primary_use is PrimaryUse.YES:
        _propose_suspension(work, case, decision, account_id)


def _second_look(work: Writing, case: Case, decision: Decision) -> None:
    """Ask another person the same question, without the first one's answer."""
    open_case(
        work,
        kind=case.kind,
        subject_kind=case.subject_kind,
        subject_id=case.subject_id,
        group_id=case.group_id,
        rule=Rule.PERSON_PROTECTED.value,
        probability=case.probability,
        priority=case.priority,
        evidence=case.evidence,
        ref=decision.id,
    )


def _propose_suspension(work: Writing, case: Case, decision: Decision, account_id: str) -> None:
    association = work.associations.get(account_id, _group_of(case))
    if association is None or not enforce.may_suspend(association):
        return
    open_case(
        work,
        kind=CaseKind.SUSPENSION,
        subject_kind=SubjectKind.ACCOUNT,
        subject_id=account_id,
        group_id=case.group_id,
        rule=Rule.PERSON_SUSPENDS.value,
        priority=priority(kind=CaseKind.SUSPENSION, harm=Harm.PSYCHOLOGICAL).value,
        evidence=shown.for_second_look(
            case.evidence,
            account_id=account_id,
            proposal="Suspend the account: a reviewer found that its primary use is to spread or "
            f"encourage the group's harmful activity. The reviewer's reason: {decision.reason}",
        ),
        ref=decision.id,
    )


def _suspension(work: Writing, case: Case, decision: Decision, verdict: SecondLookVerdict) -> None:
    if verdict.decision is SecondLook.CANNOT_TELL:
        return
    ground, first_by = enforce.suspension_ground(work, case)
    if verdict.decision is SecondLook.REJECT:
        if isinstance(ground, Finding):
            # Proven, it ends in action: where the proof is wrong, the finding is corrected first.
            check_may_close(ground, work.restrictions.find(ground_ref=ground.id), work.now)
        return
    if first_by is None and _protected(work, case.subject_id):
        _second_look(work, case, decision)
        return
    enforce.suspend(work, case, by=decision.decided_by, reason=decision.reason)


def _post_harm(work: Writing, case: Case, decision: Decision, verdict: PostHarmVerdict) -> None:
    if verdict.author_needs_support:
        open_case(
            work,
            kind=CaseKind.SUPPORT,
            subject_kind=SubjectKind.POST,
            subject_id=case.subject_id,
            rule=Rule.SUPPORT_LANE.value,
            priority=priority(kind=CaseKind.SUPPORT).value,
            evidence=case.evidence,
        )
    if verdict.action is PostAction.REQUIRE_REMOVAL:
        first = work.decisions.get(case.ref) if case.ref else None
        if first is None and _protected(work, case.evidence["post"]["account"]):
            _second_look(work, case, decision)
            return
        enforce.require_removal(
            work,
            case,
            broken=verdict.policies,
            by=decision.decided_by,
            reason=decision.reason,
            decision_id=decision.id,
            seconded_by=first.decided_by if first else None,
        )


def _appeal(work: Writing, case: Case, decision: Decision, verdict: SecondLookVerdict) -> None:
    if verdict.decision is SecondLook.CANNOT_TELL:
        raise Refusal(Rule.APPEAL_STEP.value, "an appeal is upheld or overturned, not left")
    appeal = work.appeals.need(case.ref or "")
    decided = appeal.decide(
        # To uphold is to uphold the restriction; to reject it is to overturn.
        overturn=verdict.decision is SecondLook.REJECT,
        by=decision.decided_by,
        at=work.now,
        outcome=decision.reason,
    )
    work.save(decided, action=f"appeal.{decided.state}", why=decision.reason)
    restriction = work.restrictions.need(appeal.restriction_id)
    if decided.state is not AppealState.OVERTURNED:
        return
    account_id = restriction.subject_id if restriction.subject_kind is SubjectKind.ACCOUNT else None
    lifted, shield = reverse(decided, restriction, account_id=account_id, at=work.now)
    if lifted != restriction:
        enforce.keep_lifted(work, lifted)
    if shield is not None:
        work.save(shield, action="shield.raised", why=f"appeal {appeal.id} was won")


def _lift_for(work: Writing, account_id: str, group_id: str, *, why: str) -> None:
    for restriction in enforce.on_subject(work, SubjectKind.ACCOUNT, account_id):
        if restriction.ground.group_id == group_id and restriction.stands(work.now):
            enforce.lift(work, restriction, why=why)


def _group_of(case: Case) -> str:
    if case.group_id is None:
        raise Refusal(GROUND_GONE, f"case {case.id} names no group")
    return case.group_id


def _protected(work: Writing, account_id: str) -> bool:
    entry = work.protected.get(account_id)
    return entry is not None and entry.stands(work.now)
