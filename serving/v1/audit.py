"""The audit log, for reading: who changed what, when and why. Its contents stay in the store.

What was written is not told here: it is often about persons, and each document has a path of its
own. `concert audit verify` checks the chain.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from policy.words import UtcDatetime
from serving.v1.desk import Limit, TheCaller, TheOffice

router = APIRouter(tags=["audit"])


class AuditRow(BaseModel):
    """One change."""

    seq: int
    at: UtcDatetime
    actor: str
    action: str
    kind: str
    id: str | None
    """Of the document; null once what was written about it is erased."""
    why: str | None
    hash: str


class AuditPage(BaseModel):
    items: list[AuditRow]
    next: int | None = None
    """To be given as `after`; null at the end of the log."""


class Me(BaseModel):
    """Who calls, as the audit log will name them."""

    actor: str
    label: str
    roles: list[str]


@router.get("/me")
async def read_me(caller: TheCaller) -> Me:
    """Whose key or token this is and what it may do; asks nothing of the store."""
    return Me(actor=caller.actor, label=caller.label, roles=list(caller.roles))


@router.get("/audit")
def read_audit(
    office: TheOffice,
    after: Annotated[int, Query(ge=0, le=2**62, description="The number of a row.")] = 0,
    limit: Limit = 100,
) -> AuditPage:
    """The rows after a number, in order."""
    with office.store.reading() as work:
        rows = work.history.after(after, limit=limit + 1)
    items = [AuditRow(**row.model_dump(exclude={"doc"})) for row in rows[:limit]]
    return AuditPage(items=items, next=items[-1].seq if len(rows) > limit else None)
