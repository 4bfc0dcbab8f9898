"""What the reconciler has seen of the server: which task stands for what, and what changed since.

Times are the server's own throughout, so that two clocks never have to agree.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labeling.desk import TaskKey
from labeling.studio import SeenTask, TaskState

_OVERLAP = timedelta(seconds=10)
"""A change can become visible a little after its own time: it was still being committed."""
_SETTLED_S = 30.0
"""So long after the latest change was first seen, none from before it is still to come."""


@dataclass
class ProjectIndex:
    """The tasks of one project as last seen."""

    seen: dict[int, datetime] = field(default_factory=dict)
    """Time of the last change by task id, of every task, whoever made it."""
    done: dict[int, TaskState] = field(default_factory=dict)
    """As what a task was dealt with last."""
    marks: dict[int, TaskKey] = field(default_factory=dict)
    """What our own tasks stand for."""
    by_key: dict[TaskKey, set[int]] = field(default_factory=lambda: defaultdict(set))

    _latest: datetime | None = None
    _latest_seen_at: float = 0.0

    @property
    def since(self) -> datetime | None:
        """From when on to ask for changes; None before the first look."""
        if self._latest is None:
            return None
        settled = time.monotonic() - self._latest_seen_at >= _SETTLED_S
        return self._latest if settled else self._latest - _OVERLAP

    @property
    def newest(self) -> int:
        """The highest task id seen: whatever is created later has a higher one."""
        return max(self.seen, default=0)

    def take(self, task: SeenTask, *, owner: str) -> bool:
        """Note a task as it is now; whether there is anything new about it."""
        self.seen[task.id] = task.updated_at
        if self._latest is None or task.updated_at > self._latest:
            self._latest = task.updated_at
            self._latest_seen_at = time.monotonic()
        key = task.mark.key if task.mark is not None and task.mark.owner == owner else None
        if self.marks.get(task.id) != key:
            # A restored server gives ids again.
            self._unmark(task.id)
        if key is None:
            return False
        self.marks[task.id] = key
        self.by_key[key].add(task.id)
        return self.done.get(task.id) != task.state

    def deal(self, task: SeenTask) -> None:
        """Note that a task was dealt with as it is now."""
        self.done[task.id] = task.state

    def forget(self, task_id: int) -> None:
        """A task is gone."""
        self.seen.pop(task_id, None)
        self._unmark(task_id)

    def keep_only(self, present: Iterable[int]) -> None:
        """A full look saw exactly these tasks: forget all others."""
        for task_id in self.seen.keys() - set(present):
            self.forget(task_id)

    def _unmark(self, task_id: int) -> None:
        self.done.pop(task_id, None)
        key = self.marks.pop(task_id, None)
        if key is not None:
            self.by_key[key].discard(task_id)


@dataclass
class Index:
    """The projects of one Concert as last seen."""

    projects: dict[int, ProjectIndex] = field(default_factory=lambda: defaultdict(ProjectIndex))

    def of(self, project_id: int) -> ProjectIndex:
        return self.projects[project_id]

    def keep_only(self, present: Iterable[int]) -> None:
        """Exactly these projects are there: forget all others."""
        for project_id in self.projects.keys() - set(present):
            del self.projects[project_id]

    def tasks_for(self, key: TaskKey) -> list[tuple[int, int]]:
        """All (project, task) ids that stand for a key, oldest first."""
        found = [
            (project_id, task_id)
            for project_id, project in self.projects.items()
            for task_id in project.by_key.get(key, ())
        ]
        return sorted(found, key=lambda pair: pair[1])

    def doubled(self) -> Iterator[TaskKey]:
        """Keys that more than one task stands for."""
        counts: dict[TaskKey, int] = defaultdict(int)
        for project in self.projects.values():
            for key, tasks in project.by_key.items():
                counts[key] += len(tasks)
        return (key for key, count in counts.items() if count > 1)

    def stands_for(self, key: TaskKey, project_id: int, task_id: int) -> bool:
        """Whether this task is there and stands for this key: ids come back after a restore."""
        return self.of(project_id).marks.get(task_id) == key
