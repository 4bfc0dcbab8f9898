"""A case: one question to people about one subject, from its opening to its end.

A pending case restricts nobody; past its time it lapses and still restricts nobody.
"""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from policy.words import Id, Refusal, SubjectKind, UtcDatetime, Value


class CaseKind(StrEnum):
    """What is asked. Each kind has a labeling config of its own."""

    ASSOCIATION = "association"
    POST_HARM = "post_harm"
    COORDINATION = "coordination"
    SUSPENSION = "suspension"
    SUPPORT = "support"
    """A person at risk: for helpers, never counted as harm done."""
    LEGAL = "legal"
    """Suspected child exploitation: sealed, for the legal-reporting desk, never a project."""
    APPEAL = "appeal"


class CaseState(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    LAPSED = "lapsed"
    CLOSED = "closed"
    """Ended without a decision, because what it hung on fell away; `ended_why` says what."""


class Case(Value):
    """One question, about one subject, in one round of review."""

    id: Id
    kind: CaseKind
    subject_kind: SubjectKind
    subject_id: Id
    group_id: str | None = None
    state: CaseState = CaseState.OPEN
    round: int = Field(default=1, ge=1)
    """Which review of the case this is; a reopened or second review counts one up."""
    ref: str | None = None
    """What a second look or an appeal is about: a decision, a finding, a restriction."""
    blind: bool = False
    """Whether the model's opinion is hidden, so that the answer can open an act lane."""
    probability: float | None = None
    """What the model said when the case was opened: kept for the act lane, shown unless blind."""
    priority: float = 0.0
    """Higher comes first."""
    opened_at: UtcDatetime
    lapses_at: UtcDatetime
    rule: str
    """The rule that sent it to a person."""
    evidence: dict[str, Any] = Field(default_factory=dict)
    """What the reviewer is shown, frozen at opening."""
    ended_at: UtcDatetime | None = None
    ended_why: str | None = None

    @property
    def open_key(self) -> str:
        """At most one open case may have this key."""
        about = (self.kind, self.subject_kind, self.subject_id, self.group_id, self.ref)
        return "|".join(part or "" for part in about)

    def decide(self, *, at: UtcDatetime, why: str) -> Self:
        """End with a person's decision."""
        return self._end(CaseState.DECIDED, at, why)

    def lapse(self, *, at: UtcDatetime) -> Self:
        """End because nobody answered in time."""
        if at < self.lapses_at:
            raise Refusal("case.lapse.v1", f"case {self.id} does not lapse before its time")
        return self._end(CaseState.LAPSED, at, "nobody answered in time")

    def close(self, *, at: UtcDatetime, why: str) -> Self:
        """End without a decision, because what it hung on fell away."""
        return self._end(CaseState.CLOSED, at, why)

    def _end(self, state: CaseState, at: UtcDatetime, why: str) -> Self:
        if self.state is not CaseState.OPEN:
            raise Refusal("case.open.v1", f"case {self.id} is already {self.state}")
        return self.model_copy(update={"state": state, "ended_at": at, "ended_why": why})


class Decision(Value):
    """What one person answered, frozen at receipt."""

    id: Id
    case_id: Id
    round: int
    decided_by: str = Field(min_length=1)
    at: UtcDatetime
    answer: str = Field(min_length=1)
    """The main choice, by its machine value, such as `associated` or `none`."""
    details: dict[str, Any] = Field(default_factory=dict)
    reason: str = ""
    source: str = Field(min_length=1)
    """Where it came from, unique for each answer: such as label-studio:<annotation id>."""
    lead_time_s: float | None = None
