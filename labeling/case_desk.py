"""The desk on the case store: open cases are what is wanted, answers are decisions.

Every method is one transaction; which task stands for which case's round, and what was said to
each version of each answer, is kept with the case, never with Label Studio.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import and_, exists

from casework.office import Office
from casework.review import decide
from labeling.configs import newest_version
from labeling.desk import (
    Accepted,
    Answer,
    Binding,
    BindingState,
    Noted,
    Receipt,
    Refused,
    WantedTask,
)
from policy.at_risk import shown_to_reviewers
from policy.cases import Case, CaseKind, CaseState
from policy.lay import Periods
from policy.words import Refusal
from store import tables
from store.records import Receipt as Kept
from store.records import Task
from store.work import Reading, Writing

T = TypeVar("T")

ACTOR = "system:reconciler"

_STATES = {
    CaseState.OPEN: BindingState.OPEN,
    CaseState.DECIDED: BindingState.ANSWERED,
    CaseState.LAPSED: BindingState.CLOSED,
    CaseState.CLOSED: BindingState.CLOSED,
}


class CaseDesk:
    """Implements `labeling.desk.Desk` on an office's store."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def wanted(self) -> Iterator[WantedTask]:
        """Open cases without a task, most urgent first. Sealed ones never leave the store."""
        cases, tasks = tables.cases.c, tables.tasks.c
        has_task = exists().where(
            and_(tasks.case_id == cases.id, tasks.round == cases.round, tasks.bound.is_(True))
        )
        with self._office.store.reading() as work:
            found = work.cases.find(
                ~has_task,
                cases.kind != CaseKind.LEGAL.value,
                state=CaseState.OPEN.value,
                order_by=[cases.priority.desc(), cases.opened_at],
            )
        for case in found:
            yield _wanted(case)

    def closing(self) -> Iterator[Binding]:
        """Bound tasks whose cases lapsed or were closed."""
        cases, tasks = tables.cases.c, tables.tasks.c
        ended = [CaseState.LAPSED.value, CaseState.CLOSED.value]
        is_over = exists().where(and_(cases.id == tasks.case_id, cases.state.in_(ended)))
        with self._office.store.reading() as work:
            found = work.tasks.find(is_over, bound=True)
        for task in found:
            yield _binding(task, BindingState.CLOSED)

    def bound(self) -> Iterator[Binding]:
        """Every binding, with the state of its case."""
        with self._office.store.reading() as work:
            found = work.tasks.find(bound=True)
            cases = work.cases.get_many([task.case_id for task in found])
        for task in found:
            yield _binding(task, _STATES[cases[task.case_id].state])

    def known(self, case_id: str, round_: int) -> Binding | None:
        """The binding of a case's round, if it has one."""
        with self._office.store.reading() as work:
            return _known(work, case_id, round_)

    def bind(self, case_id: str, round_: int, project_id: int, task_id: int) -> Binding | None:
        """Keep which task stands for a case's round; the first to bind wins."""

        def do(work: Writing) -> Binding | None:
            standing = _known(work, case_id, round_)
            if standing is not None:
                return standing
            case = work.cases.get(case_id)
            if case is None or case.state is not CaseState.OPEN or case.round != round_:
                return None
            earlier = work.tasks.get(case_id, str(round_))
            task = Task(case_id=case_id, round=round_, project_id=project_id, task_id=task_id)
            if earlier is not None:
                # Another task for the same question; what was said to the old one's answers stays.
                task = earlier.model_copy(
                    update={"project_id": project_id, "task_id": task_id, "bound": True}
                )
            work.save(task, action="task.bound", why=f"task {task_id}")
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
        key = f"{answer.annotation_id}@{answer.version}"

        def do(work: Writing) -> Receipt:
            task = work.tasks.get(answer.case_id, str(answer.round))
            if task is None:
                return Noted(reason="this task was never bound to a case")
            if key in task.receipts:
                return _receipt(task.receipts[key])
            receipt = _take(work, task, answer, self._office.periods)
            _keep(work, task, answer, key, receipt)
            return receipt

        try:
            return self._transact(do)
        except Refusal as refusal:
            # The transaction is gone with the refusal; that it was refused is kept in another.
            refused = Refused(reason=refusal.reason)

            def note(work: Writing) -> Receipt:
                task = work.tasks.need(answer.case_id, str(answer.round))
                if key in task.receipts:
                    return _receipt(task.receipts[key])
                _keep(work, task, answer, key, refused)
                return refused

            return self._transact(note)

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

    def _transact(self, do: Callable[[Writing], T]) -> T:
        return self._office.store.transact(do, actor=ACTOR, now=self._office.now())


def _take(work: Writing, task: Task, answer: Answer, periods: Periods) -> Receipt:
    case = work.cases.need(answer.case_id)
    if case.state is not CaseState.OPEN or case.round != answer.round:
        edited = answer.annotation_id in task.accepted
        what = "a later version of the answer that decided" if edited else "it came too late"
        return Noted(reason=f"{what}: the case is {case.state}")
    if answer.problems or answer.verdict is None:
        return Refused(reason="; ".join(answer.problems) or "the answer is empty")
    decide(
        work,
        answer.case_id,
        answer.verdict,
        round_=answer.round,
        by=f"person:{answer.answered_by}",
        at=answer.answered_at,
        source=f"label-studio:{answer.project_id}:{answer.annotation_id}:{answer.case_id}",
        periods=periods,
        lead_time_s=answer.lead_time,
    )
    return Accepted()


def _keep(work: Writing, task: Task, answer: Answer, key: str, receipt: Receipt) -> None:
    taken = isinstance(receipt, Accepted)
    kept = Kept(
        outcome=receipt.outcome,
        reason="" if isinstance(receipt, Accepted) else receipt.reason,
        raw=[] if taken else answer.raw,
    )
    changed = task.model_copy(
        update={
            "receipts": {**task.receipts, key: kept},
            "accepted": (*task.accepted, answer.annotation_id) if taken else task.accepted,
        }
    )
    work.save(changed, action=f"answer.{receipt.outcome}", why=kept.reason)


def _receipt(kept: Kept) -> Receipt:
    match kept.outcome:
        case "accepted":
            return Accepted()
        case "noted":
            return Noted(reason=kept.reason)
        case "refused":
            return Refused(reason=kept.reason)


def _known(work: Reading, case_id: str, round_: int) -> Binding | None:
    task = work.tasks.get(case_id, str(round_))
    if task is None or not task.bound:
        return None
    return _binding(task, _STATES[work.cases.need(case_id).state])


def _binding(task: Task, state: BindingState) -> Binding:
    return Binding(
        case_id=task.case_id,
        round=task.round,
        project_id=task.project_id,
        task_id=task.task_id,
        state=state,
        accepted=task.accepted,
    )


def _wanted(case: Case) -> WantedTask:
    return WantedTask(
        case_id=case.id,
        round=case.round,
        kind=case.kind,
        config=newest_version(case.kind),
        priority=case.priority,
        blind=case.blind,
        data=shown_to_reviewers(case),
    )
