"""Assessments, and designations: proposed from one; each step after that is a person's."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from casework import designate as steps
from casework.assess import assess
from policy.assessment import Assessment
from policy.designation import Designation, DesignationState
from policy.questions import FourQuestions
from policy.severity import Outlook
from policy.words import Id, RestrictionKind, UtcDatetime
from serving.bodies import Body
from serving.v1.desk import (
    Actor,
    AnId,
    ByPerson,
    Page,
    TheCaller,
    TheDocuments,
    TheList,
    TheOffice,
    Wanted,
)
from store import shelves

router = APIRouter(tags=["designations"])


class ToAssess(Body):
    group_id: Id
    questions: FourQuestions | None = None
    """The answers of the person who assesses; without them the assessment names what is missing."""
    outlooks: tuple[Outlook, ...] = Field(default=(), max_length=3)
    """How likely more harm is if left unchecked, as a person judged it, for each form of harm."""


class Proposal(Body):
    assessment_id: Id


class InForce(ByPerson):
    questions: FourQuestions
    assessment_id: Id | None = None
    """A fresher assessment than the proposal's, where there is one."""
    review_at: UtcDatetime | None = None
    measures: tuple[RestrictionKind, ...] | None = None
    seconded_by: str | None = Field(default=None, max_length=200, examples=["person:ben"])
    """The second person, where whoever calls may speak for both; else they call `/second`."""


class Kept(ByPerson):
    assessment_id: Id
    review_at: UtcDatetime | None = None


class Modified(Kept):
    measures: tuple[RestrictionKind, ...] = Field(min_length=1)


@router.get("/assessments")
def list_assessments(items: TheList, group_id: Wanted = None) -> Page[Assessment]:
    """Assessments of one group or of all. POST /assess_group makes one."""
    return items.of(shelves.ASSESSMENTS, group_id=group_id)


@router.get("/assessments/{assessment_id}")
def read_assessment(documents: TheDocuments, assessment_id: AnId) -> Assessment:
    """One assessment with every clause answered."""
    return documents.one(shelves.ASSESSMENTS, assessment_id)


@router.post("/assessments", status_code=201)
def make_assessment(office: TheOffice, actor: Actor, body: ToAssess) -> Assessment:
    """Assess a group by what is known at this moment, with the answers of a person if there are."""
    return assess(
        office, body.group_id, actor=actor, questions=body.questions, outlooks=body.outlooks
    )


@router.get("/designations")
def list_designations(
    items: TheList,
    group_id: Wanted = None,
    state: Annotated[DesignationState | None, Query()] = None,
) -> Page[Designation]:
    """Designations with their history, of one group or of all, in one state or in any."""
    return items.of(shelves.DESIGNATIONS, group_id=group_id, state=state)


@router.get("/designations/{designation_id}")
def read_designation(documents: TheDocuments, designation_id: AnId) -> Designation:
    """One designation with every step that was taken, by whom and why."""
    return documents.one(shelves.DESIGNATIONS, designation_id)


@router.post("/designations", status_code=201)
def propose(office: TheOffice, actor: Actor, body: Proposal) -> Designation:
    """Propose what an assessment carries; nothing is in force by it."""
    return steps.propose_designation(office, body.assessment_id, actor=actor)


@router.post("/designations/{designation_id}/designate")
def designate(
    office: TheOffice, caller: TheCaller, designation_id: AnId, body: InForce
) -> Designation:
    """Sign a proposal, by a person who answers the four questions; a second puts it in force."""
    return steps.designate(
        office,
        designation_id,
        body.questions,
        by=caller.decides_as(body.by),
        reason=body.reason,
        assessment_id=body.assessment_id,
        review_at=body.review_at,
        measures=body.measures,
        seconded_by=body.seconded_by and caller.speaks_for(body.seconded_by),
    )


@router.post("/designations/{designation_id}/second")
def second(
    office: TheOffice, caller: TheCaller, designation_id: AnId, body: ByPerson
) -> Designation:
    """Put a signed proposal in force, as another person than the one who signed."""
    return steps.second(office, designation_id, by=caller.decides_as(body.by), reason=body.reason)


@router.post("/designations/{designation_id}/decline")
def decline(
    office: TheOffice, caller: TheCaller, designation_id: AnId, body: ByPerson
) -> Designation:
    """Turn a proposal down."""
    return steps.decline(office, designation_id, by=caller.decides_as(body.by), reason=body.reason)


@router.post("/designations/{designation_id}/start_review")
def start_review(
    office: TheOffice, caller: TheCaller, designation_id: AnId, body: ByPerson
) -> Designation:
    """Put a designation under review; it stays in force meanwhile."""
    return steps.start_review(
        office, designation_id, by=caller.decides_as(body.by), reason=body.reason
    )


@router.post("/designations/{designation_id}/keep")
def keep(office: TheOffice, caller: TheCaller, designation_id: AnId, body: Kept) -> Designation:
    """End a review with the designation as it stands, on a fresh assessment."""
    return steps.keep(
        office,
        designation_id,
        body.assessment_id,
        by=caller.decides_as(body.by),
        reason=body.reason,
        review_at=body.review_at,
    )


@router.post("/designations/{designation_id}/modify")
def modify(
    office: TheOffice, caller: TheCaller, designation_id: AnId, body: Modified
) -> Designation:
    """End a review with other measures; limits that it no longer carries are lifted at once."""
    return steps.modify(
        office,
        designation_id,
        body.assessment_id,
        measures=body.measures,
        by=caller.decides_as(body.by),
        reason=body.reason,
        review_at=body.review_at,
    )


@router.post("/designations/{designation_id}/withdraw")
def withdraw(
    office: TheOffice, caller: TheCaller, designation_id: AnId, body: ByPerson
) -> Designation:
    """End a review by ending the designation and, at once, all that hung on it."""
    return steps.withdraw(office, designation_id, by=caller.decides_as(body.by), reason=body.reason)
