"""Laying restrictions: for how long, again, against a shield; and never without a ground."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.appeals import Shield
from policy.designation import Designation
from policy.findings import Finding, Proof
from policy.grounds import LIMITS
from policy.lay import Periods, lay
from policy.reapply import Seen
from policy.words import Refusal
from tests.policy.laying import MAIN, SURE, K, do, refused


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
