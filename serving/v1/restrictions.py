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
from serving.v1.desk import Actor, After, AnId, Limit, Page, TheOffice, Wanted, page
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
    office: TheOffice,
    *,
    group_id: Wanted = None,
    account_id: Wanted = None,
    lane: Annotated[Lane | None, Query()] = None,
    after: After = None,
    limit: Limit = 100,
) -> Page[Association]:
    """Ties of accounts to groups, as last scored: likelihood, interval, evidence, lane."""
    with office.store.reading() as work:
        return page(
            work.associations,
            shelves.ASSOCIATIONS,
            after,
            limit,
            group_id=group_id,
            account_id=account_id,
            lane=lane and lane.value,
        )


@router.get("/restrictions")
def list_restrictions(
    office: TheOffice,
    *,
    group_id: Wanted = None,
    subject_kind: Annotated[SubjectKind | None, Query()] = None,
    subject_id: Wanted = None,
    kind: Annotated[RestrictionKind | None, Query()] = None,
    after: After = None,
    limit: Limit = 100,
) -> Page[Restriction]:
    """All that was ever laid, with its cause and end; look-ups tell what stands now."""
    with office.store.reading() as work:
        return page(
            work.restrictions,
            shelves.RESTRICTIONS,
            after,
            limit,
            group_id=group_id,
            subject_kind=subject_kind and subject_kind.value,
            subject_id=subject_id,
            kind=kind and kind.value,
        )


@router.get("/restrictions/{restriction_id}")
def read_restriction(office: TheOffice, restriction_id: AnId) -> Restriction:
    """One restriction, whether it still stands or not."""
    with office.store.reading() as work:
        return work.restrictions.need(restriction_id)


@router.get("/appeals")
def list_appeals(
    office: TheOffice,
    restriction_id: Wanted = None,
    state: Annotated[AppealState | None, Query()] = None,
    after: After = None,
    limit: Limit = 100,
) -> Page[Appeal]:
    """Appeals, against one restriction or all, in one state or in any."""
    with office.store.reading() as work:
        return page(
            work.appeals,
            shelves.APPEALS,
            after,
            limit,
            restriction_id=restriction_id,
            state=state and state.value,
        )


@router.get("/appeals/{appeal_id}")
def read_appeal(office: TheOffice, appeal_id: AnId) -> Appeal:
    """One appeal with all that the person wrote, and its outcome once it is decided."""
    with office.store.reading() as work:
        return work.appeals.need(appeal_id)


@router.post("/appeals", status_code=201)
def open_appeal(office: TheOffice, actor: Actor, body: Objection) -> Appeal:
    """Object to a restriction on behalf of whom it restricts; another person will decide."""
    return appeal(office, body.restriction_id, body.text, actor=actor)


@router.post("/appeals/{appeal_id}/more")
def add_more(office: TheOffice, actor: Actor, appeal_id: AnId, body: More) -> Appeal:
    """Add what the person says later, while the appeal is open."""
    return add_to_appeal(office, appeal_id, body.text, actor=actor)
