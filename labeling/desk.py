"""The desk between cases and Label Studio: which tasks ought to exist, and where answers go.

Label Studio is never the record. Whoever keeps the cases implements `Desk`; the reconciler makes
the server agree with it, as often as needed. Every method may be called again with the same
arguments, by two processes at once, with the same outcome.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import Field, JsonValue

from policy.cases import CaseKind
from policy.verdicts import Verdict
from policy.words import Id, Likelihood, UtcDatetime, Value


class TaskKey(NamedTuple):
    """One round of review of one case: what a task in Label Studio stands for."""

    case_id: str
    round: int


class WantedTask(Value):
    """A task that ought to be open in Label Studio."""

    case_id: Id
    round: int = Field(default=1, ge=1)
    kind: CaseKind
    config: int = Field(default=1, ge=1)
    """Version of the labeling config; each version is a project of its own."""
    priority: float = Field(default=0.0, allow_inf_nan=False)
    """Higher is shown earlier."""
    blind: bool = False
    """Whether the reviewer must not see the model's opinion."""
    data: dict[str, JsonValue]
    """The evidence, as the evidence type of its kind dumps it (labeling.evidence)."""
    prediction: dict[str, str | list[str]] | None = None
    """The model's own answer: value by control name, for ordering and for showing if not blind."""
    prediction_score: Likelihood | None = None
    model: str = ""

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.case_id, self.round)


class BindingState(StrEnum):
    OPEN = "open"
    """A person's answer is awaited."""
    ANSWERED = "answered"
    """An answer was accepted; the task stays as a record."""
    CLOSED = "closed"
    """Lapsed or closed without an answer: the task is to be taken away."""
    SEALED = "sealed"
    """Answered, and whoever answers the case's next round must not see it: the task is to be taken
    away with its answer, which is kept with the case."""


class Binding(Value):
    """Which task of the server stands for a case's round."""

    case_id: Id
    round: int
    project_id: int
    task_id: int
    state: BindingState = BindingState.OPEN
    accepted: tuple[int, ...] = ()
    """Ids of the annotations whose answers were accepted."""

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.case_id, self.round)


class Moved(Value):
    """An open task that is shown with another priority than its case has now."""

    case_id: Id
    round: int
    task_id: int
    priority: float

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.case_id, self.round)


class Answer(Value):
    """One person's answer in one of its versions, checked against the config of its task."""

    case_id: Id
    round: int
    kind: CaseKind
    config: int
    project_id: int
    task_id: int
    annotation_id: int
    version: str
    """The annotation's `updated_at` as the server wrote it: an edit gives a new version."""
    answered_by: str
    """E-mail of the reviewer, or `user:<id>` where the server does not tell it."""
    user_id: int = 0
    """The reviewer's user on the server."""
    answered_at: UtcDatetime
    lead_time: float | None = None
    """Seconds that the reviewer spent, as the browser counted them."""
    verdict: Verdict | None
    """None exactly when there are problems."""
    problems: tuple[str, ...] = ()
    """Why the answer cannot count: empty, contradictory, or an unknown choice."""
    forged: bool = False
    """Whether another user wrote it than the one it names."""
    raw: list[dict[str, Any]]
    """The result as it came, for the record."""

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.case_id, self.round)


class Accepted(Value):
    """The answer counts and is frozen (also the reply to the same answer handed in again)."""

    outcome: Literal["accepted"] = "accepted"


class Noted(Value):
    """Kept as a new version beside a frozen decision, or came too late: it changes nothing."""

    outcome: Literal["noted"] = "noted"
    reason: str


class Refused(Value):
    """The answer does not count: the task is reopened and shows the reason."""

    outcome: Literal["refused"] = "refused"
    reason: str = Field(min_length=1)
    barred: bool = False
    """Whether it is whoever gave it that is refused: then the next reviewer learns neither who it
    was nor what they said."""


Receipt = Accepted | Noted | Refused


class Desk(Protocol):
    """Where tasks are wanted and answers are handed in. Durable when a method returns."""

    def alone(self) -> AbstractContextManager[bool]:
        """Whether this reconciler alone may create tasks until the block ends; waits for nobody.

        What makes doubles rare, not what makes them harmless: the server may still be at work for
        one that was killed.
        """
        ...

    def wanted(self) -> Iterable[WantedTask]:
        """Tasks that ought to be open and are bound to no task id, most urgent first."""
        ...

    def closing(self) -> Iterable[Binding]:
        """Bindings in state CLOSED or SEALED: their tasks are to be taken away, then unbound."""
        ...

    def sealed(self, case_id: str, round_: int) -> bool:
        """Whether an answer to this round must not stay on the server, bound or not."""
        ...

    def moved(self) -> Iterable[Moved]:
        """Open, bound tasks that are shown with another priority than they have, urgent first."""
        ...

    def shown(self, moved: Moved) -> None:
        """Keep that a task is now shown with this priority."""
        ...

    def bound(self) -> Iterable[Binding]:
        """Every binding, in whatever state. Read by full sweeps only."""
        ...

    def known(self, case_id: str, round_: int) -> Binding | None:
        """The binding of a case's round, if it has one."""
        ...

    def bind(self, case_id: str, round_: int, project_id: int, task_id: int) -> Binding | None:
        """Keep which task stands for a case's round. The first to bind wins.

        Returns:
            The binding that now stands, which may name another task; None where the case's
            round is not (or no longer) wanted.
        """
        ...

    def unbind(self, case_id: str, round_: int, task_id: int) -> None:
        """Forget a binding if it still names `task_id`: its task is gone from the server.

        An open one is wanted again; an answered or closed one is simply no longer bound.
        """
        ...

    def receive(self, answer: Answer) -> Receipt:
        """Take one version of one answer, exactly once.

        The key is (case, round, annotation id, version): the same key again gives the same
        receipt and changes nothing. An answer with problems is refused, and recorded. A later
        version of an accepted answer is noted, never a silent change of the decision. An answer
        to a case that has ended meanwhile, or that nobody knows, is noted: a refusal would open
        its task again.
        """
        ...

    def withdrawn(self, case_id: str, round_: int, annotation_id: int) -> None:
        """An accepted answer was deleted on the server: recorded, the decision stands."""
        ...
