"""Review: who reviews, what each is served next, and how well it goes.

Label Studio shows every task to every user; what somebody is served here fits their languages,
places and roles, and spares them more severe material than is good for anybody.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from casework import reviewers
from casework.house import change_rules, house_rules
from casework.next_case import Lane, Next, next_case
from casework.office import Office
from casework.queue import QueueState, queue_state
from policy.house import HouseRules
from policy.reviewers import Reviewer
from policy.roles import Role, read_roles
from policy.words import Policy
from serving.bodies import Body
from serving.callers import Caller
from serving.v1.desk import AnId, ByPerson, TheCaller, TheOffice

router = APIRouter(tags=["review"])

Email = Annotated[str, Field(min_length=3, max_length=200, examples=["ada@desk.example"])]
Asked = Annotated[
    str | None,
    Query(
        min_length=3,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="The reviewer's e-mail, where the key belongs to nobody in particular.",
    ),
]


class Served(Next):
    link: str | None = None
    """Where the case is answered: its task in Label Studio."""


class Break(Body):
    reviewer: Email | None = None
    minutes: int = Field(ge=1, le=24 * 60)


class Invited(Body):
    """Somebody to be put on the roster."""

    email: Email
    name: str = Field(default="", max_length=200)
    roles: tuple[Role, ...] = Field(default=(Role.REVIEWER,), min_length=1)
    languages: tuple[str, ...] = ("*",)
    places: tuple[str, ...] = ("*",)
    opt_outs: tuple[Policy, ...] = ()
    severe_a_day: int | None = Field(default=None, ge=0)


class Reviewers(BaseModel):
    items: list[Reviewer]


class ChangedRules(ByPerson):
    """Rules to change; those that are left out stay."""

    second_share: float | None = Field(default=None, ge=0, le=1)
    gold_share: float | None = Field(default=None, ge=0, le=1)
    severe_in_a_row: int | None = Field(default=None, ge=1, le=100)
    severe_a_day: int | None = Field(default=None, ge=0, le=10_000)
    rest_minutes: int | None = Field(default=None, ge=1, le=24 * 60)
    kept_minutes: int | None = Field(default=None, ge=1, le=24 * 60)


@router.get("/review/next")
def serve_next(
    office: TheOffice,
    caller: TheCaller,
    reviewer: Asked = None,
    lane: Annotated[Lane, Query()] = Lane.ANY,
    skip: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
) -> Served:
    """The reviewer's next case by all the rules, kept for them for a while, with its task.

    Asked again, the same case comes until it is answered, or named as `skip`. `lane=break` serves
    nothing severe.
    """
    found = next_case(office, _reviewer(caller, reviewer), lane=lane, skip=skip)
    return Served(**found.model_dump(), link=_link(office, found))


@router.get("/review/mine")
def read_mine(office: TheOffice, caller: TheCaller, reviewer: Asked = None) -> Reviewer:
    """What is known of the reviewer who asks: roles, languages, places, opt-outs, break."""
    with office.store.reading() as work:
        return work.reviewers.need(_reviewer(caller, reviewer))


@router.post("/review/mine/break")
def take_break(office: TheOffice, caller: TheCaller, body: Break) -> Reviewer:
    """Serve the reviewer nothing severe for a while."""
    who = _reviewer(caller, body.reviewer)
    return reviewers.take_break(office, who, minutes=body.minutes)


@router.get("/review/status")
def read_status(office: TheOffice) -> QueueState:
    """Queue length, age against the service levels, throughput and agreement."""
    return queue_state(office)


@router.get("/review/reviewers")
def list_reviewers(office: TheOffice) -> Reviewers:
    """Everybody who is on the roster."""
    with office.store.reading() as work:
        return Reviewers(items=reviewers.roster(work))


@router.post("/review/reviewers", status_code=201)
def invite(office: TheOffice, caller: TheCaller, body: Invited) -> Reviewer:
    """Put somebody on the roster; their user in Label Studio is made at the next pass."""
    about = body.model_dump(exclude={"email", "roles"})
    roles = read_roles(body.roles)
    return reviewers.invite(office, body.email, roles=roles, by=caller.actor, **about)


@router.get("/review/reviewers/{email}")
def read_reviewer(office: TheOffice, email: AnId) -> Reviewer:
    """One reviewer, on the roster or no longer."""
    with office.store.reading() as work:
        return work.reviewers.need(email.casefold())


@router.get("/review/rules")
def read_rules(office: TheOffice) -> HouseRules:
    """Shares, limits and service levels that are in force."""
    with office.store.reading() as work:
        return house_rules(work)


@router.post("/review/rules")
def set_rules(office: TheOffice, caller: TheCaller, body: ChangedRules) -> HouseRules:
    """Change some of them."""
    changes: dict[str, Any] = body.model_dump(exclude={"by", "reason"}, exclude_none=True)
    return change_rules(office, changes, by=caller.decides_as(body.by), reason=body.reason)


def _reviewer(caller: Caller, asked: str | None) -> str:
    by = caller.decides_as(f"person:{asked}" if asked else None)
    return by.removeprefix("person:").casefold()


def _link(office: Office, found: Next) -> str | None:
    if found.task_id is None:
        return None
    chosen = office.settings
    base = chosen.label_studio_url or f"http://127.0.0.1:{chosen.label_studio_port}"
    return f"{base.rstrip('/')}/projects/{found.project_id}/data?task={found.task_id}"
