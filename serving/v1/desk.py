"""What the routes of the case API have in common: the office, the caller, lists by pages."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Field

from casework.office import Office
from policy.words import Value
from serving.bodies import Body
from serving.callers import NOBODY, Caller
from serving.edge import CALLER
from store.documents import Documents
from store.shelves import Shelf

V = TypeVar("V", bound=Value)


async def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


async def _caller(request: Request) -> Caller:
    caller: Caller = request.scope.get(CALLER, NOBODY)
    return caller


async def _actor(request: Request) -> str:
    return (await _caller(request)).actor


TheOffice = Annotated[Office, Depends(_office)]
"""The office of this process."""

Actor = Annotated[str, Depends(_actor)]
"""Whose key or token it was: `person:<name>`, or `api:<label>` for a program's."""

TheCaller = Annotated[Caller, Depends(_caller)]
"""Who calls; `decides_as` gives the person who takes a step."""

AnId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]

After = Annotated[
    str | None,
    Query(max_length=500, pattern=r"^[^\x00]*$", description="The `next` of the page before."),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on a page.")]
Wanted = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
"""A value that an item must have; all where it is absent."""


class ByPerson(Body):
    """Who decides, and why: what the policy asks of every step that a person takes."""

    by: str | None = Field(default=None, min_length=1, max_length=200, examples=["person:ada"])
    """The person, where the key belongs to none; where it does, that person or nobody."""
    reason: str = Field(min_length=1, max_length=10_000)


class Page(BaseModel, Generic[V]):
    """Some items, by id, and where the next page begins."""

    items: list[V]
    next: str | None = None
    """To be given as `after`; null on the last page."""


def page(
    documents: Documents[V], shelf: Shelf[V], after: str | None, limit: int, **equals: Any
) -> Page[V]:
    """One page of the documents whose columns have these values; a value of None asks nothing."""
    wanted = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in equals.items()
        if value is not None
    }
    where = [shelf.table.c.id > after] if after else []
    found = documents.find(*where, limit=limit + 1, **wanted)
    more = len(found) > limit
    items = found[:limit]
    return Page(items=items, next=shelf.id(items[-1]) if more else None)


@dataclass(frozen=True)
class Lists:
    """The page of a list that was asked for."""

    office: Office
    after: str | None
    limit: int

    def of(self, shelf: Shelf[V], **equals: Any) -> Page[V]:
        """That page of the documents whose columns have these values; None asks nothing."""
        with self.office.store.reading() as work:
            return page(work.on(shelf), shelf, self.after, self.limit, **equals)


@dataclass(frozen=True)
class Documented:
    """Documents by their id."""

    office: Office

    def one(self, shelf: Shelf[V], id_: str) -> V:
        """The document with this id.

        Raises:
            NotFound: there is none.
        """
        with self.office.store.reading() as work:
            return work.on(shelf).need(id_)


async def _lists(office: TheOffice, after: After = None, limit: Limit = 100) -> Lists:
    return Lists(office, after, limit)


async def _documented(office: TheOffice) -> Documented:
    return Documented(office)


TheList = Annotated[Lists, Depends(_lists)]
"""Which page of a list is wanted."""

TheDocuments = Annotated[Documented, Depends(_documented)]
"""Where a single document is read."""
