"""Associations, restrictions, statements of reasons and appeals: what was found, laid and said."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from casework.appeal import add_to_appeal, appeal
from policy.appeals import Appeal, AppealState
from policy.restrictions import Restriction
from policy.scores import Association
from policy.words import Id, Lane, RestrictionKind, SubjectKind
from serving.bodies import Body
from serving.v1.desk import Actor, AnId, Page, TheDocuments, TheList, TheOffice, Wanted
from store import shelves

router = APIRouter(tags=["enforcement"])

Words = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"^[^\x00]+$")]


class Objection(Body):
    restriction_id: Id
    text: Words
    """What the person who objects says, in their own words."""


class More(Body):
    text: Words


@router.get("/associations")
def list_associations(
    items: TheList,
    *,
    group_id: Wanted = None,
    account_id: Wanted = None,
    lane: Annotated[Lane | None, Query()] = None,
) -> Page[Association]:
    """Ties of accounts to groups, as last scored: likelihood, interval, evidence, lane."""
    return items.of(shelves.ASSOCIATIONS, group_id=group_id, account_id=account_id, lane=lane)


@router.get("/restrictions")
def list_restrictions(
    items: TheList,
    *,
    group_id: Wanted = None,
    subject_kind: Annotated[SubjectKind | None, Query()] = None,
    subject_id: Wanted = None,
    kind: Annotated[RestrictionKind | None, Query()] = None,
) -> Page[Restriction]:
    """All that was ever laid, with its cause and end; look-ups tell what stands now."""
    return items.of(
        shelves.RESTRICTIONS,
        group_id=group_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        kind=kind,
    )


@router.get("/restrictions/{restriction_id}")
def read_restriction(documents: TheDocuments, restriction_id: AnId) -> Restriction:
    """One restriction, whether it still stands or not."""
    return documents.one(shelves.RESTRICTIONS, restriction_id)


@router.get("/appeals")
def list_appeals(
    items: TheList,
    restriction_id: Wanted = None,
    state: Annotated[AppealState | None, Query()] = None,
) -> Page[Appeal]:
    """Appeals, against one restriction or all, in one state or in any."""
    return items.of(shelves.APPEALS, restriction_id=restriction_id, state=state)


@router.get("/appeals/{appeal_id}")
def read_appeal(documents: TheDocuments, appeal_id: AnId) -> Appeal:
    """One appeal with all that the person wrote, and its outcome once it is decided."""
    return documents.one(shelves.APPEALS, appeal_id)


@router.post("/appeals", status_code=201)
def open_appeal(office: TheOffice, actor: Actor, body: Objection) -> Appeal:
    """Object to a restriction on behalf of whom it restricts; another person will decide."""
    return appeal(office, body.restriction_id, body.text, actor=actor)


@router.post("/appeals/{appeal_id}/more")
def add_more(office: TheOffice, actor: Actor, appeal_id: AnId, body: More) -> Appeal:
    """Add what the person says later, while the appeal is open."""
    return add_to_appeal(office, appeal_id, body.text, actor=actor)
