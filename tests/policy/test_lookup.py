"""What surfaces are told at read time, and what falls when a ground falls."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.appeals import Appeal, AppealState
from policy.cases import Case, CaseKind
from policy.lift import lift_with, reverse
from policy.lookup import standing, visible
from policy.restrictions import Cause, Restriction
from policy.rules import RULES
from policy.words import Refusal, RestrictionKind, SubjectKind, Surface

K = RestrictionKind
S = Surface


@pytest.mark.parametrize("surface", list(S))
@pytest.mark.parametrize(
    ("kind", "rule", "surfaces", "verdict"),
    [
        ("limit_search", "lookup.search.v1", {"search"}, "limit"),
        ("limit_replies", "lookup.replies.v1", {"replies"}, "limit"),
        ("limit_timelines", "lookup.timelines.v1", {"timelines"}, "limit"),
        ("no_email_recommendation", "lookup.email.v1", {"email"}, "limit"),
        ("no_product_recommendation", "lookup.product.v1", {"product"}, "limit"),
        ("block_trend", "lookup.trend.v1", {"trends"}, "limit"),
        ("suspend_account", "lookup.suspended.v1", set(S), "withhold"),
        ("require_removal", "lookup.removed.v1", set(S), "withhold"),
    ],
)
def test_which_restriction_applies_on_which_surface(
    *, make: Any, surface: Surface, kind: str, rule: str, surfaces: set[str], verdict: str
) -> None:
    laid = make.restriction(kind=kind)
    view = visible([laid], surface, make.now)
    if surface in surfaces:
        assert (view.verdict, view.rule, view.restriction) == (verdict, rule, laid)
    else:
        assert (view.verdict, view.rule, view.restriction) == ("show", "lookup.nothing.v1", None)
    assert view.clause == RULES[view.rule].clause


@pytest.mark.parametrize(
    ("facts", "at", "shown"),
    [
        ({}, -0.1, True),  # not begun
        ({}, 0, False),
        ({}, 29.9, False),
        ({}, 30, True),  # at its end it is over
        ({}, 31, True),
        ({"lifted_at": 10}, 9.9, False),
        ({"lifted_at": 10}, 10, True),
        ({"expires_at": None}, 9999, False),
    ],
)
def test_only_what_stands_shows(make: Any, facts: Any, at: float, *, shown: bool) -> None:
    if facts.get("lifted_at"):
        facts = {"lifted_at": make.now + make.days(facts["lifted_at"])}
    view = visible([make.restriction(**facts)], S.SEARCH, make.now + make.days(at))
    assert (view.verdict == "show") is shown


def cause(by: str) -> Cause:
    return Cause(by=by, rule="restriction.limit.v1", clause="enforcement.visibility")


def test_the_order_of_rules_and_of_restrictions(make: Any) -> None:
    machine = make.restriction(
        "r-machine", cause=cause("model:x"), expires_at=make.now + make.days(60)
    )
    short = make.restriction("r-short", expires_at=make.now + make.days(10))
    long = make.restriction("r-long", expires_at=make.now + make.days(20))
    suspended = make.restriction("r-suspended", kind=K.SUSPEND_ACCOUNT, expires_at=None)
    everything = [machine, short, long, suspended]
    assert visible(everything, S.SEARCH, make.now).restriction == suspended
    assert visible(everything[:3], S.SEARCH, make.now).restriction == long
    assert visible([machine, short], S.SEARCH, make.now).restriction == short
    assert [one.id for one in standing(everything, make.now)] == [
        "r-suspended",
        "r-long",
        "r-short",
        "r-machine",
    ]


def test_nothing_laid_is_shown(make: Any) -> None:
    assert all(visible([], surface, make.now).verdict == "show" for surface in S)


def test_a_pending_review_restricts_nobody_and_lapses(make: Any) -> None:
    case = Case(
        id="c1",
        kind=CaseKind.ASSOCIATION,
        subject_kind=SubjectKind.ACCOUNT,
        subject_id="a1",
        opened_at=make.now,
        lapses_at=make.now + make.days(7),
        rule="person.unsure.v1",
    )
    # A case holds no restriction at all, open or lapsed: there is nothing that a surface could see.
    with pytest.raises(Refusal) as refused:
        case.lapse(at=make.now + make.days(6))
    assert refused.value.rule == "case.lapse.v1"
    lapsed = case.lapse(at=make.now + make.days(7))
    assert lapsed.state == "lapsed"
    with pytest.raises(Refusal) as refused:
        lapsed.decide(at=make.now + make.days(8), why="too late")
    assert refused.value.rule == "case.open.v1"


moments = st.integers(-50, 50)


@given(
    starts=moments,
    lasts=st.integers(1, 60),
    lifted=st.none() | moments,
    at=moments,
    kind=st.sampled_from(list(K)),
    surface=st.sampled_from(list(S)),
)
def test_an_expired_or_lifted_limit_never_shows(
    *, make: Any, starts: int, lasts: int, lifted: int | None, at: int, kind: K, surface: Surface
) -> None:
    laid = make.restriction(
        kind=kind,
        starts_at=make.now + make.days(starts),
        expires_at=make.now + make.days(starts + lasts),
        lifted_at=None if lifted is None else make.now + make.days(lifted),
    )
    view = visible([laid], surface, make.now + make.days(at))
    if not starts <= at < starts + lasts or (lifted is not None and lifted <= at):
        assert view.verdict == "show"
    # The same answer, whatever else has expired beside it.
    gone = make.restriction("gone", kind=kind, expires_at=make.now - make.days(60))
    assert visible([gone, laid], surface, make.now + make.days(at)) == view


# Lifting


def withdrawn(make: Any) -> Any:
    facts = {"by": "person:lea", "reason": "they stopped it", "at": make.now}
    return make.designation().start_review(**facts).withdraw(**facts)


def modified(make: Any) -> Any:
    facts = {"by": "person:lea", "reason": "they do less", "at": make.now}
    return (
        make.designation()
        .start_review(**facts)
        .modify(make.assessment(), measures=(K.LIMIT_SEARCH,), **facts)
    )


OTHERS = {
    "other designation": {"ground": {"kind": "designation", "ref": "d9", "group_id": "g9"}},
    "technical": {"ground": {"kind": "technical_coordination", "ref": "d1"}},
    "violation": {"ground": {"kind": "rule_violation", "ref": "d1", "policy": "abuse"}},
    "expired": {"expires_at": datetime.fromisoformat("2026-02-28T00:00:00Z")},
    "lifted": {"lifted_at": datetime.fromisoformat("2026-02-28T00:00:00Z")},
}


def test_a_withdrawal_lifts_what_hung_on_it_and_only_that(make: Any) -> None:
    on_it = [
        make.restriction("r1"),
        make.restriction("r2", kind=K.SUSPEND_ACCOUNT, expires_at=None),
        make.restriction("r3", kind=K.BLOCK_TREND, subject_kind="trend", subject_id="#tag"),
    ]
    others = [make.restriction(name, **facts) for name, facts in OTHERS.items()]
    lifted = lift_with(withdrawn(make), [*on_it, *others], make.now)
    assert [one.id for one in lifted] == ["r1", "r2", "r3"]
    assert not any(one.stands(make.now) for one in lifted)
    assert all("restriction.lift_withdrawn.v1" in (one.lifted_why or "") for one in lifted)


def test_a_modification_lifts_only_what_it_no_longer_carries(make: Any) -> None:
    laid = [make.restriction("r1"), make.restriction("r2", kind=K.LIMIT_REPLIES)]
    assert [one.id for one in lift_with(modified(make), laid, make.now)] == ["r2"]


@pytest.mark.parametrize("state", ["proposed", "designated", "under_review"])
def test_a_designation_that_holds_lifts_nothing(make: Any, state: str) -> None:
    designation = make.designation().model_copy(update={"state": state})
    with pytest.raises(Refusal) as refused:
        lift_with(designation, [make.restriction()], make.now)
    assert refused.value.rule == "restriction.lift_withdrawn.v1"


@pytest.mark.parametrize(
    ("facts", "at", "rule"),
    [
        ({}, 1, None),
        ({}, 30, "restriction.lift.v1"),
        ({"lifted_at": 5}, 3, "restriction.lift.v1"),
        ({"expires_at": None}, 999, None),
    ],
)
def test_lift(make: Any, facts: Any, at: int, rule: str | None) -> None:
    if facts.get("lifted_at"):
        facts = {"lifted_at": make.now + make.days(facts["lifted_at"])}
    laid: Restriction = make.restriction(**facts)
    then = make.now + make.days(at)
    if rule is None:
        assert laid.lift(at=then, why="reversed by lead").lifted_at == then
    else:
        with pytest.raises(Refusal) as refused:
            laid.lift(at=then, why="reversed by lead")
        assert refused.value.rule == rule


def test_a_lift_has_a_reason(make: Any) -> None:
    with pytest.raises(Refusal, match="why"):
        make.restriction().lift(at=make.now, why=" ")


def appeal(make: Any, **facts: Any) -> Appeal:
    return Appeal(
        **{
            "id": "ap1",
            "restriction_id": "r1",
            "decided_first_by": "person:ana",
            "notice_at": make.now,
            "opened_at": make.now,
            "text": "I only reported on it.",
            "state": AppealState.OVERTURNED,
            "outcome": "a reporter",
            **facts,
        }
    )


def test_a_won_appeal_lifts_at_once_and_shields(make: Any) -> None:
    lifted, shield = reverse(appeal(make), make.restriction(), account_id="a1", at=make.now)
    assert not lifted.stands(make.now)
    assert shield is not None
    assert shield.covers("a1", "g1", make.now)
    assert shield.covers("a1", "g1", make.now + timedelta(days=89))
    assert not shield.covers("a1", "g1", make.now + timedelta(days=90))
    assert not shield.covers("a1", "g2", make.now)
    assert not shield.covers("a2", "g1", make.now)


def test_a_won_appeal_against_what_has_ended_shields_all_the_same(make: Any) -> None:
    laid = make.restriction()
    then = make.now + make.days(40)
    lifted, shield = reverse(appeal(make), laid, account_id="a1", at=then)
    assert lifted == laid
    assert shield is not None
    assert shield.covers("a1", "g1", then)


def test_a_trend_needs_no_shield(make: Any) -> None:
    laid = make.restriction(kind=K.BLOCK_TREND, subject_kind="trend", subject_id="#tag")
    lifted, shield = reverse(appeal(make), laid, account_id=None, at=make.now)
    assert (lifted.lifted_at, shield) == (make.now, None)


@pytest.mark.parametrize(
    "facts", [{"state": "open"}, {"state": "upheld"}, {"restriction_id": "r9"}]
)
def test_only_its_own_won_appeal_reverses(make: Any, facts: Any) -> None:
    with pytest.raises(Refusal) as refused:
        reverse(appeal(make, **facts), make.restriction(), account_id="a1", at=make.now)
    assert refused.value.rule == "appeal.step.v1"
