"""What a decided case leads to, each kind by its own rule, in the transaction that decides it."""

from casework import dossier, enforce
from casework import evidence as shown
from casework.appeal_outcome import tell_outcome
from casework.cases import open_case
from casework.standing import standing_of
from casework.strikes import void_strike
from policy.appeals import AppealState
from policy.cases import AskedAbout, Case, CaseKind, Decision
from policy.findings import Finding
from policy.lay import Periods
from policy.lift import reverse
from policy.opinions import Settled
from policy.rules import Rule
from policy.technical import check_may_close, judge_technical
from policy.verdicts import (
    AssessmentVerdict,
    AssociationChoice,
    AssociationVerdict,
    CoordinationChoice,
    CoordinationVerdict,
    PostAction,
    PostHarmVerdict,
    PrimaryUse,
    SecondLook,
    SecondLookVerdict,
    SupportVerdict,
    Verdict,
)
from policy.words import Policy, Refusal, Severity, SubjectKind
from store.work import Writing

GROUND_GONE = "review.ground_gone.v1"


def carry_out(
    work: Writing, case: Case, decision: Decision, outcome: Settled, periods: Periods
) -> None:
    """Do what a decided case asks for; limits last as `periods` say.

    Args:
        decision: the answer that settled it.
        outcome: what all answers come to.

    Raises:
        Refusal: the policy forbids it; then the answer is not taken either.
    """
    match outcome.verdict:
        case AssociationVerdict() as verdict:
            second = outcome.seconded_by
            _association(work, case, decision, verdict, seconded_by=second, periods=periods)
        case PostHarmVerdict() as verdict:
            _post_harm(work, case, decision, verdict, outcome.seconded_by)
        case SecondLookVerdict(kind=CaseKind.SUSPENSION) as verdict:
            _suspension(work, case, decision, verdict, outcome.seconded_by)
        case SecondLookVerdict(kind=CaseKind.DESIGNATION) as verdict:
            _designation(work, case, decision, verdict)
        case SecondLookVerdict() as verdict:
            _appeal(work, case, decision, verdict, periods)
        case CoordinationVerdict() as verdict:
            _coordination(work, case, decision, verdict)
        case SupportVerdict() | AssessmentVerdict():
            # Kept as what a person found; helping and assessing are other people's work.
            return


def _coordination(
    work: Writing, case: Case, decision: Decision, verdict: CoordinationVerdict
) -> None:
    """A machine's finding that a person refutes stays in the dossier, and counts for nothing.

    Proven technical coordination is not refuted here: its suspensions are asked about one by one.
    Nor is a finding made more than it is: what a person sees beyond it is a finding of their own.
    """
    if verdict.coordination is not CoordinationChoice.NONE:
        return
    if case.subject_kind is not AskedAbout.FINDING:
        return
    finding = work.findings.get(case.subject_id)
    if finding is None or finding.origin != "machine" or judge_technical(finding).proven:
        return
    why = f"{decision.decided_by}: {verdict.reason or 'no coordination'}"
    work.save(
        finding.model_copy(update={"refuted": why}), action="finding.refuted", why=verdict.reason
    )


def check_may_say(work: Writing, case: Case, verdict: Verdict) -> None:
    """Check an answer that the policy never takes, at once and not only when it settles the case.

    Raises:
        Refusal: a proven case would be closed without action.
    """
    if (
        isinstance(verdict, SecondLookVerdict)
        and verdict.kind is CaseKind.SUSPENSION
        and verdict.decision is SecondLook.REJECT
        and case.gold is None
    ):
        ground = enforce.suspension_ground(work, case)
        if isinstance(ground, Finding):
            # Proven, it ends in action: where the proof is wrong, the finding is corrected first.
            check_may_close(ground, work.restrictions.find(ground_ref=ground.id), work.now)


def help_author(work: Writing, case: Case, verdict: Verdict) -> None:
    """Send a person in crisis to support, on anybody's word: help waits for no second opinion."""
    if isinstance(verdict, PostHarmVerdict) and verdict.author_needs_support:
        open_case(
            work,
            kind=CaseKind.SUPPORT,
            subject_kind=SubjectKind.POST,
            subject_id=case.subject_id,
            rule=Rule.SUPPORT_LANE.value,
            severity=Severity.HIGH,
            material=Severity.HIGH,
            policies=(Policy.SELF_HARM,),
            evidence=case.evidence,
        )


def concerns_protected(work: Writing, case: Case) -> bool:
    """Whether the account that a case may restrict is on the protected list."""
    account_id = _account_of(case)
    entry = work.protected.get(account_id) if account_id else None
    return entry is not None and entry.stands(work.now)


def _account_of(case: Case) -> str | None:
    if case.subject_kind is SubjectKind.ACCOUNT:
        return case.subject_id
    post = case.evidence.get("post")
    return post.get("account") if isinstance(post, dict) else None


def _association(
    work: Writing,
    case: Case,
    decision: Decision,
    verdict: AssociationVerdict,
    *,
    seconded_by: str | None,
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
        seconded_by=seconded_by,
        periods=periods,
        case_id=case.id,
        behaviour=enforce.shown_behaviour(case),
    )
    if verdict.primary_use is PrimaryUse.YES:
        _propose_suspension(work, case, decision, account_id)


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
        places=case.places,
        # Whoever proposed it has made up their mind.
        not_by=(*case.not_by, decision.decided_by),
        evidence=shown.for_second_look(
            case.evidence,
            account_id=account_id,
            proposal="Suspend the account: a reviewer found that its primary use is to spread or "
            f"encourage the group's harmful activity. The reviewer's reason: {decision.reason}",
        ),
        ref=decision.id,
    )


def _suspension(
    work: Writing,
    case: Case,
    decision: Decision,
    verdict: SecondLookVerdict,
    seconded_by: str | None,
) -> None:
    if verdict.decision is SecondLook.UPHOLD:
        enforce.suspend(
            work, case, by=decision.decided_by, reason=decision.reason, seconded_by=seconded_by
        )


def _designation(work: Writing, case: Case, decision: Decision, verdict: SecondLookVerdict) -> None:
    proposal = work.designations.need(case.ref or "")
    if verdict.decision is SecondLook.CANNOT_TELL:
        return
    if verdict.decision is SecondLook.REJECT:
        declined = proposal.decline(by=decision.decided_by, reason=decision.reason, at=work.now)
        work.save(declined, action="designation.declined", why=decision.reason)
        return
    if proposal.signed is None:
        raise Refusal(GROUND_GONE, f"designation {proposal.id} is signed by nobody any more")
    in_force = proposal.second(
        work.assessments.need(proposal.signed.assessment_id),
        by=decision.decided_by,
        reason=decision.reason,
        at=work.now,
    )
    work.save(in_force, action="designation.designated", why=decision.reason)


def _post_harm(
    work: Writing,
    case: Case,
    decision: Decision,
    verdict: PostHarmVerdict,
    seconded_by: str | None,
) -> None:
    if verdict.action is PostAction.REQUIRE_REMOVAL:
        enforce.require_removal(
            work,
            case,
            broken=verdict.policies,
            by=decision.decided_by,
            reason=decision.reason,
            decision_id=decision.id,
            seconded_by=seconded_by,
        )


def _appeal(
    work: Writing, case: Case, decision: Decision, verdict: SecondLookVerdict, periods: Periods
) -> None:
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
    tell_outcome(work, decided, restriction)
    if decided.state is not AppealState.OVERTURNED:
        settled = restriction.settle(at=work.now)
        if settled != restriction:
            work.save(settled, action="restriction.upheld", why=decision.reason)
        return
    account_id = restriction.subject_id if restriction.subject_kind is SubjectKind.ACCOUNT else None
    lifted, shield = reverse(
        decided, restriction, account_id=account_id, at=work.now, shield_for=periods.shield
    )
    if lifted != restriction:
        enforce.keep_lifted(work, lifted)
    void_strike(work, restriction, why=f"appeal {appeal.id} was won")
    if shield is not None:
        work.save(shield, action="shield.raised", why=f"appeal {appeal.id} was won")


def _lift_for(work: Writing, account_id: str, group_id: str, *, why: str) -> None:
    laid = enforce.on_subject(work, SubjectKind.ACCOUNT, account_id)
    own = [one for one in laid if one.ground.group_id == group_id]
    enforce.lift_standing(work, own, why=why)


def _group_of(case: Case) -> str:
    if case.group_id is None:
        raise Refusal(GROUND_GONE, f"case {case.id} names no group")
    return case.group_id
