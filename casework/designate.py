"""Designation: proposed from an assessment, put in force, reviewed, modified, withdrawn by people.

Source: "Enforcement against coordinated harmful activity". What hangs on a designation follows it
in the same transaction.
"""

from casework import enforce
from casework.group_cases import ask_for_second, close_second
from casework.ids import new_id
from casework.office import Office
from casework.steps import step
from policy.boilerplate import check_answers
from policy.cases import CaseKind, CaseState
from policy.designation import STANDING, Designation, DesignationState
from policy.life_rules import LifeRule
from policy.lift import lift_with
from policy.propose import propose
from policy.questions import FourQuestions
from policy.restrictions import GroundKind
from policy.rules import Rule
from policy.words import Refusal, RestrictionKind, UtcDatetime
from store import shelves
from store.work import Reading, Writing


def propose_designation(office: Office, assessment_id: str, *, actor: str) -> Designation:
    """Propose what an assessment carries; one proposal or designation stands for a group at a time.

    Raises:
        NotFound: there is no such assessment.
        Refusal: it carries no designation; the group has one already; or its last one ended lately,
            or on the same evidence.
    """

    def do(work: Writing) -> Designation:
        assessment = work.assessments.need(assessment_id)
        current = _current(work, assessment.group_id)
        if current is not None:
            raise Refusal(
                Rule.DESIGNATION_STEP,
                f"group {assessment.group_id} already has {current.id}, {current.state}",
            )
        ended = _last_ended(work, assessment.group_id)
        made = propose(
            new_id("designation"),
            assessment,
            by=actor,
            at=work.now,
            ended=ended,
            ended_on=work.assessments.get(ended.assessment_id) if ended else None,
        )
        return work.save(made, action="designation.proposed", why=assessment.why)

    return office.store.transact(do, actor=actor, now=office.now())


def designate(
    office: Office,
    designation_id: str,
    questions: FourQuestions,
    *,
    by: str,
    reason: str,
    assessment_id: str | None = None,
    review_at: UtcDatetime | None = None,
    measures: tuple[RestrictionKind, ...] | None = None,
    seconded_by: str | None = None,
) -> Designation:
    """Sign a proposal; with a second person it is in force, else it waits for `second`.

    Raises:
        NotFound: there is no such designation or assessment.
        Refusal: as the policy says (see `Designation.designate`), or answers used before.
    """

    def do(work: Writing) -> Designation:
        proposed = work.designations.need(designation_id)
        check_answers(questions, used_before=_earlier_answers(work, proposed.group_id))
        changed = proposed.designate(
            work.assessments.need(assessment_id or proposed.assessment_id),
            questions,
            by=by,
            reason=reason,
            at=work.now,
            review_at=review_at,
            measures=measures,
            seconded_by=seconded_by,
        )
        action = "designation.signed" if seconded_by is None else "designation.designated"
        work.save(changed, action=action, why=reason)
        # Whoever seconds may call; where nobody does, two reviewers are asked.
        ask_for_second(work, changed)
        return changed

    return office.store.transact(do, actor=by, now=office.now())


def second(office: Office, designation_id: str, *, by: str, reason: str) -> Designation:
    """Put a signed proposal in force, as the second person.

    Raises:
        NotFound: there is no such designation.
        Refusal: nobody has signed it, or as the policy says (see `Designation.second`).
    """

    def change(signed: Designation, work: Writing) -> Designation:
        if signed.signed is None:
            raise Refusal(LifeRule.SECOND, f"designation {signed.id}: nobody has signed it yet")
        assessment = work.assessments.need(signed.signed.assessment_id)
        return signed.second(assessment, by=by, reason=reason, at=work.now)

    return step(
        office,
        shelves.DESIGNATIONS,
        designation_id,
        change,
        by=by,
        action="designation.designated",
        reason=reason,
        then=lambda work, one: close_second(work, one, why="seconded by a person who called"),
    )


def decline(office: Office, designation_id: str, *, by: str, reason: str) -> Designation:
    """Turn a proposal down.

    Raises:
        NotFound: there is no such designation.
        Refusal: it is not a proposal, or no person gives a reason.
    """

    return step(
        office,
        shelves.DESIGNATIONS,
        designation_id,
        lambda one, work: one.decline(by=by, reason=reason, at=work.now),
        by=by,
        action="designation.declined",
        reason=reason,
        then=lambda work, one: close_second(work, one, why="the proposal was declined"),
    )


def start_review(office: Office, designation_id: str, *, by: str, reason: str) -> Designation:
    """Put a designation under review; it stays in force meanwhile.

    Raises:
        NotFound: there is no such designation.
        Refusal: it is not in force or under review already, or no person gives a reason.
    """
    return step(
        office,
        shelves.DESIGNATIONS,
        designation_id,
        lambda one, work: one.start_review(by=by, reason=reason, at=work.now),
        by=by,
        action="designation.review_started",
        reason=reason,
    )


def keep(
    office: Office,
    designation_id: str,
    assessment_id: str,
    *,
    by: str,
    reason: str,
    review_at: UtcDatetime | None = None,
) -> Designation:
    """End a review with the designation as it stands, on a fresh assessment.

    Raises:
        NotFound, Refusal: as the policy says (see `Designation.keep`).
    """
    return step(
        office,
        shelves.DESIGNATIONS,
        designation_id,
        lambda one, work: one.keep(
            work.assessments.need(assessment_id),
            by=by,
            reason=reason,
            at=work.now,
            review_at=review_at,
        ),
        by=by,
        action="designation.kept",
        reason=reason,
    )


def modify(
    office: Office,
    designation_id: str,
    assessment_id: str,
    *,
    measures: tuple[RestrictionKind, ...],
    by: str,
    reason: str,
    review_at: UtcDatetime | None = None,
) -> Designation:
    """End a review with other measures; limits of a kind that it no longer carries are lifted.

    Raises:
        NotFound, Refusal: as the policy says (see `Designation.modify`).
    """

    return step(
        office,
        shelves.DESIGNATIONS,
        designation_id,
        lambda one, work: one.modify(
            work.assessments.need(assessment_id),
            measures=measures,
            by=by,
            reason=reason,
            at=work.now,
            review_at=review_at,
        ),
        by=by,
        action="designation.modified",
        reason=reason,
        then=_lift_what_hung,
    )


def withdraw(office: Office, designation_id: str, *, by: str, reason: str) -> Designation:
    """End a review by ending the designation, and all that hung on it, in one transaction.

    Raises:
        NotFound, Refusal: as the policy says (see `Designation.withdraw`).
    """

    def fall(work: Writing, withdrawn: Designation) -> None:
        _lift_what_hung(work, withdrawn)
        _close_what_hung(work, withdrawn.group_id, why="the designation was withdrawn")

    return step(
        office,
        shelves.DESIGNATIONS,
        designation_id,
        lambda one, work: one.withdraw(by=by, reason=reason, at=work.now),
        by=by,
        action="designation.withdrawn",
        reason=reason,
        then=fall,
    )


def _lift_what_hung(work: Writing, designation: Designation) -> None:
    hung = work.restrictions.find(
        ground_kind=GroundKind.DESIGNATION.value, ground_ref=designation.id, lifted_at=None
    )
    for lifted in lift_with(designation, hung, work.now):
        enforce.keep_lifted(work, lifted, notice=True)


def _close_what_hung(work: Writing, group_id: str, *, why: str) -> None:
    """Close the associations with a group, and the open cases that ask about them.

    A case on proven technical coordination stands on another ground and is left alone.
    """
    rule = LifeRule.GROUND_GONE
    ties = work.associations.find(group_id=group_id, closed_at=None)
    work.save_all(
        [one.close(at=work.now, why=f"{why} [{rule}]") for one in ties],
        action="association.closed",
        why=rule,
    )
    open_cases = work.cases.find(state=CaseState.OPEN.value, group_id=group_id)
    own_ground = work.findings.get_many([case.ref for case in open_cases if case.ref])
    for case in open_cases:
        if case.kind in _ON_THE_TIE and case.ref not in own_ground:
            work.save(case.close(at=work.now, why=why), action="case.closed", why=why)


_ON_THE_TIE = frozenset({CaseKind.ASSOCIATION, CaseKind.REAPPLICATION, CaseKind.SUSPENSION})
"""Cases that ask what to do about an account for its tie to a group."""


def _current(work: Reading, group_id: str) -> Designation | None:
    open_ = [DesignationState.PROPOSED.value, *(state.value for state in STANDING)]
    found = work.designations.find(group_id=group_id, state=open_)
    return found[-1] if found else None


def _last_ended(work: Reading, group_id: str) -> Designation | None:
    ended = work.designations.find(group_id=group_id, state=DesignationState.WITHDRAWN.value)
    return max(ended, key=lambda one: one.history[-1].at, default=None)


def _earlier_answers(work: Reading, group_id: str) -> list[str]:
    """Texts that people wrote about other groups: copied over, they answer nothing."""
    names = ("purpose", "coordination", "harm", "risks", "people_affected", "lesser_measure")
    return [
        getattr(one.questions, name).text
        for one in work.designations.find()
        if one.questions is not None and one.group_id != group_id
        for name in names
    ]
