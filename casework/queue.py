"""The queue in numbers: what waits for a person, against its service level, and what was done."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import islice
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from casework.agreement import Agreement
from casework.answers import given_answers
from casework.assignment import waiting
from casework.house import house_rules
from casework.office import Office
from casework.quality import agreement_of
from policy.at_risk import LIFE
from policy.cases import CaseKind, CaseState
from policy.service import IMMINENT, level_of
from policy.words import UtcDatetime, Value
from store import tables
from store.work import Reading

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PORTION = 500


class Waiting(Value):
    """Open cases of one kind."""

    open: int = Field(ge=0)
    with_task: int = Field(ge=0)
    """Those that stand in the reviewers' tool."""
    late: int = Field(ge=0)
    """Past their service level: they are ranked higher."""
    overdue: int = Field(ge=0)
    """Past their time: they lapse at the next pass and restrict nobody."""
    oldest_h: float = Field(ge=0)
    """Age of the oldest, in hours."""
    service_h: float = Field(gt=0)
    """The service level of this kind, in hours."""


class Queue(Value):
    """The queue as of one moment."""

    waiting: dict[CaseKind, Waiting]
    """By kind; kinds without an open case are left out."""
    decided: int
    ended: int
    """Lapsed, or closed without an answer."""
    answered_a_day: int
    """Answers of the last 24 hours."""
    answered_a_week: int


class QueueState(Queue):
    """The same with what takes longer to tell."""

    waits_for: dict[CaseKind, dict[str, int]]
    """How many cases nobody on the roster may answer, by kind and by what they wait for."""
    agreement: dict[str, Agreement]
    """How far reviewers agree, by kind."""


def count_queue(office: Office) -> Queue:
    """Count the queue, by its columns alone: cheap enough to be asked every few seconds."""
    now = office.now()
    with office.store.reading() as work:
        return Queue(**_counted(work, now))


def queue_state(office: Office) -> QueueState:
    """Count the queue, say what waits for whom, and measure agreement over all answers."""
    now = office.now()
    with office.store.reading() as work:
        return QueueState(
            **_counted(work, now),
            waits_for=_waits_for(work),
            agreement=agreement_of(given_answers(work)),
        )


def _counted(work: Reading, now: UtcDatetime) -> dict[str, Any]:
    cases = tables.cases.c
    is_open = cases.state == CaseState.OPEN.value
    query = (
        select(cases.kind, func.count(), func.min(cases.opened_at))
        .where(is_open)
        .group_by(cases.kind)
    )
    rules = house_rules(work)
    with_task = _by_kind(work, is_open, _has_task())
    overdue = _by_kind(work, is_open, cases.lapses_at <= now)
    waiting_now = {}
    for kind, count, oldest in work.connection.execute(query):
        level = level_of(CaseKind(kind), rules)
        waiting_now[CaseKind(kind)] = Waiting(
            open=count,
            with_task=with_task[kind],
            late=work.cases.count(_late(now, level), kind=kind, state=CaseState.OPEN.value),
            overdue=overdue[kind],
            oldest_h=max((now - oldest) / HOUR, 0.0),
            service_h=level / HOUR,
        )
    answered = tables.decisions.c.at
    return {
        "waiting": {kind: waiting_now[kind] for kind in CaseKind if kind in waiting_now},
        "decided": work.cases.count(state=CaseState.DECIDED.value),
        "ended": work.cases.count(state=[CaseState.LAPSED.value, CaseState.CLOSED.value]),
        "answered_a_day": work.decisions.count(answered > now - DAY),
        "answered_a_week": work.decisions.count(answered > now - 7 * DAY),
    }


def _late(now: UtcDatetime, level: timedelta) -> ColumnElement[bool]:
    cases = tables.cases.c
    # Where a life may be in danger the rank says so, and the level is shorter.
    imminent = and_(cases.priority >= LIFE, cases.opened_at <= now - IMMINENT)
    return or_(cases.opened_at <= now - level, imminent)


def _waits_for(work: Reading) -> dict[CaseKind, dict[str, int]]:
    found: dict[CaseKind, Counter[str]] = defaultdict(Counter)
    rest = work.cases.each(state=CaseState.OPEN.value)
    # So many at a time: evidence of thousands of cases is a lot.
    while portion := list(islice(rest, PORTION)):
        kinds = {case.id: case.kind for case in portion}
        for id_, bar in waiting(work, portion).items():
            found[kinds[id_]][bar.reason] += 1
    return {kind: dict(found[kind]) for kind in CaseKind if kind in found}


def _by_kind(work: Reading, *where: ColumnElement[bool]) -> Counter[str]:
    cases = tables.cases.c
    query = select(cases.kind, func.count()).where(*where).group_by(cases.kind)
    return Counter({str(kind): int(count) for kind, count in work.connection.execute(query)})


def _has_task() -> ColumnElement[bool]:
    cases, tasks = tables.cases.c, tables.tasks.c
    return exists().where(
        and_(tasks.case_id == cases.id, tasks.round == cases.round, tasks.bound.is_(True))
    )
