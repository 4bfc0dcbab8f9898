"""An incident: one documented harm, on or off the platform, with its sources and their worth.

Source: "we look for evidence of harms that have occurred both on and off Twitter". The JSON form is
the design's contract; what it adds (status, about, origin, copy_of, hostile, retracted) has
defaults.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from policy.harms import harms_of
from policy.rules import Rule
from policy.sources import Source, independent, resolved
from policy.words import Harm, Id, Policy, Refusal, Severity, UtcDatetime, Value

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NO_INTEREST = frozenset({"", "none", "no", "no interest", "neutral", "independent"})


class Actors(StrEnum):
    """To whom an incident is attributed; hangers-on are `member`."""

    ORGANISER = "organiser"
    MEMBER = "member"
    UNCLEAR = "unclear"


class IncidentStatus(StrEnum):
    STANDING = "standing"
    RETRACTED = "retracted"
    """Whoever reported it took it back."""
    DISPROVED = "disproved"
    """It was shown not to be so."""


class About(StrEnum):
    """Whom the harm befell. Harm to oneself is a call for help, never harm done."""

    OTHERS = "others"
    AUTHOR = "author"


def _moment(given: Any) -> Any:
    # Reports often give a day only; it is kept as that day's first moment in UTC.
    return f"{given}T00:00:00Z" if isinstance(given, str) and _DAY.fullmatch(given) else given


class Incident(Value):
    """One documented harm attributed to a group."""

    id: Id
    group_id: Id
    when: Annotated[UtcDatetime, BeforeValidator(_moment)]
    """A moment, or a day alone (RFC 3339 date)."""
    where: str = ""
    """The place, or the surface of the platform; harm looks different in different places."""
    context: str = ""
    """What the harm means there: the culture, language or moment without which it is misread."""
    on_platform: bool = True
    harm: Harm
    """The form of harm that it counts under; see `effects` for a second one."""
    policy: Policy
    severity: Severity
    """How grave this one harm was, as whoever entered it judged."""
    effects: dict[Harm, str] = Field(default_factory=dict)
    """What it did, for each form of harm; a bare text is about `harm`."""
    finding_ids: tuple[Id, ...] = ()
    """The coordination findings that it is a result of."""
    actors: Actors = Actors.UNCLEAR
    sources: tuple[Source, ...] = ()
    submitted_by: str = Field(min_length=1)
    interest: str = ""
    """What the submitter has at stake with the group; empty or `none` for nothing."""
    about: About = About.OTHERS
    status: IncidentStatus = IncidentStatus.STANDING
    status_why: str = ""
    status_at: UtcDatetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _effects_by_harm(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        effects = given.get("effects")
        if isinstance(effects, list | tuple) and all(isinstance(one, str) for one in effects):
            effects = "; ".join(effects)
        if isinstance(effects, str):
            effects = {given["harm"]: effects} if effects.strip() and "harm" in given else {}
        return {**given, "effects": effects or {}}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        under = harms_of(self.policy)
        for harm in (self.harm, *self.effects):
            if harm not in under:
                raise ValueError(
                    f"policy {self.policy} does not stand under {harm} harm, but under "
                    f"{' and '.join(under)}"
                )
        return self

    @property
    def interested(self) -> bool:
        """Whether the submitter has something at stake, so that their word weighs less."""
        return self.interest.casefold() not in _NO_INTEREST

    @property
    def usable(self) -> tuple[Source, ...]:
        """The credible, unretracted sources that are not the submitter's own voice."""
        own = self.submitted_by.removeprefix("person:").casefold()
        return tuple(one for one in resolved(self.sources) if one.credible and one.voice != own)

    @property
    def corroboration(self) -> int:
        """How many independent sources confirm it; copies of one count once."""
        return independent(self.usable)

    @property
    def corroborated(self) -> bool:
        """Whether it is confirmed: by one independent source, by two if the submitter has a stake.

        What is only submitted, by a government too, counts for nothing.
        """
        return self.corroboration >= (2 if self.interested else 1)

    def counts_under(self, harm: Harm) -> bool:
        """Whether it speaks of `harm`: its own, or a second one with a distinct, stated effect."""
        if harm is self.harm:
            return True
        second = self.effects.get(harm, "").strip()
        first = self.effects.get(self.harm, "").strip()
        return bool(second and first) and _plain(first) != _plain(second)

    def retract(self, *, at: UtcDatetime, why: str) -> Self:
        """Whoever reported it took it back.

        Raises:
            Refusal: it does not stand any more, or no reason is given.
        """
        if self.status is not IncidentStatus.STANDING:
            raise Refusal(Rule.INCIDENT_STATUS, f"incident {self.id} is already {self.status}")
        return self._fall(IncidentStatus.RETRACTED, at, why)

    def disprove(self, *, at: UtcDatetime, why: str) -> Self:
        """It was shown not to be so; what was retracted can still be disproved.

        Raises:
            Refusal: it is disproved already, or no reason is given.
        """
        if self.status is IncidentStatus.DISPROVED:
            raise Refusal(Rule.INCIDENT_STATUS, f"incident {self.id} is already disproved")
        return self._fall(IncidentStatus.DISPROVED, at, why)

    def _fall(self, status: IncidentStatus, at: UtcDatetime, why: str) -> Self:
        if not why.strip():
            raise Refusal(Rule.INCIDENT_STATUS, "why: say why the incident falls")
        return self.model_copy(
            update={"status": status, "status_at": at, "status_why": why.strip()}
        )


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
