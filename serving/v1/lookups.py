"""Look-ups: what the platform's surfaces ask at read time, about one subject or about many."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from policy.lookup import ORDER, Verdict, standing, visible
from policy.restrictions import GroundKind, Restriction
from policy.words import Id, RestrictionKind, SubjectKind, Surface, UtcDatetime
from serving.bodies import MAX_ITEMS, Body
from serving.metrics import LOOK_UPS
from serving.standing import StandingRestrictions
from serving.v1.desk import TheOffice

router = APIRouter(tags=["look-ups"])

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
def look_up(
    request: Request,
    office: TheOffice,
    subjects: Subjects,
    subject_id: Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")],
    surface: Annotated[Surface | None, Query()] = None,
) -> Response:
    """What stands on one account, post or trend now, on one surface or on all."""
    now = office.now()
    answers, degraded = _ask(request, subjects, [subject_id], surface, now)
    found = answers[subject_id]
    return _json(
        LookUp(
            id=subject_id,
            surface=surface,
            at=now,
            degraded=degraded,
            verdict=found.verdict,
            rule=found.rule,
            restrictions=found.restrictions,
        )
    )


@router.post("/restrictions/lookup", response_model=LookUps)
def look_up_many(request: Request, office: TheOffice, body: Wanted) -> Response:
    """The same for many at once: up to 1,000 of each kind."""
    now = office.now()
    asked = {Subjects.ACCOUNTS: body.accounts, Subjects.POSTS: body.posts}
    asked[Subjects.TRENDS] = body.trends
    answers: dict[Subjects, dict[str, OnSubject]] = {}
    any_degraded = False
    for subjects, ids in asked.items():
        answers[subjects], degraded = _ask(request, subjects, ids, body.surface, now)
        any_degraded |= degraded
    return _json(
        LookUps.model_construct(
            surface=body.surface,
            at=now,
            degraded=any_degraded,
            accounts=answers[Subjects.ACCOUNTS],
            posts=answers[Subjects.POSTS],
            trends=answers[Subjects.TRENDS],
        )
    )


def _ask(
    request: Request,
    subjects: Subjects,
    ids: Sequence[str],
    surface: Surface | None,
    now: UtcDatetime,
) -> tuple[dict[str, OnSubject], bool]:
    if not ids:
        return {}, False
    register: StandingRestrictions = request.app.state.standing
    found = register.look_up(subjects.kind, set(ids), now)
    statements = register.statement_ids(one for many in found.found.values() for one in many)
    answers = {id_: _answer(laid, surface, now, statements) for id_, laid in found.found.items()}
    _count(subjects, answers, degraded=found.degraded)
    return answers, found.degraded


def _answer(
    laid: Sequence[Restriction],
    surface: Surface | None,
    now: UtcDatetime,
    statements: Mapping[str, str],
) -> OnSubject:
    shown = standing(laid, now)
    if surface is None:
        return _of(shown, statements)
    view = visible(laid, surface, now)
    answer = _of([one for one in shown if surface in _SURFACES[one.kind]], statements)
    answer.verdict, answer.rule = view.verdict, view.rule
    return answer


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
                until=one.expires_at,
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
