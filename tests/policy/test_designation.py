"""Designation: who takes which step, on what, and when the review falls due."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.designation import DESIGNATION_MEASURES, NEXT, Designation, DesignationState
from policy.propose import propose
from policy.questions import Answer
from policy.words import Nature, Refusal, RestrictionKind

BY = {"by": "person:lea", "reason": "the evidence carries it"}
STEPS = ["designate", "decline", "start_review", "keep", "modify", "withdraw"]
NARROW = (RestrictionKind.LIMIT_SEARCH,)


def step(make: Any, designation: Designation, name: str, **facts: Any) -> Designation:
    at = facts.pop("at", make.now)
    given = {**BY, "at": at, **facts}
    if name == "designate":
        questions = given.pop("questions", make.questions())
        given.setdefault("seconded_by", "person:max")
        return designation.designate(
            given.pop("assessment", make.assessment(at=at)), questions, **given
        )
    if name == "keep":
        return designation.keep(given.pop("assessment", make.assessment(at=at)), **given)
    if name == "modify":
        measures = given.pop("measures", NARROW)
        assessment = given.pop("assessment", make.assessment(at=at))
        return designation.modify(assessment, measures=measures, **given)
    result: Designation = getattr(designation, name)(**given)
    return result


def at_state(make: Any, state: str) -> Designation:
    ways: dict[str, list[str]] = {
        "proposed": [],
        "designated": ["designate"],
        "under_review": ["designate", "start_review"],
        "modified": ["designate", "start_review", "modify"],
        "withdrawn": ["designate", "start_review", "withdraw"],
    }
    designation: Designation = make.proposal()
    for name in ways[state]:
        designation = step(make, designation, name)
    assert designation.state == state
    return designation


@pytest.mark.parametrize(
    ("state", "name", "to"),
    [
        ("proposed", "designate", "designated"),
        ("proposed", "decline", "withdrawn"),
        ("proposed", "start_review", None),
        ("proposed", "keep", None),
        ("proposed", "modify", None),
        ("proposed", "withdraw", None),
        ("designated", "designate", None),
        ("designated", "decline", None),
        ("designated", "start_review", "under_review"),
        ("designated", "keep", None),
        ("designated", "modify", None),
        ("designated", "withdraw", None),
        ("under_review", "designate", None),
        ("under_review", "decline", None),
        ("under_review", "start_review", None),
        ("under_review", "keep", "designated"),
        ("under_review", "modify", "modified"),
        ("under_review", "withdraw", "withdrawn"),
        ("modified", "designate", None),
        ("modified", "decline", None),
        ("modified", "start_review", "under_review"),
        ("modified", "keep", None),
        ("modified", "modify", None),
        ("modified", "withdraw", None),
        ("withdrawn", "designate", None),
        ("withdrawn", "decline", None),
        ("withdrawn", "start_review", None),
        ("withdrawn", "keep", None),
        ("withdrawn", "modify", None),
        ("withdrawn", "withdraw", None),
    ],
)
def test_steps(make: Any, state: str, name: str, to: str | None) -> None:
    designation = at_state(make, state)
    if to is None:
        with pytest.raises(Refusal) as refused:
            step(make, designation, name)
        assert refused.value.rule == "designation.step.v1"
    else:
        after = step(make, designation, name)
        assert after.state == to
        assert after.history[:-1] == designation.history
        last = after.history[-1]
        assert (last.state, last.by, last.reason) == (to, BY["by"], BY["reason"])
        assert last.rule
        assert last.clause


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"by": "model:assess"}, "person.designation.v1"),
        ({"by": "lea"}, "person.designation.v1"),
        ({"by": ""}, "person.designation.v1"),
        ({"by": "person: "}, "person.designation.v1"),
        ({"reason": ""}, "person.reason.v1"),
        ({"reason": "ok"}, "person.reason.v1"),
    ],
)
def test_a_person_with_a_reason_takes_each_step(
    make: Any, name: str, facts: Any, rule: str
) -> None:
    state = {"designate": "proposed", "decline": "proposed", "start_review": "designated"}
    designation = at_state(make, state.get(name, "under_review"))
    with pytest.raises(Refusal) as refused:
        step(make, designation, name, **facts)
    assert refused.value.rule == rule


def test_a_machine_may_propose_and_nothing_is_in_force(make: Any) -> None:
    proposal = propose("d1", make.assessment(), by="model:assess", at=make.now)
    assert proposal.state == "proposed"
    assert not proposal.standing
    with pytest.raises(Refusal) as refused:
        proposal.check_may_limit(make.now)
    assert refused.value.rule == "restriction.ground.v1"


def test_nothing_is_proposed_that_the_assessment_does_not_carry(make: Any) -> None:
    with pytest.raises(Refusal) as refused:
        propose("d1", make.assessment(incidents=[]), by="model:assess", at=make.now)
    assert refused.value.rule == "designation.harm_too_low.v1"


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        ("no harm", "designation.harm_too_low.v1"),
        ("no coordination", "coordination.none.v1"),
        ("other group", "designation.evidence.v1"),
        ("stale", "designation.evidence.v1"),
        ("from the future", "designation.evidence.v1"),
        ("other nature", "designation.evidence.v1"),
        ("empty answer", "designation.questions.v1"),
    ],
)
def test_designate_refuses(make: Any, case: str, rule: str) -> None:
    facts: dict[str, Any] = {
        "no harm": {"assessment": make.assessment(incidents=[])},
        "no coordination": {"assessment": make.assessment(findings=[])},
        "other group": {"assessment": make.assessment().model_copy(update={"group_id": "other"})},
        "stale": {"assessment": make.assessment(at=make.now - make.days(0)), "late": 31},
        "from the future": {"assessment": make.assessment(at=make.now + make.days(1))},
        "other nature": {"questions": make.questions(nature=Nature.AWARENESS)},
        "empty answer": {"questions": make.questions(risks=Answer(text=""))},
    }[case]
    at = make.now + make.days(facts.pop("late", 0))
    with pytest.raises(Refusal) as refused:
        step(make, make.proposal(), "designate", at=at, **facts)
    assert refused.value.rule == rule


@pytest.mark.parametrize("name", ["keep", "modify"])
def test_what_is_kept_or_modified_is_still_carried(make: Any, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        step(
            make,
            at_state(make, "under_review"),
            name,
            assessment=make.assessment(incidents=[]),
        )
    assert refused.value.rule == "designation.harm_too_low.v1"


@pytest.mark.parametrize(
    ("days", "allowed"), [(-1, False), (0, False), (1, True), (90, True), (180, True), (181, False)]
)
@pytest.mark.parametrize("name", ["designate", "keep", "modify"])
def test_review_dates(make: Any, name: str, days: int, *, allowed: bool) -> None:
    designation = at_state(make, "proposed" if name == "designate" else "under_review")
    review_at = make.now + make.days(days)
    if allowed:
        assert step(make, designation, name, review_at=review_at).review_at == review_at
    else:
        with pytest.raises(Refusal) as refused:
            step(make, designation, name, review_at=review_at)
        assert refused.value.rule == "designation.review_date.v1"


@pytest.mark.parametrize(
    ("state", "days", "overdue"),
    [
        ("proposed", 200, False),
        ("designated", 0, False),
        ("designated", 89.9, False),
        ("designated", 90, True),
        ("designated", 400, True),
        ("under_review", 89.9, False),
        ("under_review", 90, True),  # starting a review is not doing it
        ("modified", 89.9, False),
        ("modified", 90, True),
        ("withdrawn", 400, False),
    ],
)
def test_an_overdue_review_blocks_new_and_renewed_limits(
    make: Any, state: str, days: float, *, overdue: bool
) -> None:
    designation = at_state(make, state)
    then = make.now + make.days(days)
    assert designation.overdue(then) is overdue
    if overdue:
        with pytest.raises(Refusal) as refused:
            designation.check_may_limit(then)
        assert refused.value.rule == "designation.review_overdue.v1"


def test_the_review_done_opens_it_again(make: Any) -> None:
    late = make.now + make.days(100)
    reviewed = step(make, at_state(make, "designated"), "start_review", at=late)
    fresh = [one.model_copy(update={"when": late}) for one in make.grave()]
    kept = step(
        make, reviewed, "keep", at=late, assessment=make.assessment(at=late, incidents=fresh)
    )
    kept.check_may_limit(late + make.days(1))


def test_a_step_does_not_lie_before_the_last(make: Any) -> None:
    with pytest.raises(Refusal) as refused:
        step(make, at_state(make, "designated"), "start_review", at=make.now - make.days(1))
    assert refused.value.rule == "designation.step.v1"


@pytest.mark.parametrize(
    ("measures", "allowed"),
    [
        (("limit_search",), True),
        (("limit_search", "limit_search"), True),
        (DESIGNATION_MEASURES, False),  # nothing would change
        (("require_removal",), False),
        ((), False),
    ],
)
def test_measures(make: Any, measures: Any, *, allowed: bool) -> None:
    kinds = tuple(RestrictionKind(one) for one in measures)
    designation = at_state(make, "under_review")
    if allowed:
        modified = step(make, designation, "modify", measures=kinds)
        assert modified.measures == (RestrictionKind.LIMIT_SEARCH,)
    else:
        with pytest.raises(Refusal) as refused:
            step(make, designation, "modify", measures=kinds)
        assert refused.value.rule == "restriction.measures.v1"


def test_it_survives_json(make: Any) -> None:
    designation = at_state(make, "modified")
    assert Designation.model_validate_json(designation.model_dump_json()) == designation


@given(names=st.lists(st.sampled_from(STEPS), max_size=8))
def test_only_along_the_graph(make: Any, names: list[str]) -> None:
    designation: Designation = make.proposal()
    for name in names:
        try:
            after = (
                step(make, designation, name, measures=NARROW)
                if name == "modify"
                else step(make, designation, name)
            )
        except Refusal:
            continue
        assert after.state in NEXT[designation.state]
        assert after.standing is (after.state not in ("proposed", "withdrawn"))
        assert after.standing is (after.review_at is not None)
        designation = after
    seen = [one.state for one in designation.history]
    assert seen[0] is DesignationState.PROPOSED
    assert all(b in NEXT[a] for a, b in itertools.pairwise(seen))
