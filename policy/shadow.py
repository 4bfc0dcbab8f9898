"""Shadows: what other settings, another model or another designation would do, beside what is done.

Nothing that runs in shadow touches anybody: it is written down who would have been limited, who
would have been asked about, and what really happened to them.
"""

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from policy.life_rules import LifeRule
from policy.people import require_person
from policy.scores import Association
from policy.words import Id, Lane, Likelihood, Refusal, UtcDatetime, Value

HOLDING_BACK = ("routing.association.novel.v1", "routing.association.shut.v1")
"""The rules that send to a person whom a machine would limit by likelihood alone."""


class Knobs(Value):
    """What is turned, beside how it is; None leaves it."""

    act_from: Likelihood | None = None
    """Likelihood from which an account would be limited, in place of the act lane's own."""
    review_from: Likelihood | None = None
    """Likelihood from which a person would be asked."""
    limit_days: int | None = Field(default=None, ge=1, le=90)
    models: str | None = None
    """A folder of models in place of those in use."""
    without: tuple[str, ...] = ()
    """Rules that are tried away, of HOLDING_BACK."""

    @field_validator("without")
    @classmethod
    def _known(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(rules) - set(HOLDING_BACK)):
            raise ValueError(f"{unknown[0]} is none of {', '.join(HOLDING_BACK)}")
        return rules

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        act, review = self.act_from, self.review_from
        if act is not None and review is not None and review > act:
            raise ValueError("review_from <= act_from must hold")
        return self


class Would(StrEnum):
    """What was, or would have been, done about one account."""

    LIMIT = "limit"
    ASK = "ask"
    NOTHING = "nothing"


class Shadow(Value):
    """One shadow, from its start to its end."""

    id: Id
    group_id: Id
    knobs: Knobs = Knobs()
    """All as it is, where a group that is not designated is tried."""
    model: str | None = None
    """The name of the candidate, where other models are tried."""
    started_at: UtcDatetime
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    ended_at: UtcDatetime | None = None

    def end(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Stop it; what it saw stays.

        Raises:
            Refusal: it has ended, or no person gives a reason.
        """
        require_person(by, reason, LifeRule.SHADOW)
        if self.ended_at is not None:
            raise Refusal(LifeRule.SHADOW, f"shadow {self.id} has ended already")
        return self.model_copy(update={"ended_at": at})


class ShadowOutcome(Value):
    """What a shadow would have done about one account, and what was done; its last look counts."""

    shadow_id: Id
    account_id: Id
    at: UtcDatetime
    probability: Likelihood
    """By the shadow's own model."""
    in_use: Likelihood | None = None
    """By the model in use, at the same look."""
    lang: str = "und"
    would: Would
    did: Would

    @property
    def moved(self) -> float:
        """How far the shadow's likelihood lies from the one in use."""
        return 0.0 if self.in_use is None else self.probability - self.in_use


def would(association: Association, knobs: Knobs) -> Would:
    """What machines would do about an account, as the knobs are turned.

    Where nothing is turned, the lane says it; without the rule that held an account back, that is
    the act lane. What was never calibrated limits nobody, whatever the knobs: they widen or narrow
    a lane, and make no guess sure.
    """
    lane: Lane = Lane.ACT if association.rule in knobs.without else association.lane
    if knobs.act_from is not None:
        if association.probability >= knobs.act_from:
            return Would.LIMIT if association.calibrated else Would.ASK
        lane = Lane.REVIEW if lane is Lane.ACT else lane
    if knobs.review_from is not None and lane is not Lane.ACT:
        return Would.ASK if association.probability >= knobs.review_from else Would.NOTHING
    return _OF[lane]


_OF = {Lane.ACT: Would.LIMIT, Lane.REVIEW: Would.ASK, Lane.DISMISS: Would.NOTHING}
