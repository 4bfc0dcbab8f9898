"""The record of a statement of reasons for the EU's DSA Transparency Database.

Source: Digital Services Act, Article 24 (5), and the rules that the database's own public code
states for a submission. A record is made from kinds, grounds and dates alone, so it holds no
personal data; it is checked against `dsa_statement.schema.json` before anything leaves.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from policy.clauses import CLAUSES
from policy.lay import ENDLESS
from policy.restrictions import GroundKind, Restriction
from policy.statements import HOW_FOUND, Found, StatementOfReasons
from policy.words import Harm, Policy, RestrictionKind, Severity, SubjectKind
from store.work import Reading

MOST_AT_ONCE = 100
"""So many records the database takes in one call."""
_SCHEMA = Path(__file__).resolve().with_name("dsa_statement.schema.json")
_PERSONAL = re.compile(r"@\w|https?://|www\.|\S+@\S+\.\w|\+\d[\d -]{5,}")

_V, _C = "DECISION_VISIBILITY_", "STATEMENT_CATEGORY_"
COORDINATED = "KEYWORD_COORDINATED_HARM"
_VISIBILITY: Mapping[RestrictionKind, tuple[str, ...]] = {
    RestrictionKind.LIMIT_SEARCH: (f"{_V}CONTENT_DEMOTED",),
    RestrictionKind.LIMIT_TIMELINES: (f"{_V}CONTENT_DEMOTED",),
    RestrictionKind.LIMIT_REPLIES: (
        f"{_V}CONTENT_DEMOTED",
        f"{_V}CONTENT_INTERACTION_RESTRICTED",
    ),
    RestrictionKind.NO_EMAIL_RECOMMENDATION: (f"{_V}CONTENT_DEMOTED",),
    RestrictionKind.NO_PRODUCT_RECOMMENDATION: (f"{_V}CONTENT_DEMOTED",),
    RestrictionKind.BLOCK_TREND: (f"{_V}CONTENT_DEMOTED",),
    RestrictionKind.REQUIRE_REMOVAL: (f"{_V}CONTENT_REMOVED",),
}
_ADDED_BY_HARM: Mapping[Harm, tuple[str, tuple[str, ...]]] = {
    Harm.PSYCHOLOGICAL: (f"{_C}CYBER_VIOLENCE", ()),
    Harm.INFORMATIONAL: (
        f"{_C}NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
        ("KEYWORD_MISINFORMATION_DISINFORMATION",),
    ),
}
_OF_POLICY: Mapping[str, str] = {
    Policy.VIOLENCE: f"{_C}VIOLENCE",
    Policy.EXTREMISM: f"{_C}RISK_FOR_PUBLIC_SECURITY",
    Policy.CHILD_EXPLOITATION: f"{_C}PROTECTION_OF_MINORS",
    Policy.ABUSE: f"{_C}CYBER_VIOLENCE",
    Policy.HATE: f"{_C}ILLEGAL_OR_HARMFUL_SPEECH",
    Policy.SELF_HARM: f"{_C}SELF_HARM",
    Policy.PRIVATE_INFO: f"{_C}DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    Policy.NONCONSENSUAL_NUDITY: f"{_C}CYBER_VIOLENCE",
    Policy.CIVIC_INTEGRITY: f"{_C}NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    Policy.SYNTHETIC_MEDIA: f"{_C}NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    Policy.SPAM: f"{_C}OTHER_VIOLATION_TC",
    Policy.COVID_MISINFO: f"{_C}NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
}
_DECIDED = {
    "fully": "AUTOMATED_DECISION_FULLY",
    "partially": "AUTOMATED_DECISION_PARTIALLY",
    "not_automated": "AUTOMATED_DECISION_NOT_AUTOMATED",
}

_RENAMED = {"IW": "HE", "IN": "ID", "JI": "YI", "JW": "JV", "MO": "RO"}
"""Codes that were withdrawn from ISO 639-1 and that platforms still send."""

Record = dict[str, Any]


@dataclass(frozen=True)
class About:
    """What the record needs to know and the case store does not hold."""

    since: date | None = None
    """An account's registration, a post's time; None where the lake does not know."""
    language: str | None = None
    """Two letters, where all that was relied on is in one language."""


def record(
    work: Reading,
    restriction: Restriction,
    statement: StatementOfReasons,
    about: About,
    *,
    territory: Sequence[str] = (),
) -> Record:
    """The database's record of one statement; not checked yet, see `problems`.

    Where nobody knows since when an account or post exists, the day of the decision stands in its
    place: the field is required, and that day is the latest that it can have been.
    """
    applied = restriction.starts_at.date()
    ends = restriction.expires_at.date().isoformat() if restriction.expires_at else None
    suspended = restriction.kind is RestrictionKind.SUSPEND_ACCOUNT
    made: Record = {
        "puid": re.sub(r"[^A-Za-z0-9_-]", "-", statement.id)[:500],
        "decision_facts": _facts(restriction, statement),
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": (
            f"Coordinated harmful activity: {_heading(statement.clause)} ({statement.clause})"
        )[:500],
        "incompatible_content_explanation": statement.clause_says[:2000],
        "content_type": ["CONTENT_TYPE_OTHER"]
        if restriction.subject_kind is not SubjectKind.POST
        else ["CONTENT_TYPE_TEXT"],
        **_category(work, restriction),
        "content_date": min(about.since or applied, applied).isoformat(),
        "application_date": applied.isoformat(),
        "source_type": _source(statement),
        "automated_detection": "Yes" if statement.automated_detection else "No",
        "automated_decision": _DECIDED[statement.automated_decision],
    }
    if restriction.subject_kind is not SubjectKind.POST:
        made["content_type_other"] = f"{restriction.subject_kind.value.capitalize()} as a whole"
    if suspended:
        made["decision_account"] = "DECISION_ACCOUNT_SUSPENDED"
    else:
        made["decision_visibility"] = list(_VISIBILITY[restriction.kind])
        if ends is not None and restriction.kind not in ENDLESS:
            made["end_date_visibility_restriction"] = ends
    language = _language(about.language)
    if language is not None:
        made["content_language"] = language
    if territory:
        made["territorial_scope"] = sorted(territory)
    return made


def problems(made: Record) -> list[str]:
    """What is wrong with a record, one line each, by field; nothing where it may be sent."""
    found = [
        f"{'.'.join(map(str, error.absolute_path)) or 'record'}: {error.message[:200]}"
        for error in sorted(_validator().iter_errors(made), key=lambda one: list(one.path))
    ]
    begins = str(made.get("application_date"))
    found += [
        f"{field}: it lies before the application_date"
        for field, day in made.items()
        if field.startswith("end_date_") and str(day) < begins
    ]
    if made.get("category") in made.get("category_addition", ()):
        found.append("category_addition: it repeats the category")
    told = ("decision_facts", "incompatible_content_explanation")
    return found + [
        f"{field}: it holds what may be personal data"
        for field in told
        if _PERSONAL.search(str(made.get(field, "")))
    ]


@cache
def schema() -> Record:
    """The JSON Schema of a record."""
    read: Record = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    return read


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema(), format_checker=FormatChecker())


def _language(code: str | None) -> str | None:
    """The code of ISO 639-1, upper case; None where the language has none. The field is optional:
    a language that the database does not know must not hold a statement back."""
    known = (code or "").upper()
    known = _RENAMED.get(known, known)
    return known if known in schema()["$defs"]["language"]["enum"] else None


def _facts(restriction: Restriction, statement: StatementOfReasons) -> str:
    """What the decision rests on; the group stays unnamed, for its name may be a person's."""
    why = statement.why
    if restriction.ground.kind is GroundKind.DESIGNATION:
        why = re.sub(r" \([^()]*\) that was found", " that was found", why)
    said = (statement.what, why, statement.how_found, statement.how_decided, statement.until)
    return " ".join(said).replace("your account", "the account").replace("Your ", "The ")[:5000]


def _heading(clause: str) -> str:
    known = CLAUSES.get(clause)
    return known.heading if known else "rules"


def _source(statement: StatementOfReasons) -> str:
    notified = statement.how_found == HOW_FOUND[Found.NOTICE]
    return "SOURCE_TYPE_OTHER_NOTIFICATION" if notified else "SOURCE_VOLUNTARY"


def _category(work: Reading, restriction: Restriction) -> Record:
    ground = restriction.ground
    if ground.kind is GroundKind.VIOLATION:
        return {"category": _OF_POLICY.get(ground.policy or "", f"{_C}OTHER_VIOLATION_TC")}
    keywords = [COORDINATED]
    added: list[str] = []
    if ground.kind is GroundKind.TECHNICAL:
        keywords.append("KEYWORD_INAUTHENTIC_ACCOUNTS")
    for harm in _harms(work, restriction):
        category, words = _ADDED_BY_HARM.get(harm, (None, ()))
        if category is not None:
            added.append(category)
            keywords.extend(words)
    made: Record = {"category": f"{_C}VIOLENCE", "category_specification": keywords}
    return made | ({"category_addition": added} if added else {})


def _harms(work: Reading, restriction: Restriction) -> list[Harm]:
    """The forms of harm that the group's designation rests on."""
    if restriction.ground.kind is not GroundKind.DESIGNATION:
        return []
    designation = work.designations.get(restriction.ground.ref)
    assessment = work.assessments.get(designation.assessment_id) if designation else None
    if assessment is None:
        return []
    return [one.harm for one in assessment.harms if one.severity is not Severity.LOW]
