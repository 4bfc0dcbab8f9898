"""What reviewers are spared, what is blurred, and how cases rank with age."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.care import Blur, Served, blur, gravity, spared
from policy.cases import Case, CaseKind
from policy.house import HouseRules
from policy.service import age_of, due_at, rank
from policy.words import Harm, Policy, Severity
from tests.policy.test_opinions import NOW, case
from tests.policy.test_reviewers import reviewer

P = CaseKind.POST_HARM
RULES = HouseRules(severe_in_a_row=3, severe_a_day=6, rest_minutes=15)


def severe(**changes: Any) -> Case:
    return case(P, material=Severity.HIGH, **changes)


def served(*minutes_ago: float, severe: bool = True, first: int = 0) -> list[Served]:
    return [
        Served(
            reviewer_id="ana@desk.example",
            case_id=f"earlier_{first + at}",
            round=1,
            at=NOW - timedelta(minutes=ago),
            severe=severe,
        )
        for at, ago in enumerate(minutes_ago)
    ]


SIX = served(*range(600, 40, -100))


@pytest.mark.parametrize(
    ("who", "before", "rule"),
    [
        ({}, [], None),
        ({}, served(5, 4), None),
        ({}, served(5, 4, 3), "review.severe_in_a_row.v1"),
        ({}, served(25, 20, 15), None),
        ({}, [*served(5, 4, 3), *served(1, severe=False, first=9)], None),
        ({}, [*SIX, *served(1, severe=False, first=9)], "review.severe_in_a_day.v1"),
        ({}, served(*[24 * 60 + n for n in range(9, 0, -1)]), None),
        ({"severe_a_day": 1}, served(300), "review.severe_in_a_day.v1"),
        ({"severe_a_day": 99}, served(*range(620, 20, -100)), "review.severe_in_a_day.v1"),
        ({"break_until": NOW + timedelta(minutes=1)}, [], "review.break.v1"),
        ({"break_until": NOW}, [], None),
        ({"opt_outs": (Policy.HATE,)}, [], "review.opt_out.v1"),
        ({"opt_outs": (Policy.SPAM,)}, [], None),
    ],
)
def test_who_is_spared_what(who: dict[str, Any], before: list[Served], rule: str | None) -> None:
    found = spared(reviewer(**who), severe(policies=(Policy.HATE,)), before, RULES, NOW)
    assert (found and found.rule) == rule


def test_what_is_not_severe_is_served_but_for_opt_outs() -> None:
    weary = reviewer(severe_a_day=0, break_until=NOW + timedelta(days=1), opt_outs=(Policy.ABUSE,))
    mild = case(P, policies=(Policy.SPAM,))
    assert spared(weary, mild, served(3, 2, 1), RULES, NOW) is None
    found = spared(weary, case(P, policies=(Policy.ABUSE,)), [], RULES, NOW)
    assert found is not None


def test_the_same_case_served_again_is_not_one_more() -> None:
    again = served(3, 2, 1)
    mine = severe(id_=again[-1].case_id)
    assert spared(reviewer(), mine, again, RULES, NOW) is None


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=40),
    st.integers(1, 5),
    st.integers(0, 8),
)
def test_no_more_severe_cases_than_the_limits_however_they_come(
    before: list[tuple[int, bool]], row: int, day: int
) -> None:
    """A plain count: whoever is served a severe case had fewer in the day and no full row."""
    rules = HouseRules(severe_in_a_row=row, severe_a_day=day, rest_minutes=15)
    history = sorted(before, reverse=True)
    given_ = [
        one for at, (ago, hard) in enumerate(history) for one in served(ago, severe=hard, first=at)
    ]
    today = [hard for ago, hard in history if ago < 24 * 60]
    last = [hard for ago, hard in history if ago < 24 * 60][-row:]
    fresh = bool(last) and history[-1][0] < 15
    full = len(last) == row and all(last) and fresh
    allowed = sum(today) < day and not full
    assert (spared(reviewer(), severe(), given_, rules, NOW) is None) == allowed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"material": Severity.HIGH}, Blur.ALL_POSTS),
        ({"material": Severity.MODERATE}, Blur.SEVERE_POSTS),
        ({"severity": Severity.HIGH}, Blur.NONE),
        ({"imminent": True}, Blur.ALL_POSTS),
    ],
)
def test_the_blur_goes_by_the_material(changes: dict[str, Any], expected: Blur) -> None:
    assert blur(case(P, **changes)) is expected


@pytest.mark.parametrize(
    ("likely", "expected"),
    [
        ({Policy.VIOLENCE: 0.5}, "high"),
        ({Policy.VIOLENCE: 0.49, Policy.ABUSE: 0.9}, "moderate"),
        ({Policy.SPAM: 1.0}, "low"),
        ({}, "low"),
    ],
)
def test_how_hard_a_text_is(likely: dict[Policy, float], expected: str) -> None:
    assert gravity(likely) == expected


# Service levels and rank


@pytest.mark.parametrize(
    ("hours", "changes", "age"),
    [
        (0, {}, 0.0),
        (5.9, {}, 0.0),
        (6, {}, 0.25),
        (23.9, {}, 0.75),
        (24, {}, 1.0),
        (400, {}, 1.0),
        (1, {"imminent": True}, 1.0),
        (-1, {}, 0.0),
    ],
)
def test_age_counts_in_quarters(hours: float, changes: dict[str, Any], age: float) -> None:
    now = NOW + timedelta(hours=hours)
    assert age_of(case(P, **changes), HouseRules(), now) == age


def test_the_house_may_set_another_level() -> None:
    rules = HouseRules(service_hours={P: 2})
    assert due_at(case(P), rules) == NOW + timedelta(hours=2)
    assert due_at(case(P, imminent=True), rules) == NOW + timedelta(hours=1)


MOMENTS = st.timedeltas(timedelta(0), timedelta(days=30))
CASES = st.builds(
    lambda kind, harm, severity, reach, probability: case(
        kind, harm=harm, severity=severity, reach=reach, probability=probability
    ),
    st.sampled_from([kind for kind in CaseKind if kind not in (CaseKind.LEGAL, CaseKind.SUPPORT)]),
    st.none() | st.sampled_from(list(Harm)),
    st.sampled_from(list(Severity)),
    st.integers(0, 10**9),
    st.none() | st.floats(0, 1),
)


@given(CASES, MOMENTS, MOMENTS)
def test_a_case_only_ever_moves_up(one: Case, earlier: timedelta, later: timedelta) -> None:
    first, last = sorted((NOW + earlier, NOW + later))
    assert rank(one, HouseRules(), first).value <= rank(one, HouseRules(), last).value


@given(CASES, CASES, MOMENTS)
def test_safety_goes_first_however_long_the_other_waits(
    one: Case, other: Case, age: timedelta
) -> None:
    safety = one.model_copy(update={"harm": Harm.PHYSICAL})
    information = other.model_copy(update={"harm": Harm.INFORMATIONAL})
    assert rank(safety, HouseRules(), NOW).value > rank(information, HouseRules(), NOW + age).value
    life = other.model_copy(update={"imminent": True})
    assert rank(life, HouseRules(), NOW).value > rank(one, HouseRules(), NOW + age).value


@given(CASES, st.sampled_from(["severity", "reach", "probability"]), st.data())
def test_graver_likelier_and_farther_never_ranks_lower(
    one: Case, what: str, data: st.DataObject
) -> None:
    values: dict[str, st.SearchStrategy[Any]] = {
        "severity": st.sampled_from(list(Severity)),
        "reach": st.integers(0, 10**9),
        "probability": st.floats(0, 1),
    }
    pair = [data.draw(values[what]) for _ in range(2)]
    low, high = sorted(pair, key=lambda value: getattr(value, "rank", value))
    ranks = [
        rank(one.model_copy(update={what: value}), HouseRules(), NOW).value for value in (low, high)
    ]
    assert ranks[0] <= ranks[1]
