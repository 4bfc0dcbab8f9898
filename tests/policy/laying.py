"""What the tests of laying share: an order on a ground, laid or refused."""

from typing import Any

import pytest

from policy.appeals import Strike
from policy.lay import Opinion, Order, lay
from policy.restrictions import Restriction
from policy.rules import RULES
from policy.scores import Share
from policy.words import Lane, Refusal, RestrictionKind

K = RestrictionKind
SURE = Opinion(lane=Lane.ACT, calibrated=True, language_calibrated=True)
MAIN = Share(share=0.8, low=0.7, high=0.9, posts=50)


def do(make: Any, on: Any, order: Order | None = None, **facts: Any) -> Restriction:
    given = {"now": make.now, "protected": False, **facts}
    return lay(order or make.order(), on, **given)


def refused(make: Any, on: Any, order: Order | None = None, **facts: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        do(make, on, order, **facts)
    assert refusal.value.rule in RULES
    return refusal.value.rule


GROUNDS = ["designation", "technical_coordination", "rule_violation"]


def ground(make: Any, kind: str) -> Any:
    return {
        "designation": make.designation,
        "technical_coordination": lambda: make.technical(account_ids=("a1", "a2")),
        "rule_violation": lambda: make.violation(severe=True),
    }[kind]()


def strike(make: Any, number: int, **facts: Any) -> Strike:
    return Strike(
        **{
            "id": f"s{number}",
            "account_id": "a1",
            "policy": "abuse",
            "violation_id": f"v{number}",
            "at": make.now - make.days(10),
            "expires_at": make.now + make.days(10),
            **facts,
        }
    )
