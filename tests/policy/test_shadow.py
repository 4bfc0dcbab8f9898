"""What a machine would do with the knobs turned: a table."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from models.routing import ASSOCIATION_ACT, ASSOCIATION_NOVEL, ASSOCIATION_REVIEW, ASSOCIATION_SHUT
from policy.scores import Association, Share
from policy.shadow import HOLDING_BACK, Knobs, Would, would
from policy.words import Lane

NOVEL = Knobs(without=(ASSOCIATION_NOVEL,))
BOTH = Knobs(without=HOLDING_BACK)


def tie(lane: Lane, rule: str, probability: float = 0.8, *, calibrated: bool = True) -> Association:
    return Association(
        account_id="a",
        group_id="g",
        probability=probability,
        low=0.0,
        high=1.0,
        primary_use=Share(share=0.5, low=0.2, high=0.8, posts=10),
        lane=lane,
        rule=rule,
        calibrated=calibrated,
        seen_at=datetime(2026, 1, 5, tzinfo=UTC),
        model="association-0",
    )


def test_the_rules_that_hold_back_are_those_of_routing() -> None:
    assert set(HOLDING_BACK) == {ASSOCIATION_NOVEL, ASSOCIATION_SHUT}


@pytest.mark.parametrize(
    ("lane", "rule", "knobs", "wanted"),
    [
        (Lane.ACT, ASSOCIATION_ACT, Knobs(), Would.LIMIT),
        (Lane.REVIEW, ASSOCIATION_NOVEL, Knobs(), Would.ASK),
        (Lane.REVIEW, ASSOCIATION_NOVEL, NOVEL, Would.LIMIT),
        (Lane.REVIEW, ASSOCIATION_SHUT, NOVEL, Would.ASK),
        (Lane.REVIEW, ASSOCIATION_SHUT, BOTH, Would.LIMIT),
        # Whoever was only likely enough for a question is not limited by fewer rules.
        (Lane.REVIEW, ASSOCIATION_REVIEW, BOTH, Would.ASK),
        (Lane.REVIEW, ASSOCIATION_NOVEL, NOVEL.model_copy(update={"act_from": 0.9}), Would.ASK),
        (
            Lane.REVIEW,
            ASSOCIATION_NOVEL,
            NOVEL.model_copy(update={"review_from": 0.9}),
            Would.LIMIT,
        ),
    ],
)
def test_a_rule_tried_away(lane: Lane, rule: str, knobs: Knobs, wanted: Would) -> None:
    assert would(tie(lane, rule), knobs) is wanted


def test_no_other_rule_can_be_tried_away() -> None:
    with pytest.raises(ValidationError, match=r"restriction\.reapply\.v1 is none of"):
        Knobs(without=("restriction.reapply.v1",))
