"""The queue in numbers: what waits for a person, against its service level, and what was done."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field
from sqlalchemy import and_, exists, func, select

from casework.agreement import Agreement
from casework.answers import given_answers
from casework.assignment import waiting
from casework.house import house_rules
from casework.office import Office
from casework.quality import agreement_of
from policy.cases import Case, CaseKind, CaseState
from policy.house import HouseRules
from policy.service import due_at, service_level
from policy.words import UtcDatetime, Value
from store import tables
from store.work import Reading

DAY = timedelta(days=1)


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
    waits_for: Mapping[str, int] = Field(default_factory=dict)
    """Cases that nobody on the roster may answer, by what they wait for."""


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
    """The same with what takes longer to count: how far reviewers agree."""

    agreement: dict[str, Agreement]


def count_queue(office: Office) -> Queue:
    """Count the queue."""
    now = office.now()
    with office.store.reading() as work:
        return Queue(**_counted(work, now))


def queue_state(office: Office) -> QueueState:
    """Count the queue, and measure agreement over all answers."""
    now = office.now()
    with office.store.reading() as work:
        return QueueState(**_counted(work, now), agreement=agreement_of(given_answers(work)))


def _counted(work: Reading, now: UtcDatetime) -> dict[str, object]:
    rules = house_rules(work)
    by_kind: dict[CaseKind, list[Case]] = defaultdict(list)
    for case in work.cases.each(state=CaseState.OPEN.value):
        # Only what is counted is kept: evidence of thousands of cases is a lot.
        by_kind[case.kind].append(case.model_copy(update={"evidence": {}}))
    with_task = _with_task(work)
    at = tables.decisions.c.at
    return {
        "waiting": {
            kind: _waiting(work, by_kind[kind], with_task[kind.value], rules=rules, now=now)
            for kind in CaseKind
            if by_kind[kind]
        },
        "decided": work.cases.count(state=CaseState.DECIDED.value),
        "ended": work.cases.count(state=[CaseState.LAPSED.value, CaseState.CLOSED.value]),
        "answered_a_day": work.decisions.count(at > now - DAY),
        "answered_a_week": work.decisions.count(at > now - 7 * DAY),
    }


def _waiting(
    work: Reading,
    cases: list[Case],
    with_task: int,
    *,
    rules: HouseRules,
    now: UtcDatetime,
) -> Waiting:
    usual = service_level(cases[0].model_copy(update={"imminent": False}), rules)
    return Waiting(
        open=len(cases),
        with_task=with_task,
        late=sum(due_at(case, rules) <= now for case in cases),
        overdue=sum(case.lapses_at <= now for case in cases),
        oldest_h=max((now - min(case.opened_at for case in cases)) / timedelta(hours=1), 0.0),
        service_h=usual / timedelta(hours=1),
        waits_for=Counter(bar.reason for bar in waiting(work, cases).values()),
    )


def _with_task(work: Reading) -> Counter[str]:
    cases, tasks = tables.cases.c, tables.tasks.c
    has_task = exists().where(
        and_(tasks.case_id == cases.id, tasks.round == cases.round, tasks.bound.is_(True))
    )
    query = (
        select(cases.kind, func.count())
        .where(has_task, cases.state == CaseState.OPEN.value)
        .group_by(cases.kind)
    )
    return Counter({str(kind): int(count) for kind, count in work.connection.execute(query)})
