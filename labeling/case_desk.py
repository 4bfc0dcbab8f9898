"""The desk on the case store: open cases are what is wanted, answers are decisions.

Every method is one transaction; which task stands for which case's round, and what was said to
each version of each answer, is kept with the case, never with Label Studio.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, exists, or_, select

from casework.assignment import waiting
from casework.office import Office
from casework.opinions import earlier, shown_evidence
from casework.tend import tend_queue
from labeling.configs import newest_version
from labeling.desk import (
    Answer,
    Binding,
    BindingState,
    Moved,
    Receipt,
    Refused,
    WantedTask,
)
from labeling.order import Order
from labeling.receipts import SOURCE, keep, receipt_of, refusal, take
from labeling.unasked import Unasked
from policy.at_risk import shown_to_reviewers
from policy.care import blur
from policy.cases import Case, CaseKind, CaseState
from policy.opinions import is_blind
from policy.reviewers import LEADS_ROUND
from policy.words import Refusal
from store import tables
from store.alone import alone
from store.records import Task
from store.work import Reading, Writing

T = TypeVar("T")

ACTOR = "system:reconciler"
SECOND = 2
"""The round that is blind to the first."""

_STATES = {
    CaseState.OPEN: BindingState.OPEN,
    CaseState.DECIDED: BindingState.ANSWERED,
    CaseState.LAPSED: BindingState.CLOSED,
    CaseState.CLOSED: BindingState.CLOSED,
}


class CaseDesk:
    """Implements `labeling.desk.Desk` on an office's store. One thread each."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._order = Order()
        self._unasked = Unasked()

    def alone(self) -> AbstractContextManager[bool]:
        """Whether this process alone creates tasks until the block ends."""
        return alone(self._office.store, "tasks")

    def wanted(self) -> Iterator[WantedTask]:
        """Open cases without a task that somebody may answer, most urgent first.

        Sealed ones never leave the store, and one that nobody on the roster may answer waits there.
        """
        tend_queue(self._office)
        cases = tables.cases.c
        with self._office.store.reading() as work:
            rows = work.connection.execute(
                select(cases.id, cases.version)
                .where(~_has_task(), cases.kind != CaseKind.LEGAL.value)
                .where(cases.state == CaseState.OPEN.value)
            )
            ids = self._unasked.leave_out(work, {row.id: row.version for row in rows})
            found = work.cases.get_many(ids).values()
            unasked = waiting(work, found)
            self._unasked.keep(found, unasked)
            asked = (case for case in found if case.id not in unasked)
            urgent = sorted(asked, key=lambda case: (-case.priority, case.opened_at, case.id))
            tasks = [_wanted(work, case) for case in urgent]
        self._order.offer(tasks)
        yield from tasks

    def closing(self) -> Iterator[Binding]:
        """Bound tasks whose cases ended without an answer here, or ask for another opinion."""
        cases = tables.cases.c
        ended = cases.state.in_([CaseState.LAPSED.value, CaseState.CLOSED.value])
        with self._office.store.reading() as work:
            closed = work.tasks.find(or_(_of_case(ended), _decided_elsewhere()), bound=True)
            sealed = work.tasks.find(_of_case(_goes_on()), bound=True)
        for task in closed:
            yield _binding(task, BindingState.CLOSED)
        for task in sealed:
            yield _binding(task, BindingState.SEALED)

    def sealed(self, case_id: str, round_: int) -> bool:
        """Whether the case is open in a later round, whose answer must not follow this one's."""
        with self._office.store.reading() as work:
            case = work.cases.get(case_id)
        return case is not None and case.state is CaseState.OPEN and case.round > round_

    def bound(self) -> Iterator[Binding]:
        """Every binding, with the state of its case."""
        cases, tasks = tables.cases.c, tables.tasks.c
        with self._office.store.reading() as work:
            found = work.tasks.find(bound=True)
            # Not whole cases: ten thousand of them with their evidence take seconds to read.
            bound = exists().where(and_(tasks.case_id == cases.id, tasks.bound.is_(True)))
            rows = work.connection.execute(select(cases.id, cases.state, cases.round).where(bound))
            states = {id_: (CaseState(state), round_) for id_, state, round_ in rows}
        for task in found:
            yield _binding(task, _state(*states[task.case_id], task.round))

    def known(self, case_id: str, round_: int) -> Binding | None:
        """The binding of a case's round, if it has one."""
        with self._office.store.reading() as work:
            return _known(work, case_id, round_)

    def moved(self) -> Iterator[Moved]:
        """Open tasks that are shown with another priority than their cases have."""
        with self._office.store.reading() as work:
            found = self._order.look(work)
        yield from found

    def shown(self, moved: Moved) -> None:
        """Keep that a task is now shown with this priority."""

        def do(work: Writing) -> None:
            task = work.tasks.get(moved.case_id, str(moved.round))
            if task is not None and task.task_id == moved.task_id:
                now = task.model_copy(update={"priority": moved.priority})
                work.save(now, action="task.moved", why=f"priority {moved.priority:.2f}")

        self._transact(do)

    def bind(self, case_id: str, round_: int, project_id: int, task_id: int) -> Binding | None:
        """Keep which task stands for a case's round; the first to bind wins."""

        def do(work: Writing) -> Binding | None:
            standing = _known(work, case_id, round_)
            if standing is not None:
                return standing
            case = work.cases.get(case_id)
            if case is None or case.state is not CaseState.OPEN or case.round != round_:
                return None
            task = work.tasks.get(case_id, str(round_)) or Task(
                case_id=case_id, round=round_, project_id=project_id, task_id=task_id
            )
            # Another task for the same question; what was said to the old one's answers stays.
            task = task.model_copy(
                update={"project_id": project_id, "task_id": task_id, "bound": True}
            )
            work.save(self._order.bound(case, task), action="task.bound", why=f"task {task_id}")
            return _binding(task, BindingState.OPEN)

        return self._transact(do)

    def unbind(self, case_id: str, round_: int, task_id: int) -> None:
        """Forget a binding if it still names this task."""

        def do(work: Writing) -> None:
            task = work.tasks.get(case_id, str(round_))
            if task is not None and task.bound and task.task_id == task_id:
                gone = task.model_copy(update={"bound": False})
                work.save(gone, action="task.unbound", why=f"task {task_id} is gone")

        self._transact(do)

    def receive(self, answer: Answer) -> Receipt:
        """Take one version of one answer, exactly once; see `Desk.receive`."""
        with self._office.store.reading() as work:
            # Read first: a sweep sees every answer that was ever given, and writers take turns.
            task = work.tasks.get(answer.case_id, str(answer.round))
            standing = receipt_of(task, answer) if task is not None else None
        if standing is not None:
            return standing
        try:
            return self._transact(lambda work: take(work, answer, self._office.periods))
        except Refusal as refused:
            # The transaction is gone with the refusal; that it was refused is kept in another.
            receipt = refusal(refused)
            return self._transact(lambda work: self._note(work, answer, receipt))

    def withdrawn(self, case_id: str, round_: int, annotation_id: int) -> None:
        """Note that an accepted answer was deleted on the server: the decision stands."""

        def do(work: Writing) -> None:
            task = work.tasks.get(case_id, str(round_))
            if task is None or annotation_id not in task.accepted:
                return
            left = tuple(one for one in task.accepted if one != annotation_id)
            work.save(
                task.model_copy(update={"accepted": left}),
                action="answer.withdrawn",
                why=f"annotation {annotation_id} was deleted in Label Studio; its decision stands",
            )

        self._transact(do)

    @staticmethod
    def _note(work: Writing, answer: Answer, refused: Refused) -> Receipt:
        task = work.tasks.need(answer.case_id, str(answer.round))
        earlier_receipt = receipt_of(task, answer)
        if earlier_receipt is not None:
            return earlier_receipt
        keep(work, task, answer, refused)
        return refused

    def _transact(self, do: Callable[[Writing], T]) -> T:
        return self._office.store.transact(do, actor=ACTOR, now=self._office.now())


def _has_task() -> ColumnElement[bool]:
    cases, tasks = tables.cases.c, tables.tasks.c
    return exists().where(
        and_(tasks.case_id == cases.id, tasks.round == cases.round, tasks.bound.is_(True))
    )


def _of_case(where: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(and_(tables.cases.c.id == tables.tasks.c.case_id, where))


def _goes_on() -> ColumnElement[bool]:
    """A case that is open in a later round than a task's."""
    cases = tables.cases.c
    return and_(cases.state == CaseState.OPEN.value, cases.round > tables.tasks.c.round)


def _decided_elsewhere() -> ColumnElement[bool]:
    """Tasks of cases that were decided, and not by an answer here: from the shell, or the API."""
    tasks, decisions = tables.tasks.c, tables.decisions.c
    answered = exists().where(
        and_(
            decisions.case_id == tasks.case_id,
            decisions.round == tasks.round,
            decisions.source.startswith(SOURCE),
        )
    )
    return and_(_of_case(tables.cases.c.state == CaseState.DECIDED.value), ~answered)


def _state(case: CaseState, case_round: int, task_round: int) -> BindingState:
    if case is CaseState.OPEN and task_round < case_round:
        return BindingState.SEALED
    return _STATES[case]


def _known(work: Reading, case_id: str, round_: int) -> Binding | None:
    task = work.tasks.get(case_id, str(round_))
    if task is None or not task.bound:
        return None
    case = work.cases.need(case_id)
    return _binding(task, _state(case.state, case.round, round_))


def _binding(task: Task, state: BindingState) -> Binding:
    return Binding(
        case_id=task.case_id,
        round=task.round,
        project_id=task.project_id,
        task_id=task.task_id,
        state=state,
        accepted=task.accepted,
    )


def _wanted(work: Reading, case: Case) -> WantedTask:
    seen = case.model_copy(update={"evidence": shown_evidence(case)})
    data = {**shown_to_reviewers(seen), "blur": blur(case).value, "places": list(case.places)}
    if case.round == SECOND:
        # Why the first was asked is most often what the model thought.
        data["why_here"] = "A second opinion is needed, independent of the first."
    if case.round >= LEADS_ROUND:
        data["earlier"] = [one.model_dump(mode="json") for one in earlier(work, case)]
    return WantedTask(
        case_id=case.id,
        round=case.round,
        kind=case.kind,
        config=newest_version(case.kind),
        priority=case.priority,
        blind=is_blind(case),
        data=data,
    )
