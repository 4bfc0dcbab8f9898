"""The house's own rules of review, as they are kept in the store."""

from typing import Any

from pydantic import ValidationError

from casework.office import Office
from policy.house import HOUSE, HouseRules
from policy.people import require_person
from policy.words import Refusal
from store.work import Reading, Writing

SETTING = "review.setting.v1"
RANKED_AT = "review.ranked_at"
"""The cursor of priorities.py: up to when ages were looked at."""


def house_rules(work: Reading) -> HouseRules:
    """The rules in force; the defaults until somebody changed them."""
    return work.review_rules.get(HOUSE) or HouseRules()


def change_rules(office: Office, changes: dict[str, Any], *, by: str, reason: str) -> HouseRules:
    """Change some of the house's rules; the log keeps who did it and why.

    Raises:
        Refusal: no person gives a reason, or a value is out of its bounds: names the field.
    """
    require_person(by, reason)

    def do(work: Writing) -> HouseRules:
        changed = house_rules(work).model_dump() | changes
        try:
            rules = HouseRules.model_validate(changed)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
            )
            raise Refusal(SETTING, wrong) from None
        # Service levels may be others now: all are ranked anew.
        work.cursors.set(RANKED_AT, "")
        return work.save(rules, action="review_rules.changed", why=reason)

    return office.store.transact(do, actor=by, now=office.now())
