"""Laying restrictions: subject, ground, who, how long, and laying again."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.appeals import Shield, Strike
from policy.designation import Designation
from policy.findings import Finding, Proof
from policy.grounds import ALLOWED, LIMITS
from policy.lay import Opinion, Order, Periods, lay
from policy.reapply import Seen
from policy.restrictions import GroundKind, Restriction
from policy.rules import RULES
from policy.scores import Share
from policy.words import Lane, Refusal, RestrictionKind, SubjectKind

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


@pytest.mark.parametrize(
    ("opinion", "facts", "rule"),
    [
        (SURE, {}, None),
        (None, {}, "person.uncalibrated.v1"),
        (SURE.model_copy(update={"lane": Lane.REVIEW}), {}, "person.unsure.v1"),
        (SURE.model_copy(update={"calibrated": False}), {}, "person.uncalibrated.v1"),
        (SURE.model_copy(update={"language_calibrated": False}), {}, "person.language.v1"),
        (SURE, {"protected": True}, "person.protected.v1"),
    ],
)
def test_a_machine_limits_only_when_all_is_sure(
    make: Any, opinion: Opinion | None, facts: Any, rule: str | None
) -> None:
    order = make.order(by="model:association")
    if rule is None:
        assert do(make, make.designation(), order, opinion=opinion).cause.by == order.by
    else:
        assert refused(make, make.designation(), order, opinion=opinion, **facts) == rule


@pytest.mark.parametrize(
    ("kind", "on", "rule"),
    [
        ("suspend_account", "designation", "person.suspension.v1"),
        ("suspend_account", "technical_coordination", "person.suspension.v1"),
        ("suspend_account", "rule_violation", "person.suspension.v1"),
        ("require_removal", "rule_violation", "person.removal.v1"),
        ("require_removal", "technical_coordination", "person.removal.v1"),
    ],
)
def test_a_machine_never_suspends_or_removes(make: Any, kind: str, on: str, rule: str) -> None:
    order = make.order(K(kind), by="model:harm", account_id="a1")
    assert refused(make, ground(make, on), order, opinion=SURE, primary_use=MAIN) == rule


@pytest.mark.parametrize("by", ["ana", "cron:sweeper", "person:", "Model:x"])
def test_somebody_is_named(make: Any, by: str) -> None:
    assert refused(make, make.designation(), make.order(by=by), opinion=SURE) == "person.named.v1"


def test_a_suspension_has_a_reason(make: Any) -> None:
    order = make.order(K.SUSPEND_ACCOUNT, reason="")
    rule = refused(make, make.designation(), order, primary_use=MAIN)
    assert rule == "person.reason.v1"


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        ("person:lea", None),
        (None, "person.protected.v1"),
        ("person:ana", "person.protected.v1"),
        ("model:x", "person.protected.v1"),
    ],
)
def test_a_protected_account_gets_a_second_look_never_an_exemption(
    make: Any, second: str | None, rule: str | None
) -> None:
    facts: dict[str, Any] = {"protected": True, "seconded_by": second}
    if rule is None:
        assert do(make, make.designation(), **facts).subject_id == "a1"
    else:
        assert refused(make, make.designation(), **facts) == rule


@pytest.mark.parametrize(
    ("by", "case_id", "evidence", "passes"),
    [
        ("person:ana", None, ("p1",), True),
        ("person:ana", "c1", (), True),
        ("person:ana", None, (), False),
        ("model:x", "c1", (), False),
        ("model:x", None, ("p1",), True),
    ],
)
def test_evidence_is_cited(
    make: Any, by: str, case_id: str | None, evidence: Any, *, passes: bool
) -> None:
    order = make.order(by=by, case_id=case_id, evidence=evidence)
    if passes:
        do(make, make.designation(), order, opinion=SURE)
    else:
        rule = refused(make, make.designation(), order, opinion=SURE)
        assert rule == "restriction.evidence.v1"


# Suspension


@pytest.mark.parametrize(
    ("use", "passes"),
    [
        (None, False),
        (Share(share=0.8, low=0.7, high=0.9, posts=50), True),
        (Share(share=0.6, low=0.51, high=0.7, posts=20), True),
        (Share(share=0.6, low=0.5, high=0.7, posts=50), False),  # at the level, not above
        (Share(share=0.6, low=0.4, high=0.8, posts=50), False),
        (Share(share=1.0, low=0.8, high=1.0, posts=19), False),
        (Share(share=0.0, low=0.0, high=0.1, posts=90), False),
    ],
)
def test_suspension_for_primary_use(make: Any, use: Share | None, *, passes: bool) -> None:
    order = make.order(K.SUSPEND_ACCOUNT)
    if passes:
        assert do(make, make.designation(), order, primary_use=use).expires_at is None
    else:
        rule = refused(make, make.designation(), order, primary_use=use)
        assert rule == "restriction.primary_use.v1"


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


@pytest.mark.parametrize(
    ("severe", "strikes", "passes"),
    [
        (True, [], True),
        (False, [], False),
        (False, [{}, {}], False),
        (False, [{}, {}, {}], True),
        (False, [{}, {}, {"violation_id": "v0"}], False),  # one violation counts once
        (False, [{}, {}, {"account_id": "a2"}], False),
        (False, [{}, {}, {"expires_at": "2026-03-01T12:00:00Z"}], False),
    ],
)
def test_suspension_for_severe_or_repeated_violations(
    make: Any, strikes: list[Any], *, severe: bool, passes: bool
) -> None:
    order = make.order(K.SUSPEND_ACCOUNT)
    violation = make.violation(severe=severe)
    listed = [strike(make, number, **facts) for number, facts in enumerate(strikes)]
    if passes:
        do(make, violation, order, strikes=listed)
    else:
        rule = refused(make, violation, order, strikes=listed)
        assert rule == "restriction.violations.v1"


def test_technical_coordination_suspends_without_a_designation(make: Any) -> None:
    laid = do(make, make.technical(), make.order(K.SUSPEND_ACCOUNT))
    assert (laid.expires_at, laid.cause.clause) == (None, "coordination.technical.proven")


# Periods


@pytest.mark.parametrize(
    ("kind", "period", "lasts"),
    [
        ("limit_search", None, 30),
        ("limit_search", 1, 1),
        ("limit_search", 90, 90),
        ("limit_search", 91, "restriction.period.v1"),
        ("limit_search", 0, 30),
        ("limit_search", -1, "restriction.period.v1"),
        ("block_trend", 7, 7),
        ("suspend_account", None, None),
        ("suspend_account", 7, "restriction.period.v1"),
    ],
)
def test_periods(make: Any, kind: str, period: int | None, lasts: Any) -> None:
    asked = None if period in (None, 0) else make.days(period)
    order = make.order(K(kind), period=asked)
    if isinstance(lasts, str):
        assert refused(make, make.designation(), order, primary_use=MAIN) == lasts
    else:
        laid = do(make, make.designation(), order, primary_use=MAIN)
        assert laid.expires_at == (None if lasts is None else make.now + make.days(lasts))


def test_no_time_is_no_period(make: Any) -> None:
    order = make.order(period=timedelta(0))
    assert refused(make, make.designation(), order) == "restriction.period.v1"


@pytest.mark.parametrize(
    ("usual", "longest", "valid"),
    [(30, 90, True), (180, 180, True), (91, 90, False), (30, 181, False), (0, 90, False)],
)
def test_the_period_is_settable_under_a_cap(
    make: Any, usual: int, longest: int, *, valid: bool
) -> None:
    given = {"usual": make.days(usual), "longest": make.days(longest)}
    if valid:
        periods = Periods(**given)
        laid = do(make, make.designation(), periods=periods)
        assert laid.expires_at == make.now + periods.usual
    else:
        with pytest.raises(ValidationError, match="180 days must hold"):
            Periods(**given)


# Laying again


@pytest.mark.parametrize(
    ("earlier", "seen", "expected"),
    [
        ([], [], "restriction.limit.v1"),
        ([{}], [], "restriction.stands_already.v1"),
        ([{}], [40], "restriction.stands_already.v1"),
        ([{"kind": "limit_replies"}], [], "restriction.limit.v1"),  # stands; another kind
        ([{"expires_at": 30}], [], "restriction.reapply.v1 refused"),
        ([{"expires_at": 30}], [10], "restriction.reapply.v1 refused"),  # seen before the end
        ([{"expires_at": 30}], [30], "restriction.reapply.v1 refused"),  # not since
        ([{"expires_at": 30}], [51], "restriction.reapply.v1 refused"),  # lies ahead
        ([{"expires_at": 30}], [40], "restriction.reapply.v1"),
        ([{"expires_at": 30}], [10, 40], "restriction.reapply.v1"),
        ([{"lifted_at": 20, "expires_at": 60}], [10], "restriction.reapply.v1 refused"),
        ([{"lifted_at": 20, "expires_at": 60}], [25], "restriction.reapply.v1"),
        (
            [{"kind": "limit_replies", "expires_at": 30}],
            [],
            "restriction.reapply.v1 refused",
        ),
        ([{"expires_at": 30, "subject_id": "a9"}], [], "restriction.limit.v1"),
        (
            [{"expires_at": 30, "ground": {"kind": "technical_coordination", "ref": "t1"}}],
            [],
            "restriction.limit.v1",
        ),
        (
            # The same group under an earlier designation is the same ground.
            [{"expires_at": 30, "ground": {"kind": "designation", "ref": "d0", "group_id": "g1"}}],
            [],
            "restriction.reapply.v1 refused",
        ),
    ],
)
def test_a_limit_is_laid_again_only_on_behaviour_seen_since(
    make: Any, earlier: list[Any], seen: list[int], expected: str
) -> None:
    def moment(days: int) -> Any:
        return make.now + make.days(days)

    now = moment(50)
    listed = [
        make.restriction(
            **{
                "expires_at": moment(90),
                **{k: moment(v) if isinstance(v, int) else v for k, v in one.items()},
            }
        )
        for one in earlier
    ]
    posts = [Seen(post_id=f"post-{days}", at=moment(days)) for days in seen]
    facts = {"now": now, "earlier": listed, "seen": posts}
    rule = expected.removesuffix(" refused")
    if expected.endswith("refused") or rule == "restriction.stands_already.v1":
        assert refused(make, make.designation(), **facts) == rule
        return
    laid = do(make, make.designation(), **facts)
    assert laid.cause.rule == rule
    if rule == "restriction.reapply.v1":
        assert laid.cause.clause == "enforcement.reapply"
        assert {one for one in laid.cause.evidence if one.startswith("post-")} == {
            f"post-{days}" for days in seen if days > 20 and days != 10
        }


@pytest.mark.parametrize(
    ("by", "facts", "passes"),
    [
        ("model:x", {}, False),
        ("person:ana", {}, True),
        ("model:x", {"account_id": "a2"}, True),
        ("model:x", {"group_id": "other"}, True),
        ("model:x", {"group_id": None}, False),
        ("model:x", {"until": 0}, True),
    ],
)
def test_a_won_appeal_shields_from_the_machine(
    make: Any, by: str, facts: Any, *, passes: bool
) -> None:
    given = {"account_id": "a1", "group_id": "g1", "until": 30, **facts}
    shield = Shield(
        appeal_id="ap1",
        from_at=make.now - make.days(1),
        **{**given, "until": make.now + make.days(given["until"])},
    )
    order = make.order(by=by)
    facts = {"opinion": SURE, "shields": [shield]}
    if passes:
        do(make, make.designation(), order, **facts)
    else:
        assert refused(make, make.designation(), order, **facts) == "restriction.shielded.v1"


# Nothing without a ground


@given(
    on=st.sampled_from(["designation", "finding", "violation"]),
    state=st.sampled_from(["proposed", "designated", "under_review", "modified", "withdrawn"]),
    proof=st.sampled_from(["none", "device", "network"]),
    own=st.booleans(),
    kind=st.sampled_from(list(K)),
    by=st.sampled_from(["person:ana", "model:x"]),
    days=st.integers(0, 120),
)
def test_nothing_is_laid_without_a_ground(
    *, make: Any, on: str, state: str, proof: str, own: bool, kind: K, by: str, days: int
) -> None:
    stands_on: Designation | Finding | Any
    if on == "designation":
        stands_on = make.designation().model_copy(update={"state": state})
        sound = state in ("designated", "under_review", "modified") and days < 90
    elif on == "finding":
        stands_on = make.technical(
            proofs=() if proof == "none" else (Proof.LINKAGE,),
            linkage_kinds=() if proof == "none" else (proof,),
            account_ids=("a1", "a2") if own else ("a8", "a9"),
        )
        sound = proof == "device" and own
    else:
        stands_on = make.violation(
            severe=True, account_id="a1" if own else "a2", post_id="p1" if own else "p2"
        )
        sound = own
    order = make.order(kind, by=by, account_id=None if kind is K.BLOCK_TREND else "a1")
    now = make.now + make.days(days)
    try:
        laid = lay(order, stands_on, now=now, protected=False, opinion=SURE, primary_use=MAIN)
    except Refusal:
        return
    assert sound
    assert laid.kind is not K.REQUIRE_REMOVAL or laid.ground.policy
    assert (laid.expires_at is not None) is (kind in (*LIMITS, K.BLOCK_TREND))
    assert by == "person:ana" or kind in (*LIMITS, K.BLOCK_TREND)
    assert laid.stands(now)
