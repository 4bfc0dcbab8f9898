"""The statement of reasons: what was done, why, by which clause, how, until when, how to appeal.

Source: Digital Services Act, Article 17. The words are made here from the restriction's kind and
ground alone, so that no personal data can come in; a group's name is checked for it.
"""

import re
from enum import StrEnum
from typing import Literal

from pydantic import Field

from policy.appeals import APPEAL_PERIOD
from policy.clauses import CLAUSES
from policy.people import is_person
from policy.restrictions import GroundKind, Restriction
from policy.rules import Rule
from policy.words import Id, Refusal, RestrictionKind, SubjectKind, UtcDatetime, Value


class Found(StrEnum):
    """How it came to notice."""

    MACHINE = "machine"
    PERSON = "person"
    NOTICE = "notice"
    """Somebody reported it."""


class StatementOfReasons(Value):
    """What the person who is restricted is told; every part in plain words."""

    id: Id
    restriction_id: Id
    kind: RestrictionKind
    ground: GroundKind
    what: str = Field(min_length=1)
    why: str = Field(min_length=1)
    clause: str
    clause_says: str
    how_found: str
    how_decided: str
    until: str
    how_to_appeal: str
    automated_detection: bool
    automated_decision: Literal["fully", "partially", "not_automated"]
    notice_at: UtcDatetime
    ends_at: UtcDatetime | None
    appeal_until: UtcDatetime
    rule: str = Rule.STATEMENT.value

    @property
    def text(self) -> str:
        """The whole statement, one part a paragraph."""
        return "\n\n".join(
            (
                f"What: {self.what}",
                f"Why: {self.why}",
                f"Which rule: {self.clause_says} ({self.clause})",
                f"How it was found: {self.how_found}",
                f"How it was decided: {self.how_decided}",
                f"Until when: {self.until}",
                f"How to object: {self.how_to_appeal}",
            )
        )


_SUBJECT = {
    SubjectKind.ACCOUNT: "your account",
    SubjectKind.POST: "one of your posts",
    SubjectKind.TREND: "a trend",
}
_WHAT = {
    RestrictionKind.LIMIT_SEARCH: "{subject} is shown less in search results",
    RestrictionKind.LIMIT_REPLIES: "{subject} is shown less in replies",
    RestrictionKind.LIMIT_TIMELINES: "{subject} is shown less on timelines",
    RestrictionKind.NO_EMAIL_RECOMMENDATION: "{subject} is not recommended in emails",
    RestrictionKind.NO_PRODUCT_RECOMMENDATION: "{subject} is not recommended in the product",
    RestrictionKind.BLOCK_TREND: "{subject} is kept out of the list of trends",
    RestrictionKind.REQUIRE_REMOVAL: "{subject} has to be removed, and is not shown until then",
    RestrictionKind.SUSPEND_ACCOUNT: "{subject} is suspended",
}
HOW_FOUND = {
    Found.MACHINE: "Software that compares posts and accounts pointed it out.",
    Found.PERSON: "A member of our staff came upon it.",
    Found.NOTICE: "Somebody reported it to us.",
}
_PERSONAL = re.compile(r"@\w|https?://|www\.|\S+@\S+\.\w|\d{5,}|\+\d[\d -]{5,}")


def state_reasons(
    restriction: Restriction,
    *,
    statement_id: str,
    notice_at: UtcDatetime,
    found: Found,
    group_name: str | None = None,
) -> StatementOfReasons:
    """State the reasons for one restriction in plain words.

    Args:
        restriction: what was laid.
        statement_id: the id of the statement.
        notice_at: when the person is told; the time to appeal runs from here.
        found: how the account, post or trend came to notice.
        group_name: the name of the designated group, where the person should know it.

    Raises:
        Refusal: the name holds personal data (a handle, an address, a long number), or the
            restriction cites a clause that is not known.
    """
    clause = CLAUSES.get(restriction.cause.clause)
    if clause is None:
        raise Refusal(Rule.STATEMENT, f"clause: {restriction.cause.clause} is not known")
    if group_name and _PERSONAL.search(group_name):
        raise Refusal(Rule.STATEMENT, "group_name: it holds what may be personal data")
    what = _WHAT[restriction.kind].format(subject=_SUBJECT[restriction.subject_kind])
    by_person = is_person(restriction.cause.by)
    appeal_until = notice_at + APPEAL_PERIOD
    return StatementOfReasons(
        id=statement_id,
        restriction_id=restriction.id,
        kind=restriction.kind,
        ground=restriction.ground.kind,
        what=f"{what[0].upper()}{what[1:]}.",
        why=_why(restriction, group_name),
        clause=clause.value,
        clause_says=clause.says,
        how_found=HOW_FOUND[found],
        how_decided=(
            "A person looked at it and decided."
            if by_person
            else "Software decided, under limits that people set and check; you can have a person "
            "look at it."
        ),
        until=_until(restriction),
        how_to_appeal=(
            f"You can object until {appeal_until:%d %B %Y}. A person who did not take this "
            "decision will look at it again, and tell you the outcome and the reasons. You may add "
            "information."
        ),
        automated_detection=found is Found.MACHINE,
        automated_decision=_automated(found, by_person),
        notice_at=notice_at,
        ends_at=restriction.expires_at,
        appeal_until=appeal_until,
    )


def _automated(found: Found, by_person: bool) -> Literal["fully", "partially", "not_automated"]:
    if not by_person:
        return "fully"
    return "partially" if found is Found.MACHINE else "not_automated"


def _until(restriction: Restriction) -> str:
    if restriction.expires_at is not None:
        return f"It ends by itself on {restriction.expires_at:%d %B %Y at %H:%M} UTC."
    if restriction.kind is RestrictionKind.REQUIRE_REMOVAL:
        return "Until the post is removed, or an appeal is won."
    return "It has no end of its own; it ends if an appeal is won or the decision is reversed."


def _why(restriction: Restriction, group_name: str | None) -> str:
    ground = restriction.ground
    if ground.kind is GroundKind.VIOLATION:
        broken = _BROKEN.get(ground.policy or "", "the rule named in the decision")
        if restriction.kind is RestrictionKind.REQUIRE_REMOVAL:
            return f"The post breaks one of our rules: {broken}."
        return f"Severe or repeated violations of our rules: {broken}."
    if ground.kind is GroundKind.TECHNICAL:
        return (
            "There is proof that several accounts are under one control or automated, to spread a "
            "message artificially."
        )
    named = f" ({group_name})" if group_name else ""
    tie = f"linked with a group{named} that was found to coordinate harm to others"
    if restriction.kind is RestrictionKind.SUSPEND_ACCOUNT:
        return (
            f"It is {tie}, and its main use is to spread that harmful activity or to encourage "
            "others to take part in it."
        )
    return f"It is {tie}, by recent behaviour or the profile."


_BROKEN = {
    "violence": "threats and glorification of violence",
    "extremism": "terrorism and violent extremism",
    "child_exploitation": "sexual exploitation of children",
    "abuse": "abuse and harassment",
    "hate": "hateful conduct",
    "self_harm": "encouraging suicide or self-harm",
    "private_info": "publishing others' private information",
    "nonconsensual_nudity": "intimate media without consent",
    "civic_integrity": "civic integrity",
    "synthetic_media": "synthetic and manipulated media",
    "spam": "platform manipulation and spam",
    "covid_misinfo": "harmful medical misinformation",
}
