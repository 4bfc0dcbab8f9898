"""With which priority tasks are shown, and which are to be shown with another."""

from collections.abc import Iterable

from sqlalchemy import or_, select

from labeling.desk import Moved, TaskKey, WantedTask
from policy.cases import Case, CaseState
from store import tables
from store.documents import among
from store.records import Task
from store.work import Reading


class Order:
    """Compares cases with what is shown of them; after the first look only those that changed."""

    def __init__(self) -> None:
        self._offered: dict[TaskKey, float] = {}
        """Priorities with which tasks are being created."""
        self._moved: dict[TaskKey, Moved] = {}
        self._compared = 0
        """Cases were compared up to this version."""

    def offer(self, tasks: Iterable[WantedTask]) -> None:
        """These tasks are about to be created."""
        self._offered = {task.key: task.priority for task in tasks}

    def bound(self, case: Case, task: Task) -> Task:
        """A task that was just bound, with the priority that it was created with."""
        key = TaskKey(task.case_id, task.round)
        shown = task.model_copy(update={"priority": self._offered.get(key, case.priority)})
        if shown.priority != case.priority:
            # It grew more urgent while its task was created.
            self._moved[key] = _moved(shown, case.priority)
        return shown

    def look(self, work: Reading) -> list[Moved]:
        """Open, bound tasks that are shown with another priority, most urgent first."""
        cases = tables.cases.c
        again = among(work.connection, cases.id, {key.case_id for key in self._moved})
        rows = work.connection.execute(
            select(cases.id, cases.round, cases.priority, cases.version)
            .where(cases.state == CaseState.OPEN.value)
            .where(or_(cases.version > self._compared, again))
        ).all()
        shown = work.tasks.get_many((row.id, str(row.round)) for row in rows)
        found = {(task.case_id, task.round): task for task in shown.values() if task.bound}
        self._moved = {
            TaskKey(row.id, row.round): _moved(task, row.priority)
            for row in rows
            if (task := found.get((row.id, row.round))) and task.priority != row.priority
        }
        self._compared = max([self._compared, *(row.version for row in rows)])
        return sorted(self._moved.values(), key=lambda one: -one.priority)


def _moved(task: Task, priority: float) -> Moved:
    return Moved(case_id=task.case_id, round=task.round, task_id=task.task_id, priority=priority)
