"""Reviewers: who is on the roster, and who may answer which case.

A case goes only to somebody who has the role for it, reads its language, knows its place, and did
not decide before. Checked when a case is served, and again when an answer is received: Label Studio
shows every task to every user.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self

from pydantic import Field, field_validator

from policy.cases import Case, CaseKind
from policy.places import knows, told
from policy.review_rules import ReviewRule
from policy.roles import Role
from policy.rule import NamedRule
from policy.rules import Rule
from policy.words import Id, Policy, Refusal, UtcDatetime, Value

ANY = "*"
"""Reads every language, or knows every place."""

_CASES = frozenset({Role.REVIEWER, Role.LEAD})
_GROUPS = frozenset({Role.POLICY, Role.LEAD})

MAY_ANSWER: Mapping[CaseKind, frozenset[Role]] = MappingProxyType(
    {
        **dict.fromkeys(CaseKind, _CASES),
        CaseKind.ASSESSMENT: _GROUPS,
        CaseKind.DESIGNATION: _GROUPS,
        # Sealed: no role of this house opens it.
        CaseKind.LEGAL: frozenset(),
    }
)
"""Which roles may answer a kind of case; a third opinion is always a lead's."""


class Reviewer(Value):
    """Somebody who answers cases: what they may see, can judge, and want to be spared."""

    id: Id
    """The e-mail in lower case: what Label Studio tells of whoever answered."""
    name: str = ""
    roles: tuple[Role, ...] = Field(min_length=1)
    languages: tuple[str, ...] = (ANY,)
    """ISO 639-1 codes of the languages they read."""
    places: tuple[str, ...] = (ANY,)
    """Places that they know, each by one name; lower case. Who names none knows every place."""
    opt_outs: tuple[Policy, ...] = ()
    """Policies whose material is not served to them. Nobody asks why."""
    severe_a_day: int | None = Field(default=None, ge=0)
    """Their own limit of severe cases in a day, where it is below the house's."""
    break_until: UtcDatetime | None = None
    """Until then only material that is not severe."""
    studio_user: int | None = None
    """Their user id in Label Studio, once known."""
    invited_by: str
    invited_at: UtcDatetime
    left_at: UtcDatetime | None = None

    @field_validator("id")
    @classmethod
    def _email(cls, given: str) -> str:
        if "@" not in given.strip("@") or any(sign.isspace() for sign in given):
            raise ValueError("an e-mail address")
        return given.casefold()

    @field_validator("languages", "places")
    @classmethod
    def _plain(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(dict.fromkeys(one.strip().casefold() for one in given if one.strip()))
        if not plain:
            raise ValueError(f"name at least one, or {ANY} for all")
        return plain

    @property
    def person(self) -> str:
        """As decisions name them: `person:<e-mail>`."""
        return f"person:{self.id}"

    @property
    def active(self) -> bool:
        return self.left_at is None

    def leave(self, *, at: UtcDatetime) -> Self:
        """Take them off the roster; what they decided stands.

        Raises:
            Refusal: they have left already.
        """
        if self.left_at is not None:
            raise Refusal(ReviewRule.ROSTER, f"{self.id} left on {self.left_at:%F}")
        return self.model_copy(update={"left_at": at})


class Barred(Value):
    """Why somebody may not answer a case, and the rule that says so."""

    rule: str
    reason: str


def barred(reviewer: Reviewer, case: Case) -> Barred | None:
    """Why a reviewer may not answer a case; None where they may.

    These are the rules that hold at receipt too. What only spares people is care.py's.
    """
    if not reviewer.active:
        return _barred(ReviewRule.ROSTER, f"{reviewer.id} is no longer on the roster")
    lead_only = case.round >= LEADS_ROUND
    needed = frozenset({Role.LEAD}) if lead_only else MAY_ANSWER[case.kind]
    if not needed.intersection(reviewer.roles):
        names = " or ".join(sorted(needed)) or "legal-reporting desk"
        what = "a third opinion" if lead_only else f"a case of kind {case.kind}"
        return _barred(ReviewRule.REVIEWER_ROLE, f"{what} needs a {names}")
    if decided_before(case, reviewer.person):
        return Barred(rule=other_person(case), reason=f"{reviewer.person} decided before")
    if case.lang != UNKNOWN and not _has(reviewer.languages, case.lang):
        return _barred(
            ReviewRule.REVIEWER_LANGUAGE, f"{reviewer.id} does not read the language {case.lang}"
        )
    if case.places and ANY not in reviewer.places and not knows(reviewer.places, case.places):
        return _barred(
            ReviewRule.REVIEWER_PLACE, f"{reviewer.id} does not know {told(case.places)}"
        )
    return None


def other_person(case: Case) -> NamedRule:
    """The rule by which whoever decided before does not answer a case."""
    return Rule.APPEAL_OTHER if case.kind is CaseKind.APPEAL else ReviewRule.REVIEWER_OTHER


def decided_before(case: Case, person: str) -> bool:
    """Whether a person took part already, so that a further look is another's."""
    return person.casefold() in {one.casefold() for one in case.not_by}


def waits(roster: Iterable[Reviewer], case: Case) -> Barred | None:
    """Why a case waits: nobody on the roster may answer it. None where somebody may.

    The reason given is the one that keeps out whoever comes closest. An empty roster bars nobody:
    then all whom Label Studio or a key lets in may answer.
    """
    everyone = [one for one in roster if one.active]
    if not everyone:
        return None
    reasons = [barred(one, case) for one in everyone]
    if None in reasons:
        return None
    rules = [one.rule for one in reasons if one is not None]
    for rule in _CLOSEST_FIRST:
        if rule in rules:
            return Barred(rule=rule, reason=_waits_for(rule, case))
    raise AssertionError("every reason is listed")


UNKNOWN = "und"
"""A case whose language could not be told goes to anybody."""
LEADS_ROUND = 3

_CLOSEST_FIRST = (
    ReviewRule.REVIEWER_PLACE,
    ReviewRule.REVIEWER_LANGUAGE,
    Rule.APPEAL_OTHER,
    ReviewRule.REVIEWER_OTHER,
    ReviewRule.REVIEWER_ROLE,
    ReviewRule.ROSTER,
)


def _waits_for(rule: str, case: Case) -> str:
    match rule:
        case ReviewRule.REVIEWER_PLACE:
            return f"waits for a reviewer who knows {told(case.places)}"
        case ReviewRule.REVIEWER_LANGUAGE:
            return f"waits for a reviewer who reads {case.lang}"
        case ReviewRule.REVIEWER_OTHER | Rule.APPEAL_OTHER if case.round > 1:
            return f"waits for a {_NTH.get(case.round, 'further')} reviewer"
        case ReviewRule.REVIEWER_OTHER | Rule.APPEAL_OTHER:
            return "waits for a reviewer who did not decide before"
    needed = [Role.LEAD] if case.round >= LEADS_ROUND else sorted(MAY_ANSWER[case.kind])
    return f"waits for a {' or '.join(needed)}"


_NTH = {2: "second", 3: "third"}


def _has(held: tuple[str, ...], wanted: str) -> bool:
    return ANY in held or wanted.casefold() in held


def _barred(rule: ReviewRule, reason: str) -> Barred:
    return Barred(rule=rule, reason=reason)
