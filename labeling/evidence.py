"""What a reviewer is shown, as plain JSON: the parts that a task's `data` may have.

Whoever opens the case fills these in and freezes them; nothing is looked up again later, so that
a decision can be explained by what its reviewer saw.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue, ValidationError, model_validator

from labeling.shown import (
    Clause,
    Part,
    ShownEarlier,
    ShownFinding,
    ShownGroup,
    ShownHarm,
    ShownIncident,
    ShownMoment,
    ShownOpinion,
    ShownPost,
    ShownProfile,
)
from policy.care import Blur
from policy.cases import CaseKind

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


class Evidence(Part):
    """All that a task may show. Which parts must be there depends on its kind."""

    clause: Clause | None = None
    why_here: str = ""
    """Why a person is asked, in plain words."""
    places: tuple[str, ...] = ()
    """Where it is about: whoever is asked knows one of them."""
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
    findings: tuple[ShownFinding, ...] = ()
    timeline: tuple[ShownMoment, ...] = ()
    """Who did what when: one row for each account."""
    incidents: tuple[ShownIncident, ...] = ()
    harms: tuple[ShownHarm, ...] = ()
    """What the rules count for each form of harm. Never part of a blind task."""
    guard: str = ""
    """What the activism guard says."""
    answers: tuple[tuple[str, str], ...] = ()
    """The policy's questions, as whoever proposes a designation answered them."""
    before: tuple[tuple[str, str], ...] = ()
    """What stood before, and when and why it ended (re-applications, appeals)."""
    earlier: tuple[ShownEarlier, ...] = ()
    """The answers that a lead is to settle."""
    blur: Blur = Blur.SEVERE_POSTS
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
        CaseKind.ASSESSMENT: ("group",),
        CaseKind.DESIGNATION: ("group", "proposal"),
        CaseKind.SUSPENSION: ("profile", "proposal"),
        CaseKind.REAPPLICATION: ("group", "profile", "posts"),
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
