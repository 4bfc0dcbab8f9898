"""Bulk actions: many accounts limited or freed at once, capped, seconded, and undone as one.

People act one by one; where they must act on many, a second person looks first, no action is larger
than can be looked at, and what was done as one is undone as one.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from pydantic import Field

from policy.life_rules import LifeRule
from policy.people import require_person
from policy.words import Id, Refusal, UtcDatetime, Value

ALONE = 10
"""So many accounts one person may act on without a second."""
MOST = 1000
"""No bulk action is larger."""


class BulkKind(StrEnum):
    LIMIT = "limit"
    """Lay the limits that the group's designation carries."""
    LIFT = "lift"
    """Lift what stands on the group's ground."""


class BulkState(StrEnum):
    PROPOSED = "proposed"
    """A second person has to look."""
    DONE = "done"
    UNDONE = "undone"
    DECLINED = "declined"


class BulkAction(Value):
    """One action on many accounts."""

    id: Id
    kind: BulkKind
    group_id: Id
    account_ids: tuple[Id, ...] = Field(min_length=1)
    by: str
    reason: str
    at: UtcDatetime
    state: BulkState = BulkState.PROPOSED
    seconded_by: str | None = None
    restriction_ids: tuple[Id, ...] = ()
    """What it laid or lifted."""
    left_alone: dict[str, str] = Field(default_factory=dict)
    """By account: why nothing was done."""
    ended_by: str | None = None
    ended_at: UtcDatetime | None = None
    ended_why: str | None = None

    @property
    def needs_second(self) -> bool:
        """Whether a second person has to look before it is carried out."""
        return len(self.account_ids) > ALONE

    def check_second(self, by: str, reason: str) -> None:
        """Check that a second person may approve or decline it.

        Raises:
            Refusal: it waits for nobody, or `by` is no other person with a reason.
        """
        require_person(by, reason, LifeRule.BULK_SECOND)
        if self.state is not BulkState.PROPOSED:
            raise Refusal(LifeRule.BULK_STEP, f"bulk action {self.id} is {self.state}")
        if by.casefold() == self.by.casefold():
            raise Refusal(LifeRule.BULK_SECOND, "by: the second is another person")

    def done(
        self,
        restriction_ids: Iterable[str],
        left_alone: dict[str, str],
        *,
        seconded_by: str | None,
    ) -> Self:
        """Note that it was carried out, and what came of it.

        Raises:
            Refusal: it was carried out or declined before, or a second is missing.
        """
        if self.state is not BulkState.PROPOSED:
            raise Refusal(LifeRule.BULK_STEP, f"bulk action {self.id} is {self.state}")
        if self.needs_second and seconded_by is None:
            raise Refusal(LifeRule.BULK_SECOND, f"more than {ALONE} accounts need a second person")
        return self.model_copy(
            update={
                "state": BulkState.DONE,
                "seconded_by": seconded_by,
                "restriction_ids": tuple(restriction_ids),
                "left_alone": left_alone,
            }
        )

    def decline(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Turn it down; nothing is done.

        Raises:
            Refusal: it does not wait for a second, or `by` is no other person with a reason.
        """
        self.check_second(by, reason)
        return self._end(BulkState.DECLINED, by, reason, at)

    def undo(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Note that all of it was taken back.

        Raises:
            Refusal: it was not carried out, or was undone; or no person gives a reason.
        """
        require_person(by, reason, LifeRule.BULK_STEP)
        if self.state is not BulkState.DONE:
            raise Refusal(LifeRule.BULK_STEP, f"bulk action {self.id} is {self.state}")
        return self._end(BulkState.UNDONE, by, reason, at)

    def _end(self, state: BulkState, by: str, reason: str, at: UtcDatetime) -> Self:
        return self.model_copy(
            update={"state": state, "ended_by": by, "ended_at": at, "ended_why": reason.strip()}
        )


def propose_bulk(
    bulk_id: str,
    kind: BulkKind,
    group_id: str,
    account_ids: Iterable[str],
    *,
    by: str,
    reason: str,
    at: UtcDatetime,
) -> BulkAction:
    """Propose to act on many accounts; each stands in it once.

    Raises:
        Refusal: no person gives a reason; none or too many accounts.
    """
    require_person(by, reason, LifeRule.BULK_STEP)
    listed = tuple(dict.fromkeys(account_ids))
    if not 1 <= len(listed) <= MOST:
        raise Refusal(LifeRule.BULK_CAP, f"account_ids: between 1 and {MOST}, not {len(listed)}")
    return BulkAction(
        id=bulk_id,
        kind=kind,
        group_id=group_id,
        account_ids=listed,
        by=by,
        reason=reason.strip(),
        at=at,
    )
