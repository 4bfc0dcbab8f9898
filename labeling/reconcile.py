"""Makes Label Studio agree with the desk, as often as needed, and brings answers back.

State is desired and reconciled. A pass may be cut off anywhere and run by two at once: every step
looks first, and what still came out double is swept by the next pass. The server has no
idempotency key and no transaction that spans us both, so creating is: look, import, look again,
bind what is found. A task whose binding was never recorded is thus found like any other. One
reconciler at a time creates, so that doubles come of crashes alone: they are removed one by one,
which is slow.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType

import structlog
from pydantic import JsonValue

from labeling.answers import AnswerError
from labeling.configs import ConfigError, Lane
from labeling.desk import Binding, BindingState, Desk, TaskKey, WantedTask
from labeling.evidence import EvidenceError
from labeling.inbox import Inbox
from labeling.index import Index
from labeling.projects import Projects
from labeling.report import PassReport
from labeling.studio import (
    Mark,
    SeenProject,
    SeenTask,
    Studio,
    StudioAwayError,
    StudioRefusedError,
    Webhook,
)
from labeling.tasks import lane_of, task_of

log = structlog.get_logger(__name__)

IMPORT_BATCH = 200
MOVES = 20
"""So many priorities are changed in a pass: answers must not wait for them."""
SWEEP_EVERY_S = 300.0
_SWEEP_REST = 5.0
"""A sweep that took a second is followed by at least this many seconds without one."""
_LONGEST_WAIT_S = 60.0
_HINT_EVERY_S = 0.2

_Task = dict[str, JsonValue]
Rest = Callable[[threading.Event, Callable[[], bool], float], None]
"""Waits so many seconds, or until told to stop, or until a hint comes."""


def rest(stop: threading.Event, hint: Callable[[], bool], seconds: float) -> None:
    """Rest as it is between passes, by this machine's own clock."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if hint() or stop.wait(min(left, _HINT_EVERY_S)):
            return


class Reconciler:
    """Keeps one Label Studio in step with one desk. One thread each; any number of processes."""

    def __init__(
        self,
        desk: Desk,
        studio: Studio,
        *,
        owner: str = "concert",
        hook: Webhook | None = None,
        sweep_every_s: float = SWEEP_EVERY_S,
    ) -> None:
        """`owner` tells our tasks from those of another Concert in the same Label Studio.

        `hook` is registered with each of our projects, so that whoever is called there can make
        `run` hasten.
        """
        self._desk = desk
        self._studio = studio
        self._owner = owner
        self._sweep_every_s = sweep_every_s
        self._projects = Projects(studio, hook)
        self._inbox = Inbox(desk, studio)
        self._index = Index()
        self._swept_at: float | None = None
        self._sweep_took_s = 0.0
        self._told: dict[TaskKey, str] = {}

    def pass_once(self) -> PassReport:
        """One pass: read what changed, take answers in, remove, create.

        Raises:
            StudioAwayError: the server is away. What was done stands, the rest is for next time.
            StudioRefusedError: the server takes our token no more, or is of another version.
        """
        begun = time.monotonic()
        report = PassReport()
        try:
            self._pass(report)
        except BaseException:
            # Whatever was half read is read again.
            self._swept_at = None
            raise
        report.took_s = time.monotonic() - begun
        if report.swept:
            self._swept_at = time.monotonic()
            self._sweep_took_s = report.took_s
        return report

    def run(
        self,
        stop: threading.Event,
        hint: Callable[[], bool] = lambda: False,
        interval: float = 2.0,
        rest: Rest = rest,
    ) -> None:
        """Pass after pass, `interval` seconds apart, until told to stop.

        `hint` says that the next pass should come at once. A server that is away is waited for,
        ever longer up to a minute. `rest` is how it waits: by this machine's clock, or by another.
        """
        wait_s = interval
        while not stop.is_set():
            try:
                report = self.pass_once()
            except (StudioAwayError, StudioRefusedError) as error:
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
                log.warning("reconcile.failed", reason=str(error), next_try_s=wait_s)
            else:
                wait_s = interval
                if report.changed:
                    log.info("reconcile.pass", **report.told())
            rest(stop, hint, wait_s)

    def _pass(self, report: PassReport) -> None:
        projects = self._projects.own(also=self._index.projects)
        report.swept = self._sweep_is_due(projects)
        if report.swept:
            # Read before the server is: a task that is bound later is not missed in what we saw.
            bound = list(self._desk.bound())
            projects = self._projects.own(also={binding.project_id for binding in bound})
            report.configs_restored = self._projects.restore(projects)
            self._index.keep_only(project.id for project in projects)
            for project in projects:
                self._projects.ready(project.id)
                self._sweep(project.id, report, {one.key: one for one in bound})
            self._miss(bound, report)
        else:
            for project in projects:
                index = self._index.of(project.id)
                self._look(project.id, self._studio.tasks(project.id, since=index.since), report)
        self._close(report)
        self._create(report)
        self._remove_doubles(report)
        self._move(report)

    # Reading

    def _sweep_is_due(self, projects: Iterable[SeenProject]) -> bool:
        if self._swept_at is None:
            return True
        since = time.monotonic() - self._swept_at
        if since >= self._sweep_every_s:
            return True
        # More tasks than we saw are found by their change; fewer leave no trace but the count.
        there = {project.id: project.tasks for project in projects}
        fewer = any(
            there.get(project_id, 0) < len(index.seen)
            for project_id, index in self._index.projects.items()
        )
        return fewer and since >= self._sweep_took_s * _SWEEP_REST

    def _sweep(self, project_id: int, report: PassReport, bound: Mapping[TaskKey, Binding]) -> None:
        present = self._look(project_id, self._studio.tasks(project_id), report, bound)
        self._index.of(project_id).keep_only(present)

    def _look(
        self,
        project_id: int,
        tasks: Iterator[SeenTask],
        report: PassReport,
        bound: Mapping[TaskKey, Binding] = MappingProxyType({}),
    ) -> list[int]:
        """Take note of tasks and deal with what is new about ours; the ids of all of them.

        `bound` spares asking the desk about tasks that are as they ought to be: open ones that
        nobody has answered.
        """
        index = self._index.of(project_id)
        present: list[int] = []
        for task in tasks:
            present.append(task.id)
            if not index.take(task, owner=self._owner) or task.mark is None:
                continue
            known = bound.get(task.mark.key)
            if known is not None and _awaits(known, task):
                index.deal(task)
            else:
                self._deal_with(task, task.mark, report)
        return present

    def _look_for_new(self, project_id: int, report: PassReport) -> None:
        newest = self._index.of(project_id).newest
        self._look(project_id, self._studio.tasks(project_id, after_id=newest), report)

    def _deal_with(self, task: SeenTask, mark: Mark, report: PassReport) -> None:
        binding = self._bind(task, mark, report)
        if binding is None and not task.annotations:
            # Its case ended between the task's creation and its binding.
            self._delete(task.project_id, task.id)
            report.removed += 1
            return
        reopened = self._inbox.take(task, mark, report)
        if binding is not None and binding.task_id == task.id:
            self._inbox.miss(binding, task, report)
        elif binding is None and self._desk.sealed(*mark.key):
            # It came back, as from an old copy of the server's data.
            self._delete(task.project_id, task.id)
            report.sealed += 1
            return
        if not reopened:
            self._index.of(task.project_id).deal(task)

    def _bind(self, task: SeenTask, mark: Mark, report: PassReport) -> Binding | None:
        binding = self._desk.known(*mark.key)
        if binding is not None and binding.task_id == task.id:
            return binding
        if binding is not None and not self._gives_way(binding, task):
            return binding
        if binding is not None:
            self._desk.unbind(*mark.key, binding.task_id)
        binding = self._desk.bind(*mark.key, task.project_id, task.id)
        report.bound += binding is not None and binding.task_id == task.id
        return binding

    def _gives_way(self, binding: Binding, task: SeenTask) -> bool:
        """Whether a bound task is to be replaced by this one: gone, or this alone is answered."""
        now = self._studio.task(binding.task_id)
        if now is None or now.mark is None or now.mark.key != binding.key:
            return True
        return binding.state is BindingState.OPEN and bool(task.answers) and not now.annotations

    # Tasks that are not as they ought to be

    def _miss(self, bound: Iterable[Binding], report: PassReport) -> None:
        """After a sweep: what was bound before it and was not seen is gone."""
        for binding in bound:
            # By what it stands for and not by id alone: a restored server gives ids again.
            if self._index.stands_for(binding.key, binding.project_id, binding.task_id):
                continue
            if binding.state is not BindingState.SEALED:
                log.warning("task.lost", case=binding.case_id, round=binding.round)
                self._inbox.miss(binding, None, report)
            self._desk.unbind(*binding.key, binding.task_id)
            report.lost += 1

    def _remove_doubles(self, report: PassReport) -> None:
        for key in list(self._index.doubled()):
            tasks = self._index.tasks_for(key)
            binding = self._desk.known(*key)
            kept = next(
                (task_id for _, task_id in tasks if binding and binding.task_id == task_id),
                tasks[0][1],
            )
            for project_id, task_id in tasks:
                if task_id == kept:
                    continue
                # Asked once more: a person's work is never deleted.
                now = self._studio.task(task_id)
                if now is not None and now.annotations:
                    report.doubles_kept += 1
                else:
                    self._delete(project_id, task_id)
                    report.doubles_removed += 1

    def _close(self, report: PassReport) -> None:
        for binding in list(self._desk.closing()):
            task = self._studio.task(binding.task_id)
            if task is not None and task.mark is not None and task.mark.key == binding.key:
                if task.annotations:
                    # Answered or changed at the last moment: the desk hears of it.
                    self._inbox.take(task, task.mark, report)
                if binding.state is BindingState.SEALED:
                    self._delete(binding.project_id, task.id)
                    report.sealed += 1
                elif not task.annotations:
                    self._delete(binding.project_id, task.id)
                    report.removed += 1
            self._desk.unbind(*binding.key, binding.task_id)

    def _move(self, report: PassReport) -> None:
        """Show priorities as they are now; the rest of a great many at the next pass."""
        for moved in islice(self._desk.moved(), MOVES):
            self._studio.set_priority(moved.task_id, moved.priority)
            self._desk.shown(moved)
            report.moved += 1

    def _delete(self, project_id: int, task_id: int) -> None:
        self._studio.delete_task(task_id)
        self._index.of(project_id).forget(task_id)

    # Creating

    def _create(self, report: PassReport) -> None:
        lanes: dict[Lane, list[WantedTask]] = defaultdict(list)
        for wanted in self._desk.wanted():
            lanes[lane_of(wanted)].append(wanted)
        if not lanes:
            return
        with self._desk.alone() as mine:
            if not mine:
                # What the other leaves is for our next pass.
                report.left = sum(len(tasks) for tasks in lanes.values())
                return
            for lane, tasks in lanes.items():
                self._create_in(lane, tasks, report)

    def _create_in(self, lane: Lane, tasks: Iterable[WantedTask], report: PassReport) -> None:
        made = self._made(tasks, report)
        if not made:
            return
        project_id = self._projects.id_of(lane)
        # Another may have created them since we looked.
        self._look_for_new(project_id, report)
        absent = [task for key, task in made.items() if not self._adopt(key, report)]
        for first in range(0, len(absent), IMPORT_BATCH):
            self._import(project_id, absent[first : first + IMPORT_BATCH], report)
            self._look_for_new(project_id, report)

    def _made(self, tasks: Iterable[WantedTask], report: PassReport) -> dict[TaskKey, _Task]:
        made = {}
        for wanted in sorted(tasks, key=lambda task: -task.priority):
            try:
                made[wanted.key] = task_of(wanted, owner=self._owner)
            except (EvidenceError, ConfigError, AnswerError) as error:
                self._fail(wanted.key, str(error), report)
        return made

    def _adopt(self, key: TaskKey, report: PassReport) -> bool:
        """Whether a task for this key is there already; it is bound if it was not."""
        tasks = self._index.tasks_for(key)
        if tasks and self._desk.known(*key) is None:
            binding = self._desk.bind(*key, *tasks[0])
            report.bound += binding is not None
        return bool(tasks)

    def _import(self, project_id: int, batch: list[_Task], report: PassReport) -> None:
        try:
            self._studio.import_tasks(project_id, batch)
        except StudioRefusedError as error:
            if len(batch) > 1:
                # One bad task must not keep the others out.
                for task in batch:
                    self._import(project_id, [task], report)
                return
            mark = Mark.read(batch[0]["meta"])
            if mark is None:
                raise
            self._fail(mark.key, str(error), report)
        else:
            report.created += len(batch)

    def _fail(self, key: TaskKey, reason: str, report: PassReport) -> None:
        report.failed[key] = reason
        if self._told.get(key) != reason:
            self._told[key] = reason
            log.error("task.failed", case=key.case_id, round=key.round, reason=reason)


def _awaits(binding: Binding, task: SeenTask) -> bool:
    """Whether this is the bound task, open, and nobody has written to it yet."""
    return (
        binding.task_id == task.id
        and binding.project_id == task.project_id
        and binding.state is BindingState.OPEN
        and not task.annotations
        and not binding.accepted
    )
