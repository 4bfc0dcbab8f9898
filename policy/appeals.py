"""Appeals, the shield that a won one gives, and strikes for violations of one's own.

Source: Digital Services Act, Article 20, and the Santa Clara Principles: open for at least six
months from notice (184 days in practice), decided by a person who did not take the decision.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field

from policy.people import require_person
from policy.rules import Rule
from policy.words import Id, Policy, Refusal, UtcDatetime, Value

APPEAL_PERIOD = timedelta(days=184)
STRIKE_PERIOD = timedelta(days=365)
SHIELD_PERIOD = timedelta(days=90)
REPEATED = 3
"""So many standing strikes make violations repeated."""


class AppealState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    """The restriction was right and stays."""
    OVERTURNED = "overturned"
    """The restriction was wrong and is lifted at once."""


class Appeal(Value):
    """One person's objection to one restriction."""

    id: Id
    restriction_id: Id
    statement_id: str | None = None
    decided_first_by: str = Field(min_length=1)
    """Who took the decision appealed against (`Cause.by`): never the one who decides the appeal."""
    notice_at: UtcDatetime
    opened_at: UtcDatetime
    text: str = Field(min_length=1)
    further: tuple[str, ...] = ()
    """What the person added later."""
    state: AppealState = AppealState.OPEN
    decided_by: str | None = None
    decided_at: UtcDatetime | None = None
    outcome: str = ""
    """The reasoned outcome, as it is told to the person."""

    @property
    def open_until(self) -> UtcDatetime:
        """The last moment at which it could be opened."""
        return self.notice_at + APPEAL_PERIOD

    def add(self, text: str) -> Self:
        """Add information while it is open.

        Raises:
            Refusal: the appeal is decided.
        """
        self._check_open()
        return self.model_copy(update={"further": (*self.further, text)})

    def decide(self, *, overturn: bool, by: str, at: UtcDatetime, outcome: str) -> Self:
        """Uphold or overturn the restriction.

        Raises:
            Refusal: decided already, by a machine, without reasons, or by whoever decided first.
        """
        self._check_open()
        require_person(by, outcome, Rule.PERSON_APPEAL)
        if by.casefold() == self.decided_first_by.casefold():
            raise Refusal(Rule.APPEAL_OTHER, "by: another person has to decide the appeal")
        state = AppealState.OVERTURNED if overturn else AppealState.UPHELD
        return self.model_copy(
            update={"state": state, "decided_by": by, "decided_at": at, "outcome": outcome.strip()}
        )

    def _check_open(self) -> None:
        if self.state is not AppealState.OPEN:
            raise Refusal(Rule.APPEAL_STEP, f"appeal {self.id} is already {self.state}")


def open_appeal(
    *,
    appeal_id: str,
    restriction_id: str,
    decided_first_by: str,
    notice_at: UtcDatetime,
    text: str,
    now: UtcDatetime,
    statement_id: str | None = None,
) -> Appeal:
    """Open an appeal within 184 days of notice.

    Raises:
        Refusal: the time to appeal is over, or notice lies ahead.
    """
    if not notice_at <= now <= notice_at + APPEAL_PERIOD:
        raise Refusal(
            Rule.APPEAL_OPEN, f"appeals are open from notice until {notice_at + APPEAL_PERIOD:%F}"
        )
    return Appeal(
        id=appeal_id,
        restriction_id=restriction_id,
        statement_id=statement_id,
        decided_first_by=decided_first_by,
        notice_at=notice_at,
        opened_at=now,
        text=text,
    )


class Shield(Value):
    """Keeps the machine from an account whose appeal was won; people may still act."""

    account_id: Id
    appeal_id: Id
    group_id: str | None = None
    """The group it is about; None shields from all."""
    from_at: UtcDatetime
    until: UtcDatetime

    def covers(self, account_id: str, group_id: str | None, now: UtcDatetime) -> bool:
        """Whether the machine has to leave this account alone at `now`."""
        about = self.group_id is None or self.group_id == group_id
        return about and self.account_id == account_id and self.from_at <= now < self.until


class Strike(Value):
    """One violation of a rule by an account, counted for a while."""

    id: Id
    account_id: Id
    policy: Policy
    violation_id: Id
    at: UtcDatetime
    expires_at: UtcDatetime

    def stands(self, now: UtcDatetime) -> bool:
        """Whether it still counts at `now`."""
        return self.at <= now < self.expires_at


def repeated(strikes: Iterable[Strike], account_id: str, now: UtcDatetime) -> bool:
    """Whether an account's violations are repeated: at least three standing strikes of its own.

    Strikes for the same violation count once.
    """
    own = {s.violation_id for s in strikes if s.account_id == account_id and s.stands(now)}
    return len(own) >= REPEATED
