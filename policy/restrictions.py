"""Restrictions: what is laid on an account, a post or a trend, on which ground, until when.

Source: "Enforcement against coordinated harmful activity". Limits expire by themselves: whether
one stands is a question to the clock, and no sweeper need have run.
"""

from enum import StrEnum
from typing import Self

from pydantic import Field

from policy.rules import Rule
from policy.words import Id, Refusal, RestrictionKind, SubjectKind, UtcDatetime, Value


class GroundKind(StrEnum):
    """What a restriction stands on. Nothing is laid without one."""

    DESIGNATION = "designation"
    TECHNICAL = "technical_coordination"
    VIOLATION = "rule_violation"


class Ground(Value):
    kind: GroundKind
    ref: Id
    """Id of the designation, the finding, or the decision that found the violation."""
    group_id: str | None = None
    policy: str | None = None
    """For a violation: the policy that was broken."""


class Cause(Value):
    """Who or what laid it: a person's decision, or a model in a group's open act lane."""

    by: str = Field(min_length=1)
    """`person:<name>` or `model:<name>`."""
    case_id: str | None = None
    rule: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    """The clause of the policy that allows it."""
    evidence: tuple[str, ...] = ()
    """Ids of the posts or other evidence that it rests on."""


class Restriction(Value):
    id: Id
    subject_kind: SubjectKind
    subject_id: Id
    kind: RestrictionKind
    ground: Ground
    cause: Cause
    starts_at: UtcDatetime
    expires_at: UtcDatetime | None
    """None only for removal and suspension, which end by appeal or reversal."""
    lifted_at: UtcDatetime | None = None
    lifted_why: str | None = None
    lifted_by: str | None = None
    """The person who lifted this one by hand: what they lifted, no machine lays again for a while;
    None where it fell with its ground."""

    appeal_due: UtcDatetime | None = None
    """When a limit ends because nobody decided the appeal against it in time."""

    @property
    def ends_at(self) -> UtcDatetime | None:
        """When it ends by itself: by expiry, or because an appeal was left undecided."""
        return min((at for at in (self.expires_at, self.appeal_due) if at), default=None)

    def stands(self, now: UtcDatetime) -> bool:
        """Whether it holds at `now`: started, not expired, not lifted, no appeal overdue."""
        if self.lifted_at is not None and self.lifted_at <= now:
            return False
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)

    def ended_at(self, now: UtcDatetime) -> UtcDatetime | None:
        """When it stopped holding, by lifting or by expiry; None where it has not by `now`."""
        ends = [at for at in (self.lifted_at, self.ends_at) if at is not None and at <= now]
        return min(ends, default=None)

    def contest(self, *, due: UtcDatetime) -> Self:
        """Let a limit end at `due` unless the appeal against it is decided before.

        What has no end of its own (a suspension, a removal) is left as it is: those end by a
        decision, and by that alone.
        """
        return self if self.expires_at is None else self.model_copy(update={"appeal_due": due})

    def settle(self, *, at: UtcDatetime) -> Self:
        """Take that end away again: the appeal was decided in time. What has ended stays so."""
        return self if self.ended_at(at) else self.model_copy(update={"appeal_due": None})

    def lift(self, *, at: UtcDatetime, why: str, by: str | None = None) -> Self:
        """End it before its time.

        Raises:
            Refusal: it has ended already, or no reason is given.
        """
        if self.lifted_at is not None or self.ended_at(at) is not None:
            raise Refusal(Rule.LIFT, f"restriction {self.id} has ended already")
        if not why.strip():
            raise Refusal(Rule.PERSON_REASON, "why: say why it is lifted")
        return self.model_copy(update={"lifted_at": at, "lifted_why": why.strip(), "lifted_by": by})
