"""Who decides: a person with a name, or a machine; and what always needs a person.

Actors are written `person:<name>` or `model:<name>`, as in `Cause.by`.
"""

from enum import StrEnum

from policy.rule import NamedRule
from policy.rules import Rule
from policy.words import Lane, Refusal

_PERSON = "person:"


class Act(StrEnum):
    """What is about to be done."""

    DESIGNATE = "designate"
    """Any step of a designation: designate, review, modify, withdraw."""
    SUSPEND = "suspend"
    REMOVE = "remove"
    DECIDE_APPEAL = "decide_appeal"
    LIMIT = "limit"
    """Limits on visibility and recommendation, and blocked trends; laid or laid again."""


_ALWAYS: dict[Act, Rule] = {
    Act.DESIGNATE: Rule.PERSON_DESIGNATES,
    Act.SUSPEND: Rule.PERSON_SUSPENDS,
    Act.REMOVE: Rule.PERSON_REMOVES,
    Act.DECIDE_APPEAL: Rule.PERSON_APPEAL,
}


def is_person(by: str) -> bool:
    """Whether `by` names a person: `person:` and a name."""
    return by.startswith(_PERSON) and bool(by.removeprefix(_PERSON).strip())


def require_person(by: str, reason: str, rule: NamedRule = Rule.PERSON_NAMED) -> None:
    """Check that a named person decides, and says why.

    Raises:
        Refusal: `by` is a machine or nameless (under `rule`), or there is no reason.
    """
    if not is_person(by):
        raise Refusal(rule, f"by: a person decides this (person:<name>), not {by or 'nobody'}")
    if len(reason.split()) < 2:
        raise Refusal(Rule.PERSON_REASON, "reason: say in a few words why")


def needs_person(
    act: Act,
    *,
    calibrated: bool,
    language_calibrated: bool,
    protected: bool,
    lane: Lane,
) -> Rule | None:
    """Tell which rule sends this to a person first, or None where a machine may do it.

    Args:
        act: what is about to be done.
        calibrated: whether the likelihood was calibrated for this policy or kind of group.
        language_calibrated: whether it was for the language of the posts.
        protected: whether the account is on the protected list.
        lane: where routing put it.
    """
    if act in _ALWAYS:
        return _ALWAYS[act]
    if protected:
        return Rule.PERSON_PROTECTED
    if not calibrated:
        return Rule.PERSON_UNCALIBRATED
    if not language_calibrated:
        return Rule.PERSON_LANGUAGE
    return None if lane is Lane.ACT else Rule.PERSON_UNSURE
