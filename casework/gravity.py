"""How grave a case is, whom it reaches, and what whoever answers it must be able to read.

Taken from the group's assessment and from the evidence as it is frozen, so that every way of
opening a case ranks alike.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from casework.standing import standing_of
from policy.reviewers import UNKNOWN
from policy.words import Harm, Severity, Value
from store.work import Reading


class Gravity(Value):
    """The gravest harm of a group, as the assessment that its designation rests on has it."""

    harm: Harm | None = None
    severity: Severity = Severity.LOW


def gravity_of(work: Reading, group_id: str | None) -> Gravity:
    """What is assessed of a group; nothing where it is not designated."""
    designation = standing_of(work, group_id) if group_id else None
    if designation is None:
        return Gravity()
    assessment = work.assessments.get(designation.assessment_id)
    if assessment is None:
        return Gravity()
    # The policy's order stands in Harm: of two that are as grave, the physical one goes first.
    gravest = max(assessment.harms, key=lambda one: one.severity.rank)
    return Gravity(harm=gravest.harm, severity=gravest.severity)


def material_of(harm: Harm | None, severity: Severity) -> Severity:
    """How hard material is to look at, where nobody scored it: never more than moderate."""
    hurts = harm in (Harm.PHYSICAL, Harm.PSYCHOLOGICAL)
    return Severity.MODERATE if hurts and severity is Severity.HIGH else Severity.LOW


def language_of(evidence: Mapping[str, Any]) -> str:
    """The language that most of the shown posts are in; of the post in question, its own."""
    asked = evidence.get("post")
    posts = [asked] if isinstance(asked, Mapping) else list(_posts(evidence))
    langs = Counter(str(post["lang"]).casefold() for post in posts if post.get("lang"))
    known = [(count, lang) for lang, count in langs.items() if lang != UNKNOWN]
    return max(known, key=lambda pair: (pair[0], pair[1]))[1] if known else UNKNOWN


def reach_of(evidence: Mapping[str, Any]) -> int:
    """How many people follow the account in question, as far as is known."""
    profile = evidence.get("profile")
    followers = profile.get("followers") if isinstance(profile, Mapping) else None
    return followers if isinstance(followers, int) and followers > 0 else 0


def _posts(evidence: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for post in evidence.get("posts", ()):
        if isinstance(post, Mapping):
            yield post
