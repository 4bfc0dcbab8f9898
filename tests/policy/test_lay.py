"""Laying restrictions: which kind, on which subject, on which ground, by which clause."""

from typing import Any

import pytest

from policy.grounds import ALLOWED
from policy.reapply import Seen
from policy.restrictions import GroundKind
from policy.rules import RULES
from policy.words import Refusal, RestrictionKind, SubjectKind
from tests.policy.laying import GROUNDS, MAIN, K, do, ground, refused

LIMIT_NAMES = [
    "limit_search",
    "limit_replies",
    "limit_timelines",
    "no_email_recommendation",
    "no_product_recommendation",
]
TABLE = {
    ("designation", "account"): [*LIMIT_NAMES, "suspend_account"],
    ("designation", "post"): LIMIT_NAMES,
    ("designation", "trend"): ["block_trend"],
    ("technical_coordination", "account"): [*LIMIT_NAMES, "suspend_account"],
    ("technical_coordination", "post"): [*LIMIT_NAMES, "require_removal"],
    ("technical_coordination", "trend"): [],
    ("rule_violation", "account"): ["suspend_account"],
    ("rule_violation", "post"): ["require_removal"],
    ("rule_violation", "trend"): [],
}
SUBJECT_IDS = {"account": "a1", "post": "p1", "trend": "#tag"}


@pytest.mark.parametrize("on", GROUNDS)
@pytest.mark.parametrize("subject", ["account", "post", "trend"])
@pytest.mark.parametrize("kind", list(K))
def test_which_kind_on_which_subject_for_which_ground(
    make: Any, on: str, subject: str, kind: RestrictionKind
) -> None:
    order = make.order(
        kind,
        subject_kind=subject,
        subject_id=SUBJECT_IDS[subject],
        account_id=None if subject == "trend" else "a1",
    )
    if kind in TABLE[on, subject]:
        laid = do(make, ground(make, on), order, primary_use=MAIN)
        assert (laid.kind, laid.ground.kind) == (kind, on)
        assert laid.cause.rule in RULES
    else:
        rule = refused(make, ground(make, on), order, primary_use=MAIN)
        trend = (kind is K.BLOCK_TREND) != (subject == "trend")
        removal = kind is K.REQUIRE_REMOVAL and on == "designation"
        expected = (
            "restriction.trend.v1"
            if trend
            else "restriction.removal.v1"
            if removal
            else "restriction.subject.v1"
        )
        assert rule == expected
    assert set(ALLOWED[GroundKind(on), SubjectKind(subject)]) == set(TABLE[on, subject])


@pytest.mark.parametrize(
    ("kind", "on", "rule", "clause"),
    [
        ("limit_search", "designation", "restriction.limit.v1", "enforcement.visibility"),
        ("limit_replies", "designation", "restriction.limit.v1", "enforcement.visibility"),
        ("limit_timelines", "designation", "restriction.limit.v1", "enforcement.visibility"),
        (
            "no_email_recommendation",
            "designation",
            "restriction.not_recommended.v1",
            "enforcement.recommendation",
        ),
        (
            "no_product_recommendation",
            "designation",
            "restriction.not_recommended.v1",
            "enforcement.recommendation",
        ),
        ("block_trend", "designation", "restriction.trend_blocked.v1", "enforcement.trends"),
        (
            "suspend_account",
            "designation",
            "restriction.primary_use.v1",
            "enforcement.suspension",
        ),
        (
            "suspend_account",
            "technical_coordination",
            "technical.proven.v1",
            "coordination.technical.proven",
        ),
        (
            "suspend_account",
            "rule_violation",
            "restriction.violations.v1",
            "enforcement.violation.suspension",
        ),
        (
            "require_removal",
            "rule_violation",
            "restriction.removal.v1",
            "enforcement.violation.removal",
        ),
    ],
)
def test_each_names_its_rule_and_clause(
    make: Any, kind: str, on: str, rule: str, clause: str
) -> None:
    laid = do(make, ground(make, on), make.order(K(kind)), primary_use=MAIN)
    assert (laid.cause.rule, laid.cause.clause) == (rule, clause)


def test_a_removal_cites_the_rule_that_was_broken(make: Any) -> None:
    laid = do(make, make.violation(), make.order(K.REQUIRE_REMOVAL))
    assert (laid.ground.policy, laid.ground.ref) == ("violence", "v1")


# Ground


@pytest.mark.parametrize(
    ("state", "rule"),
    [("proposed", "restriction.ground.v1"), ("withdrawn", "restriction.ground.v1")],
)
def test_nothing_stands_on_a_designation_not_in_force(make: Any, state: str, rule: str) -> None:
    designation = make.designation().model_copy(update={"state": state})
    assert refused(make, designation) == rule


def test_overdue_review_blocks_what_is_new_and_what_is_renewed(make: Any) -> None:
    designation = make.designation()
    then = make.now + make.days(91)
    expired = make.restriction(expires_at=make.now + make.days(30))
    seen = [Seen(post_id="p9", at=then)]
    for earlier in ([], [expired]):
        rule = refused(make, designation, now=then, earlier=earlier, seen=seen)
        assert rule == "designation.review_overdue.v1"


def test_only_the_measures_that_it_carries(make: Any) -> None:
    designation = make.designation(measures=(K.LIMIT_REPLIES,))
    assert refused(make, designation) == "restriction.measures.v1"
    assert do(make, designation, make.order(K.LIMIT_REPLIES)).kind is K.LIMIT_REPLIES


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"proofs": ()}, "technical.unproven.v1"),
        ({"linkage_kinds": ("network",)}, "technical.network_alone.v1"),
        ({"kind": "social"}, "technical.unproven.v1"),
        ({"account_ids": ("a7", "a8")}, "restriction.ground.v1"),
    ],
)
@pytest.mark.parametrize("kind", [K.LIMIT_SEARCH, K.SUSPEND_ACCOUNT])
def test_unproven_coordination_enforces_nothing_by_itself(
    make: Any, kind: RestrictionKind, facts: Any, rule: str
) -> None:
    assert refused(make, make.technical(**facts), make.order(kind)) == rule


@pytest.mark.parametrize(
    ("kind", "violation", "rule"),
    [
        ("require_removal", {"post_id": "p2"}, "restriction.removal.v1"),
        ("require_removal", {"post_id": None}, "restriction.removal.v1"),
        ("suspend_account", {"account_id": "a2", "severe": True}, "restriction.ground.v1"),
    ],
)
def test_a_violation_is_ones_own(make: Any, kind: str, violation: Any, rule: str) -> None:
    assert refused(make, make.violation(**violation), make.order(K(kind))) == rule


def test_a_violation_is_found_by_a_person(make: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        make.violation(found_by="model:harm")
    assert refusal.value.rule == "person.removal.v1"


def test_association_alone_never_removes(make: Any) -> None:
    order = make.order(K.REQUIRE_REMOVAL, account_id="a1")
    assert refused(make, make.designation(), order) == "restriction.removal.v1"


# Who
