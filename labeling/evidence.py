"""What a reviewer is shown, as plain JSON: the parts that a task's `data` may have.

Whoever opens the case fills these in and freezes them; nothing is looked up again later, so that
a decision can be explained by what its reviewer saw.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import ConfigDict, Field, JsonValue, ValidationError, model_validator

from policy.cases import CaseKind
from policy.words import Likelihood, UtcDatetime, Value

# Not storable (lone surrogates, NUL) or not harmless (controls; bidirectional overrides, with
# which a text can show other words than it has).
_UNSHOWABLE = re.compile(
    "[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def showable(given: Any) -> Any:
    """Plain JSON with what cannot be stored or shown safely replaced by U+FFFD in every text."""
    match given:
        case str():
            return _UNSHOWABLE.sub("\ufffd", given)
        case list() | tuple():
            return [showable(item) for item in given]
        case dict():
            return {key: showable(value) for key, value in given.items()}
        case _:
            return given


class EvidenceError(ValueError):
    """The evidence cannot be shown; the message names the field."""


class _Part(Value):
    # White space is part of what was written. Fields that nobody shows are no error here: the case
    # may keep more than its reviewer sees.
    model_config = ConfigDict(str_strip_whitespace=False, extra="ignore")


class ShownGroup(_Part):
    """The designated group in question."""

    name: str = Field(min_length=1)
    kind: str = "group"
    purpose: str = ""
    narratives: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


class ShownProfile(_Part):
    """The account's profile as last observed."""

    account_id: str = Field(min_length=1)
    handle: str = ""
    display_name: str = ""
    description: str = ""
    location: str = ""
    created_at: UtcDatetime | None = None
    followers: int | None = None
    following: int | None = None
    observed_at: UtcDatetime | None = None
    protected: str = ""
    """Why it is on the protected list (such as `press`); empty if it is not."""


class ShownPost(_Part):
    """One post with its time, and what matched in it and why."""

    post_id: str = Field(min_length=1)
    text: str = ""
    account: str = ""
    """Handle or id of the author, where it is not the account in question."""
    created_at: UtcDatetime | None = None
    lang: str = ""
    matched: tuple[str, ...] = ()
    """Each a short sentence in plain words."""
    severe: bool = False
    """Blurred until asked for."""


class ShownOpinion(_Part):
    """What the model thinks. Never part of a blind task."""

    statement: str = "the account is associated with the group"
    """What the likelihood is of, such as `the account is associated with the group`."""
    likelihood: Likelihood
    low: Likelihood | None = None
    high: Likelihood | None = None
    calibrated: bool = True
    reasons: tuple[str, ...] = ()
    model: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("give both ends of the interval or none")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low <= high must hold")
        return self


class Clause(_Part):
    """The policy's clause in question, in its own words."""

    id: str = ""
    text: str = Field(min_length=1)


class Evidence(_Part):
    """All that a task may show. Which parts must be there depends on its kind."""

    clause: Clause | None = None
    why_here: str = ""
    """Why a person is asked, in plain words."""
    proposal: str = ""
    """What is proposed or contested, and on which ground (second looks and appeals)."""
    statement: str = ""
    """What the affected person says (appeals)."""
    group: ShownGroup | None = None
    profile: ShownProfile | None = None
    post: ShownPost | None = None
    """The post in question."""
    thread: tuple[ShownPost, ...] = ()
    """The posts around it, in the order of the conversation, itself not among them."""
    posts: tuple[ShownPost, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """Further findings as name and value, such as linkages or significance."""
    opinion: ShownOpinion | None = None

    @model_validator(mode="before")
    @classmethod
    def _showable(cls, data: Any) -> Any:
        return showable(data)


NEEDED: Mapping[CaseKind, tuple[str, ...]] = MappingProxyType(
    {
        CaseKind.ASSOCIATION: ("group", "profile"),
        CaseKind.POST_HARM: ("post",),
        CaseKind.COORDINATION: ("posts",),
        CaseKind.SUSPENSION: ("profile", "proposal"),
        CaseKind.APPEAL: ("proposal", "statement"),
        CaseKind.SUPPORT: ("post",),
    }
)
"""The parts without which a task of this kind cannot be answered. No LEGAL: it is sealed."""


def read_evidence(kind: CaseKind, data: Mapping[str, JsonValue]) -> Evidence:
    """Check a task's data for its kind.

    Raises:
        EvidenceError: names every wrong or missing part.
    """
    if kind not in NEEDED:
        raise EvidenceError(f"cases of kind {kind} are never shown in Label Studio")
    try:
        evidence = Evidence.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'data'}: {item['msg']}"
            for item in error.errors()
        )
        raise EvidenceError(wrong) from None
    missing = [part for part in NEEDED[kind] if not getattr(evidence, part)]
    if missing:
        raise EvidenceError(f"a task of kind {kind} needs {', '.join(missing)}")
    return evidence
