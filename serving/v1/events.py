"""Events: what the platform must be told, from a cursor on, for whoever fetches or replays them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from casework.events import told
from policy.words import SubjectKind, UtcDatetime
from serving.v1.desk import Limit, TheOffice

router = APIRouter(tags=["events"])


class Told(BaseModel):
    """One event, as the webhook bears it too."""

    seq: int
    """Rises in the order of commits; tells an event that comes twice."""
    at: UtcDatetime
    kind: str = Field(examples=["laid", "lifted", "require_removal", "suspended", "notice"])
    subject_kind: SubjectKind
    subject_id: str
    body: dict[str, Any]


class Events(BaseModel):
    items: list[Told]
    next: int
    """To be given as `after`: the number of the last event here, or `after` itself at the end."""


@router.get("/events")
def read_events(
    office: TheOffice,
    after: Annotated[int, Query(ge=0, le=2**62, description="The number of an event.")] = 0,
    limit: Limit = 100,
) -> Events:
    """The events after a number, in order; from 0, all that are still kept."""
    with office.store.reading() as work:
        events = work.events.after(after, limit=limit)
        items = [Told.model_validate(one) for one in told(office, work, events)]
    return Events(items=items, next=items[-1].seq if items else after)
