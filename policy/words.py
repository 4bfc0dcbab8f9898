"""The shared words: ids that files, tables, the API and the pages have in common.

Ids are the contract of the design; their texts live where they are explained.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


class Policy(StrEnum):
    """A policy of the Twitter Rules that protects from a known harm."""

    VIOLENCE = "violence"
    EXTREMISM = "extremism"
    CHILD_EXPLOITATION = "child_exploitation"
    ABUSE = "abuse"
    HATE = "hate"
    SELF_HARM = "self_harm"
    PRIVATE_INFO = "private_info"
    NONCONSENSUAL_NUDITY = "nonconsensual_nudity"
    CIVIC_INTEGRITY = "civic_integrity"
    SYNTHETIC_MEDIA = "synthetic_media"
    SPAM = "spam"
    COVID_MISINFO = "covid_misinfo"


class Harm(StrEnum):
    """The three principal forms of harm."""

    PHYSICAL = "physical"
    PSYCHOLOGICAL = "psychological"
    INFORMATIONAL = "informational"


class Severity(StrEnum):
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 1 for moderate, 2 for high."""
        return list(Severity).index(self)


class Lane(StrEnum):
    """What a likelihood leads to: limit, ask a person, or let be."""

    ACT = "act"
    REVIEW = "review"
    DISMISS = "dismiss"


class GroupKind(StrEnum):
    GROUP = "group"
    MOVEMENT = "movement"
    CAMPAIGN = "campaign"


class Nature(StrEnum):
    """What a group is for, as a person judged it. All but OTHER have the activism guard."""

    ACTIVISM = "activism"
    AWARENESS = "awareness"
    TRUTH_TO_POWER = "speaking_truth_to_power"
    SIMILAR = "similar"
    OTHER = "other"
    """None of these; a person says so."""


class SubjectKind(StrEnum):
    """What a restriction or a score can be about."""

    ACCOUNT = "account"
    POST = "post"
    TREND = "trend"


class Surface(StrEnum):
    """A place of the platform that asks, at read time, what it may show."""

    SEARCH = "search"
    REPLIES = "replies"
    TIMELINES = "timelines"
    EMAIL = "email"
    PRODUCT = "product"
    TRENDS = "trends"


class RestrictionKind(StrEnum):
    LIMIT_SEARCH = "limit_search"
    LIMIT_REPLIES = "limit_replies"
    LIMIT_TIMELINES = "limit_timelines"
    NO_EMAIL_RECOMMENDATION = "no_email_recommendation"
    NO_PRODUCT_RECOMMENDATION = "no_product_recommendation"
    BLOCK_TREND = "block_trend"
    REQUIRE_REMOVAL = "require_removal"
    SUSPEND_ACCOUNT = "suspend_account"


class LinkageKind(StrEnum):
    """A technical link between accounts; its key is only ever stored hashed with a secret."""

    DEVICE = "device"
    PHONE = "phone"
    PAYMENT = "payment"
    NETWORK = "network"
    CLIENT = "client"
    CREATION = "creation"


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # Midnight of the year 1 in Asia is in no year that can be written in UTC.
        raise ValueError("in UTC it lies outside the years 1 to 9999") from None


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with a zone, kept in UTC. A naive time is refused: whose noon would it be?"""

Likelihood = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A probability between 0 and 1. Above one half: the policy more likely than not applies."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
"""Ids are strings, whatever digits they are made of, and never empty."""


class Value(BaseModel):
    """A value object: frozen, closed to unknown fields, compared by its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Refusal(Exception):
    """A named "no": the rule that refused, and why, in words for the person who asked.

    Raised by transitions of value objects and by rules. `rule` is stable and versioned, for
    programs; `reason` is for people.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{reason} [{rule}]")
        self.rule = rule
        self.reason = reason
