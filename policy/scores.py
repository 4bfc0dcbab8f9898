"""What the models say, as values: the likelihood of each harm, and of belonging to a group.

A likelihood is an opinion of a model, never a decision; the lane it leads to is set by routing.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from policy.words import Harm, Id, Lane, Likelihood, Policy, UtcDatetime, Value


class PostScore(Value):
    """How likely each policy applies to one post, each harm with it, and what to do about it."""

    post_id: Id
    lang: str
    """ISO 639-1, or `und` where the language could not be told."""
    policies: dict[Policy, Likelihood]
    harms: dict[Harm, Likelihood]
    uncalibrated: tuple[Policy, ...] = ()
    """Policies whose likelihood is a guess for this language: a person decides, always."""
    lane: Lane
    rule: str
    """The routing rule that chose the lane."""
    model: str


class Evidence(Value):
    """One thing that carried a score: a post, a shared object, a profile text or a linkage."""

    kind: Literal["post", "object", "profile", "linkage", "coordination"]
    ref: str
    """The id of the post, or the shared object itself."""
    why: str
    """What matched and why it counts, in plain words."""
    weight: float = 0.0
    """How much the log-odds of the score fall when this is left out."""


class Share(Value):
    """A share of recent posts with its interval."""

    share: Likelihood
    low: Likelihood
    high: Likelihood
    posts: int = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.share <= self.high:
            raise ValueError("low <= share <= high must hold")
        return self


class Association(Value):
    """An account's tie to a group: likelihood, interval, evidence, lane."""

    account_id: Id
    group_id: Id
    probability: Likelihood
    low: Likelihood
    high: Likelihood
    primary_use: Share
    """Share of recent posts that propagate or encourage the group's harmful activity."""
    calibrated: bool
    """Whether the likelihood was calibrated for this kind of account and language."""
    evidence: tuple[Evidence, ...] = ()
    lang: str = "und"
    lane: Lane
    rule: str
    model: str
    seen_at: UtcDatetime | None = None
    """When new posts of the account were last measured: it rests on recent behaviour."""
    held: str | None = None
    """The rule that kept a machine from acting on it, so that it is taken up again without one."""
    closed_at: UtcDatetime | None = None
    closed_why: str | None = None

    def close(self, *, at: UtcDatetime, why: str) -> Self:
        """End the association; behaviour since opens it anew. Closed ones stay as they were."""
        if self.closed_at is not None:
            return self
        return self.model_copy(update={"closed_at": at, "closed_why": why, "held": None})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.probability <= self.high:
            raise ValueError("low <= probability <= high must hold")
        return self
