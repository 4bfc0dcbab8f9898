"""Look-ups: what the platform's surfaces ask at read time, about one subject or about many."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from casework.office import Office
from policy.lookup import ORDER, Verdict, standing, visible
from policy.restrictions import GroundKind, Restriction
from policy.words import Id, RestrictionKind, SubjectKind, Surface, UtcDatetime
from serving.bodies import MAX_ITEMS, Body
from serving.metrics import LOOK_UPS
from serving.standing import NOTHING_ASKED, StandingRestrictions

router = APIRouter(tags=["look-ups"])

_FEW = 200
"""So many subjects are looked up within two milliseconds, which nobody else notices."""

_SURFACES: Mapping[RestrictionKind, tuple[Surface, ...]] = {
    kind: surfaces for _, kind, surfaces, _ in ORDER
}


class Subjects(StrEnum):
    """A kind of subject, as paths and bodies name it."""

    ACCOUNTS = "accounts"
    POSTS = "posts"
    TRENDS = "trends"

    @property
    def kind(self) -> SubjectKind:
        """The same, as restrictions name it."""
        return _KINDS[self]


_KINDS = {
    Subjects.ACCOUNTS: SubjectKind.ACCOUNT,
    Subjects.POSTS: SubjectKind.POST,
    Subjects.TRENDS: SubjectKind.TREND,
}

# What no database keeps cannot stand there: it is refused, not asked.
SubjectId = Annotated[Id, Field(pattern=r"^[^\x00]+$")]


class Stated(BaseModel):
    """What a restriction stands on."""

    kind: GroundKind
    ref: str


class Found(BaseModel):
    """One restriction that stands."""

    id: str
    kind: RestrictionKind
    surfaces: list[Surface]
    """Where it is to be heeded."""
    ground: Stated
    clause: str
    since: UtcDatetime
    until: UtcDatetime | None
    """When it ends by itself; null for what ends by appeal or reversal only."""
    statement_id: str | None
    """The statement of reasons: GET /v1/statements/{id}."""


class OnSubject(BaseModel):
    """What stands on one subject."""

    verdict: Verdict | None = None
    """What the surface that was asked for does; null where none was asked for."""
    rule: str | None = None
    """The look-up rule that decided the verdict."""
    restrictions: list[Found]


class LookUp(OnSubject):
    """The answer for one subject."""

    id: str
    surface: Surface | None
    at: UtcDatetime
    """The moment that it holds for."""
    degraded: bool
    """Whether the store could not answer: limits then fail open, and suspensions and removals are
    as they were last known."""


class LookUps(BaseModel):
    """The answers for many subjects, by their ids; each that was asked for is there."""

    surface: Surface | None
    at: UtcDatetime
    degraded: bool
    accounts: dict[str, OnSubject]
    posts: dict[str, OnSubject]
    trends: dict[str, OnSubject]


class Wanted(Body):
    """Subjects to look up; the same id may stand more than once, as on a page of posts."""

    accounts: list[SubjectId] = Field(default=[], max_length=MAX_ITEMS)
    posts: list[SubjectId] = Field(default=[], max_length=MAX_ITEMS)
    trends: list[SubjectId] = Field(default=[], max_length=MAX_ITEMS)
    surface: Surface | None = None


@router.get("/restrictions/{subjects}/{subject_id:path}", response_model=LookUp)
async def look_up(
    request: Request,
    subjects: Subjects,
    subject_id: Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")],
    surface: Annotated[Surface | None, Query()] = None,
) -> Response:
    """What stands on one account, post or trend now, on one surface or on all."""
    answers = await _ask(request, {subjects: [subject_id]}, surface)
    found = answers.by_subjects[subjects][subject_id]
    return _json(
        LookUp.model_construct(
            id=subject_id,
            surface=surface,
            at=answers.at,
            degraded=answers.degraded,
            verdict=found.verdict,
            rule=found.rule,
            restrictions=found.restrictions,
        )
    )


@router.post("/restrictions/lookup", response_model=LookUps)
async def look_up_many(request: Request, body: Wanted) -> Response:
    """The same for many at once: up to 1,000 of each kind."""
    asked = {
        Subjects.ACCOUNTS: body.accounts,
        Subjects.POSTS: body.posts,
        Subjects.TRENDS: body.trends,
    }
    answers = await _ask(request, asked, body.surface)
    return _json(
        LookUps.model_construct(
            surface=body.surface,
            at=answers.at,
            degraded=answers.degraded,
            accounts=answers.by_subjects[Subjects.ACCOUNTS],
            posts=answers.by_subjects[Subjects.POSTS],
            trends=answers.by_subjects[Subjects.TRENDS],
        )
    )


@dataclass(frozen=True)
class _Answers:
    at: UtcDatetime
    degraded: bool
    by_subjects: Mapping[Subjects, dict[str, OnSubject]]


async def _ask(
    request: Request, asked: Mapping[Subjects, Sequence[str]], surface: Surface | None
) -> _Answers:
    office: Office = request.app.state.office
    register: StandingRestrictions = request.app.state.standing
    now = office.now()

    def ask() -> _Answers:
        degraded = False
        answers: dict[Subjects, dict[str, OnSubject]] = {}
        for subjects, ids in asked.items():
            found = register.look_up(subjects.kind, set(ids), now) if ids else NOTHING_ASKED
            statements = register.statement_ids(
                one for many in found.found.values() for one in many
            )
            answers[subjects] = {
                id_: answer(laid, surface, now, statements) for id_, laid in found.found.items()
            }
            _count(subjects, answers[subjects], degraded=found.degraded)
            degraded |= found.degraded
        return _Answers(now, degraded, answers)

    few = sum(len(ids) for ids in asked.values()) <= _FEW
    return ask() if few and register.never_waits else await run_in_threadpool(ask)


def answer(
    laid: Sequence[Restriction],
    surface: Surface | None,
    now: UtcDatetime,
    statements: Mapping[str, str],
) -> OnSubject:
    """What is told of one subject, given what was laid on it."""
    if not laid:
        return _NOTHING[surface]
    shown = standing(laid, now)
    if surface is None:
        return _of(shown, statements)
    view = visible(laid, surface, now)
    answer = _of([one for one in shown if surface in _SURFACES[one.kind]], statements)
    answer.verdict, answer.rule = view.verdict, view.rule
    return answer


def _nothing(surface: Surface | None) -> OnSubject:
    if surface is None:
        return OnSubject(restrictions=[])
    view = visible((), surface, datetime.now(UTC))
    return OnSubject(verdict=view.verdict, rule=view.rule, restrictions=[])


_NOTHING: Mapping[Surface | None, OnSubject] = {
    surface: _nothing(surface) for surface in (None, *Surface)
}
"""The answer for whom nothing stands on, which is nearly everybody: made once, never changed."""


def _of(shown: Iterable[Restriction], statements: Mapping[str, str]) -> OnSubject:
    # Built without a second validation: every part is a validated value already.
    return OnSubject.model_construct(
        verdict=None,
        rule=None,
        restrictions=[
            Found.model_construct(
                id=one.id,
                kind=one.kind,
                surfaces=list(_SURFACES[one.kind]),
                ground=Stated.model_construct(kind=one.ground.kind, ref=one.ground.ref),
                clause=one.cause.clause,
                since=one.starts_at,
                until=one.ends_at,
                statement_id=statements.get(one.id),
            )
            for one in shown
        ],
    )


def _count(subjects: Subjects, answers: Mapping[str, OnSubject], *, degraded: bool) -> None:
    restricted = sum(1 for answer in answers.values() if answer.restrictions)
    clear = len(answers) - restricted
    if restricted:
        LOOK_UPS.labels(subject=subjects.value, found="restricted").inc(restricted)
    if clear:
        found = "degraded" if degraded else "clear"
        LOOK_UPS.labels(subject=subjects.value, found=found).inc(clear)


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
