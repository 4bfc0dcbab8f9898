"""Brakes: they stop machines from laying anything, for a model, a group or a surface.

A person pulls one (the kill switch), or it pulls itself where a machine acts on more accounts than
stated. Only a person releases it. People may act all the while: manual beats automatic.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field

from policy.life_rules import LifeRule
from policy.lookup import ORDER, Verdict
from policy.people import require_person
from policy.words import Id, Refusal, RestrictionKind, Surface, UtcDatetime, Value

AUTOMATIC = "system:brake"
"""Who pulls a brake that pulls itself."""


class BrakeScope(StrEnum):
    """What a brake stops."""

    MODEL = "model"
    """All that one model lays; the key is its name, such as `association-1`."""
    GROUP = "group"
    """All that machines lay on the ground of one group."""
    SURFACE = "surface"
    """All that machines lay for one surface."""


class Brake(Value):
    """One brake, from its being pulled to its release."""

    id: Id
    scope: BrakeScope
    key: Id
    """The model's name, the group's id, or the surface."""
    pulled_at: UtcDatetime
    by: str = Field(min_length=1)
    """`person:<name>`, or `system:brake` where it pulled itself."""
    reason: str = Field(min_length=1)
    rule: str
    released_at: UtcDatetime | None = None
    released_by: str | None = None
    released_why: str | None = None

    def holds(self, now: UtcDatetime) -> bool:
        """Whether it is pulled at `now`."""
        released = self.released_at is not None and self.released_at <= now
        return self.pulled_at <= now and not released

    def stops(self, by: str, group_id: str | None, kind: RestrictionKind) -> bool:
        """Whether it is about what `by` (`model:<name>`) wants to lay, should it hold."""
        match self.scope:
            case BrakeScope.MODEL:
                return by == f"model:{self.key}"
            case BrakeScope.GROUP:
                return group_id == self.key
            case BrakeScope.SURFACE:
                return self.key in surfaces_of(kind)

    def release(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Let machines act again.

        Raises:
            Refusal: it is released already, or no person gives a reason.
        """
        require_person(by, reason, LifeRule.BRAKE_STEP)
        if self.released_at is not None:
            raise Refusal(LifeRule.BRAKE_STEP, f"brake {self.id} is released already")
        return self.model_copy(
            update={"released_at": at, "released_by": by, "released_why": reason.strip()}
        )


class Rate(Value):
    """How many accounts machines may limit on one group's ground within a time."""

    accounts: int = Field(default=1000, ge=1)
    within: timedelta = timedelta(days=1)

    def exceeded(self, limited: int) -> bool:
        """Whether one account more would be more than stated."""
        return limited >= self.accounts


def pull(
    brake_id: str, scope: BrakeScope, key: str, *, by: str, reason: str, at: UtcDatetime
) -> Brake:
    """Pull a brake.

    Raises:
        Refusal: it is neither a person with a reason nor the automatic brake, or no such surface.
    """
    rule = LifeRule.BRAKE_RATE
    if by != AUTOMATIC:
        require_person(by, reason, LifeRule.BRAKE_STEP)
        rule = LifeRule.BRAKE
    if scope is BrakeScope.SURFACE and key not in set(Surface):
        raise Refusal(LifeRule.BRAKE_STEP, f"key: there is no surface {key!r}")
    return Brake(
        id=brake_id, scope=scope, key=key, pulled_at=at, by=by, reason=reason.strip(), rule=rule
    )


def stopping(
    brakes: Iterable[Brake], by: str, group_id: str | None, kind: RestrictionKind, now: UtcDatetime
) -> Brake | None:
    """The brake that stops a machine's act, if one does."""
    return next((one for one in brakes if one.holds(now) and one.stops(by, group_id, kind)), None)


def surfaces_of(kind: RestrictionKind) -> tuple[Surface, ...]:
    """The surfaces that a limit speaks for; a suspension or removal speaks for all."""
    return tuple(
        surface
        for _, laid, surfaces, verdict in ORDER
        if laid is kind and verdict is Verdict.LIMIT
        for surface in surfaces
    )
