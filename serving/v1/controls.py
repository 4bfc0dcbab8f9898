"""Brakes that stop machines, and bulk actions of people: pulled, released, seconded, undone."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from casework import brake as brakes
from casework import bulk
from policy.brake import Brake, BrakeScope
from policy.bulk import MOST, BulkAction, BulkKind, BulkState
from policy.words import Id
from serving.v1.desk import (
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

router = APIRouter(tags=["controls"])


class ToPull(ByPerson):
    scope: BrakeScope
    key: Id
    """The model's name, the group's id, or the surface."""
    lift: bool = False
    """Whether what machines laid in its scope is lifted with it."""


class Pulled(BaseModel):
    brake: Brake
    lifted: int
    """How many restrictions were lifted with it."""


class OnMany(ByPerson):
    kind: BulkKind
    group_id: Id
    account_ids: list[Id] = Field(min_length=1, max_length=MOST)


@router.get("/brakes")
def list_brakes(items: TheList) -> Page[Brake]:
    """Every brake that was ever pulled; those without a release hold."""
    return items.of(shelves.BRAKES)


@router.post("/brakes", status_code=201)
def pull_brake(office: TheOffice, caller: TheCaller, body: ToPull) -> Pulled:
    """Stop machines for a model, a group or a surface, at once; people may act all the while."""
    made, lifted = brakes.pull_brake(
        office,
        body.scope,
        body.key,
        by=caller.decides_as(body.by),
        reason=body.reason,
        lift=body.lift,
    )
    return Pulled(brake=made, lifted=lifted)


@router.post("/brakes/{brake_id}/release")
def release_brake(office: TheOffice, caller: TheCaller, brake_id: AnId, body: ByPerson) -> Brake:
    """Let machines act again; the next rolling pass takes up what was held."""
    return brakes.release_brake(office, brake_id, by=caller.decides_as(body.by), reason=body.reason)


@router.get("/bulk")
def list_bulk(
    items: TheList,
    group_id: Wanted = None,
    state: Annotated[BulkState | None, Query()] = None,
) -> Page[BulkAction]:
    """Bulk actions, of one group or all, in one state or any."""
    return items.of(shelves.BULK_ACTIONS, group_id=group_id, state=state)


@router.post("/bulk", status_code=201)
def act_on_many(office: TheOffice, caller: TheCaller, body: OnMany) -> BulkAction:
    """Limit or free many accounts; more than ten wait for a second person."""
    return bulk.act_on_many(
        office,
        body.kind,
        body.group_id,
        body.account_ids,
        by=caller.decides_as(body.by),
        reason=body.reason,
    )


@router.get("/bulk/{bulk_id}")
def read_bulk(documents: TheDocuments, bulk_id: AnId) -> BulkAction:
    """One bulk action, with what it laid or lifted and whom it left alone."""
    return documents.one(shelves.BULK_ACTIONS, bulk_id)


@router.post("/bulk/{bulk_id}/approve")
def approve_bulk(office: TheOffice, caller: TheCaller, bulk_id: AnId, body: ByPerson) -> BulkAction:
    """Carry out, as the second person, what another proposed."""
    return bulk.approve(office, bulk_id, by=caller.decides_as(body.by), reason=body.reason)


@router.post("/bulk/{bulk_id}/decline")
def decline_bulk(office: TheOffice, caller: TheCaller, bulk_id: AnId, body: ByPerson) -> BulkAction:
    """Turn a proposed action down."""
    return bulk.decline(office, bulk_id, by=caller.decides_as(body.by), reason=body.reason)


@router.post("/bulk/{bulk_id}/undo")
def undo_bulk(office: TheOffice, caller: TheCaller, bulk_id: AnId, body: ByPerson) -> BulkAction:
    """Take back, as one, all that an action did."""
    return bulk.undo(office, bulk_id, by=caller.decides_as(body.by), reason=body.reason)
