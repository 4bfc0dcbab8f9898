"""What the store itself has to say: where a case stands in the reviewers' tool, which keys exist,
and what the platform is told."""

from typing import Any, Literal

from pydantic import Field

from policy.words import Id, SubjectKind, UtcDatetime, Value


class Receipt(Value):
    """What became of one version of one answer: the same answer again is told the same."""

    outcome: Literal["accepted", "noted", "refused"]
    reason: str = ""
    barred: bool = False
    """Whether it was refused for who gave it, not for what it said."""
    raw: list[dict[str, Any]] = Field(default_factory=list)
    """The answer as it came, where it was not taken: what was taken is in its decision."""


class Task(Value):
    """The one task of a case's round in the reviewers' tool."""

    case_id: Id
    round: int = Field(ge=1)
    project_id: int
    task_id: int
    bound: bool = True
    """False once the task is gone from the tool: an open case then wants another one."""
    accepted: tuple[int, ...] = ()
    """Ids of the annotations whose answers were taken."""
    priority: float | None = None
    """With which priority it is shown, as far as is known."""
    receipts: dict[str, Receipt] = Field(default_factory=dict)
    """What was said to each version of each answer, by `<annotation>@<version>`."""


class ApiKey(Value):
    """A key to the API. Only its hash is kept."""

    id: Id
    label: str = Field(min_length=1)
    roles: tuple[str, ...] = ()
    person: str | None = Field(default=None, pattern=r"^person:.*\S")
    """Whose it is, `person:<name>`; a program's key belongs to nobody."""
    on_behalf: bool = False
    """Whether it may name the person who decides: the key of a platform's own review tool."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """The keys that are made here bear 256 random bits, so that no slow hash is needed."""
    created_at: UtcDatetime
    revoked_at: UtcDatetime | None = None


class Event(Value):
    """One thing the platform must be told, in the order in which it happened."""

    seq: int
    at: UtcDatetime
    kind: str = Field(min_length=1)
    """Such as `laid`, `lifted`, `require_removal`, `suspended`, `notice`."""
    subject_kind: SubjectKind
    subject_id: Id
    body: dict[str, Any] = Field(default_factory=dict)


class Hint(Value):
    """A hint from outside that something may have changed; what is true is asked for, not told."""

    seq: int
    at: UtcDatetime
    body: dict[str, Any] = Field(default_factory=dict)
