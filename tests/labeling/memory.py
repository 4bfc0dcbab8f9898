"""A desk in memory: the plainest reading of the Desk protocol, to hold the reconciler against."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from labeling.desk import (
    Accepted,
    Answer,
    Binding,
    BindingState,
    Moved,
    Noted,
    Receipt,
    Refused,
    TaskKey,
    WantedTask,
)


@dataclass
class MemoryDesk:
    """Cases are wanted until answered or closed; everything that happened is in `log`."""

    tasks: dict[TaskKey, WantedTask] = field(default_factory=dict)
    bindings: dict[TaskKey, Binding] = field(default_factory=dict)
    decided: dict[TaskKey, Answer] = field(default_factory=dict)
    closed: set[TaskKey] = field(default_factory=set)
    hidden: set[TaskKey] = field(default_factory=set)
    """Answered rounds whose answers must not stay on the server."""
    moving: list[Moved] = field(default_factory=list)
    receipts: dict[tuple[TaskKey, int, str], Receipt] = field(default_factory=dict)
    log: list[tuple[str, TaskKey, object]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    creating: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        mine = self.creating.acquire(blocking=False)
        try:
            yield mine
        finally:
            if mine:
                self.creating.release()

    def want(self, *tasks: WantedTask) -> None:
        self.tasks |= {task.key: task for task in tasks}

    def move(self, key: TaskKey, priority: float) -> None:
        task_id = self.bindings[key].task_id
        self.moving.append(
            Moved(case_id=key.case_id, round=key.round, task_id=task_id, priority=priority)
        )

    def close(self, key: TaskKey) -> None:
        with self.lock:
            self.closed.add(key)
            if key in self.bindings and key not in self.decided:
                self.bindings[key] = self.bindings[key].model_copy(
                    update={"state": BindingState.CLOSED}
                )

    def _open(self, key: TaskKey) -> bool:
        return key in self.tasks and key not in self.decided and key not in self.closed

    def wanted(self) -> Iterator[WantedTask]:
        with self.lock:
            unbound = [
                task
                for key, task in self.tasks.items()
                if self._open(key) and key not in self.bindings
            ]
        return iter(sorted(unbound, key=lambda task: -task.priority))

    def closing(self) -> Iterable[Binding]:
        with self.lock:
            return [
                binding
                for binding in self.bindings.values()
                if binding.state in (BindingState.CLOSED, BindingState.SEALED)
            ]

    def seal(self, key: TaskKey) -> None:
        with self.lock:
            self.hidden.add(key)
            if key in self.bindings:
                self.bindings[key] = self.bindings[key].model_copy(
                    update={"state": BindingState.SEALED}
                )

    def sealed(self, case_id: str, round_: int) -> bool:
        return TaskKey(case_id, round_) in self.hidden

    def moved(self) -> Iterable[Moved]:
        return list(self.moving)

    def shown(self, moved: Moved) -> None:
        self.moving.remove(moved)

    def bound(self) -> Iterable[Binding]:
        with self.lock:
            return list(self.bindings.values())

    def known(self, case_id: str, round_: int) -> Binding | None:
        return self.bindings.get(TaskKey(case_id, round_))

    def bind(self, case_id: str, round_: int, project_id: int, task_id: int) -> Binding | None:
        key = TaskKey(case_id, round_)
        with self.lock:
            if key not in self.bindings:
                if not self._open(key):
                    return None
                self.bindings[key] = Binding(
                    case_id=case_id, round=round_, project_id=project_id, task_id=task_id
                )
                self.log.append(("bound", key, task_id))
            return self.bindings[key]

    def unbind(self, case_id: str, round_: int, task_id: int) -> None:
        key = TaskKey(case_id, round_)
        with self.lock:
            if key in self.bindings and self.bindings[key].task_id == task_id:
                del self.bindings[key]
                self.log.append(("unbound", key, task_id))

    def receive(self, answer: Answer) -> Receipt:
        key, version = answer.key, (answer.key, answer.annotation_id, answer.version)
        with self.lock:
            if version not in self.receipts:
                self.receipts[version] = self._receive(answer)
                self.log.append((self.receipts[version].outcome, key, answer.annotation_id))
            return self.receipts[version]

    def _receive(self, answer: Answer) -> Receipt:
        key = answer.key
        if key in self.decided:
            return Noted(reason="the case is decided")
        if not self._open(key):
            return Noted(reason="the case has ended")
        if answer.verdict is None:
            return Refused(reason="; ".join(answer.problems))
        self.decided[key] = answer
        if key in self.bindings:
            self.bindings[key] = self.bindings[key].model_copy(
                update={"state": BindingState.ANSWERED, "accepted": (answer.annotation_id,)}
            )
        return Accepted()

    def withdrawn(self, case_id: str, round_: int, annotation_id: int) -> None:
        key = TaskKey(case_id, round_)
        entry = ("withdrawn", key, annotation_id)
        with self.lock:
            if entry not in self.log:
                self.log.append(entry)

    def events(self, key: TaskKey) -> list[str]:
        return [name for name, of, _ in self.log if of == key]
