"""The queue in numbers: what waits for a person, and what became of the rest."""

from pydantic import Field
from sqlalchemy import and_, exists

from casework.office import Office
from policy.cases import CaseKind, CaseState
from policy.words import Value
from store import tables


class Waiting(Value):
    """Open cases of one kind."""

    open: int = Field(ge=0)
    with_task: int = Field(ge=0)
    """Those that stand in the reviewers' tool."""
    overdue: int = Field(ge=0)
    """Past their time: they lapse at the next pass and restrict nobody."""


class Queue(Value):
    """The queue as of one moment."""

    waiting: dict[CaseKind, Waiting]
    """By kind; kinds without an open case are left out."""
    decided: int
    ended: int
    """Lapsed, or closed without an answer."""


def count_queue(office: Office) -> Queue:
    """Count the queue."""
    cases, tasks = tables.cases.c, tables.tasks.c
    has_task = exists().where(
        and_(tasks.case_id == cases.id, tasks.round == cases.round, tasks.bound.is_(True))
    )
    now = office.now()
    with office.store.reading() as work:
        waiting = {}
        for kind in CaseKind:
            of = {"kind": kind.value, "state": CaseState.OPEN.value}
            count = work.cases.count(**of)
            if count:
                waiting[kind] = Waiting(
                    open=count,
                    with_task=work.cases.count(has_task, **of),
                    overdue=work.cases.count(cases.lapses_at <= now, **of),
                )
        return Queue(
            waiting=waiting,
            decided=work.cases.count(state=CaseState.DECIDED.value),
            ended=work.cases.count(state=[CaseState.LAPSED.value, CaseState.CLOSED.value]),
        )
