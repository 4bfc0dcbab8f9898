"""The protected list: accounts whose silencing would cost most, so that two people look.

A second look, never an exemption: officials, press, rights defenders and crisis lines are
restricted by the same rules as everybody, once a second person agrees.
"""

from enum import StrEnum

from pydantic import Field

from policy.people import is_person, require_person
from policy.rules import Rule
from policy.words import Id, Refusal, UtcDatetime, Value


class ProtectedKind(StrEnum):
    OFFICIAL = "official"
    PRESS = "press"
    RIGHTS_DEFENDER = "rights_defender"
    CRISIS_LINE = "crisis_line"


class ProtectedAccount(Value):
    """One entry of the list."""

    account_id: Id
    kind: ProtectedKind
    added_by: str = Field(min_length=1)
    added_at: UtcDatetime
    reason: str = Field(min_length=1)
    ends_at: UtcDatetime | None = None
    """When the entry runs out, such as the end of an office; None while nothing is known."""

    def stands(self, now: UtcDatetime) -> bool:
        """Whether the account is on the list at `now`."""
        return self.added_at <= now and (self.ends_at is None or now < self.ends_at)


def check_second_look(by: str, seconded_by: str | None, reason: str) -> None:
    """Check that two different people stand behind what is done to a protected account.

    Raises:
        Refusal: the first is not a person or gives no reason, or the second is missing, a machine
            or the same person.
    """
    require_person(by, reason, Rule.PERSON_PROTECTED)
    if seconded_by is None or not is_person(seconded_by):
        raise Refusal(Rule.PERSON_PROTECTED, "seconded_by: a second person has to look")
    if seconded_by.casefold() == by.casefold():
        raise Refusal(Rule.PERSON_PROTECTED, "seconded_by: the second look is another person's")
