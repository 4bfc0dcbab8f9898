"""A case: one question to people about one subject, from its opening to its end.

A pending case restricts nobody; past its time it lapses and still restricts nobody.
"""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from policy.words import (
    Harm,
    Id,
    Likelihood,
    Policy,
    Refusal,
    Severity,
    SubjectKind,
    UtcDatetime,
    Value,
)


class CaseKind(StrEnum):
    """What is asked. Each kind has a labeling config of its own."""

    ASSOCIATION = "association"
    POST_HARM = "post_harm"
    COORDINATION = "coordination"
    ASSESSMENT = "assessment"
    """A group by the four questions, and the severity of each form of harm by its tests."""
    DESIGNATION = "designation"
    """Whether a proposed designation is put in force."""
    SUSPENSION = "suspension"
    REAPPLICATION = "reapplication"
    """Whether new behaviour, not itself in the act lane, is reason to limit an account again."""
    SUPPORT = "support"
    """A person at risk: for helpers, never counted as harm done."""
    LEGAL = "legal"
    """Suspected child exploitation: sealed, for the legal-reporting desk, never a project."""
    APPEAL = "appeal"


class AskedAbout(StrEnum):
    """What else than a subject of restrictions a case may be about."""

    GROUP = "group"
    FINDING = "finding"


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
    subject_kind: SubjectKind | AskedAbout
    subject_id: Id
    group_id: str | None = None
    state: CaseState = CaseState.OPEN
    round: int = Field(default=1, ge=1)
    """Which opinion is asked for: the first, a second (blind to the first), a third (a lead's)."""
    not_by: tuple[str, ...] = ()
    """Who may not answer, because they decided before: here, or what this case is about."""
    ref: str | None = None
    """What a second look or an appeal is about: a decision, a finding, a restriction."""
    blind: bool = False
    """Whether the model's opinion is hidden, so that the answer can open an act lane."""
    probability: float | None = None
    """What the model said when the case was opened: kept for the act lane, shown unless blind."""
    priority: float = 0.0
    """Higher comes first; rises with age against the service level."""
    harm: Harm | None = None
    """The form of harm in question, where one is."""
    severity: Severity = Severity.LOW
    """How grave it is if it is true: the order goes by it."""
    material: Severity = Severity.LOW
    """How hard its material is to look at: the blur and the care of reviewers go by it."""
    policies: tuple[Policy, ...] = ()
    """The policies in question: a reviewer may have opted out of one."""
    imminent: bool = False
    """Whether somebody's life may be in danger now."""
    reach: int = Field(default=0, ge=0)
    """How many people may see it, as far as is known: followers."""
    lang: str = "und"
    """ISO 639-1 of what has to be read; `und` where it could not be told."""
    places: tuple[str, ...] = ()
    """Places as they were written, of which whoever answers should know one; empty where none
    matters."""
    sampling: Likelihood = 1.0
    """With which probability this question was put to people at all: below 1 for random audits."""
    gold: str | None = None
    """The gold item that it is a copy of: known only to Concert, never shown to anybody."""
    opened_at: UtcDatetime
    lapses_at: UtcDatetime
    rule: str
    """The rule that sent it to a person."""
    evidence: dict[str, Any] = Field(default_factory=dict)
    """What the reviewer is shown, frozen at opening."""
    ended_at: UtcDatetime | None = None
    ended_why: str | None = None
    answer: str | None = None
    """What it was decided with, by its machine value; None while it is open, and where no two
    agreed on a restriction."""
    settled_by: str | None = None
    """The rule by which the answers came to that."""

    @property
    def open_key(self) -> str:
        """At most one open case may have this key."""
        if self.gold is not None:
            # A copy never stands in the way of the real question.
            return f"gold|{self.id}"
        about = (self.kind, self.subject_kind, self.subject_id, self.group_id, self.ref)
        return "|".join(part or "" for part in about)

    def ask_another(self, *, answered_by: str) -> Self:
        """Go on to the next opinion, which is not this person's.

        Raises:
            Refusal: the case has ended.
        """
        self._check_open()
        return self.model_copy(
            update={"round": self.round + 1, "not_by": (*self.not_by, answered_by)}
        )

    def decide(
        self, *, at: UtcDatetime, why: str, answer: str | None = None, rule: str | None = None
    ) -> Self:
        """End with what people answered, and the rule that counted their answers."""
        ended = self._end(CaseState.DECIDED, at, why)
        return ended.model_copy(update={"answer": answer, "settled_by": rule})

    def lapse(self, *, at: UtcDatetime) -> Self:
        """End because nobody answered in time."""
        if at < self.lapses_at:
            raise Refusal("case.lapse.v1", f"case {self.id} does not lapse before its time")
        return self._end(CaseState.LAPSED, at, "nobody answered in time")

    def close(self, *, at: UtcDatetime, why: str) -> Self:
        """End without a decision, because what it hung on fell away."""
        return self._end(CaseState.CLOSED, at, why)

    def _end(self, state: CaseState, at: UtcDatetime, why: str) -> Self:
        self._check_open()
        return self.model_copy(update={"state": state, "ended_at": at, "ended_why": why})

    def _check_open(self) -> None:
        if self.state is not CaseState.OPEN:
            raise Refusal("case.open.v1", f"case {self.id} is already {self.state}")


class Decision(Value):
    """What one person answered in one round, frozen at receipt: one opinion of the case's."""

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
