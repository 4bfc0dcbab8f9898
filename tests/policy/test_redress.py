"""Statements of reasons, appeals and strikes."""

import itertools
import re
from typing import Any

import pytest

from policy.appeals import Appeal, Strike, open_appeal, repeated
from policy.clauses import CLAUSES
from policy.restrictions import Cause, Ground
from policy.statements import Found, StatementOfReasons, state_reasons
from policy.words import Policy, Refusal, RestrictionKind


def restriction(make: Any, kind: str, ground: str, by: str = "person:ana", **facts: Any) -> Any:
    return make.restriction(
        kind=RestrictionKind(kind),
        ground=Ground(kind=ground, ref="x", group_id="g1", policy=facts.pop("policy", None)),
        cause=Cause(
            by=by, rule="r", clause=facts.pop("clause", "enforcement.visibility"), evidence=("p1",)
        ),
        **facts,
    )


def state(make: Any, laid: Any, **facts: Any) -> StatementOfReasons:
    given = {
        "statement_id": "st1",
        "notice_at": make.now,
        "found": Found.MACHINE,
        "group_name": "Group One",
        **facts,
    }
    return state_reasons(laid, **given)


@pytest.mark.parametrize(
    ("kind", "ground", "facts", "what", "why"),
    [
        ("limit_search", "designation", {}, "shown less in search results", "Group One"),
        ("limit_replies", "designation", {}, "shown less in replies", "coordinate harm"),
        ("limit_timelines", "designation", {}, "shown less on timelines", "coordinate harm"),
        ("no_email_recommendation", "designation", {}, "emails", "coordinate harm"),
        ("no_product_recommendation", "designation", {}, "in the product", "coordinate harm"),
        ("suspend_account", "designation", {"expires_at": None}, "suspended", "main use"),
        (
            "suspend_account",
            "technical_coordination",
            {"expires_at": None},
            "suspended",
            "under one control",
        ),
        (
            "suspend_account",
            "rule_violation",
            {"expires_at": None, "policy": "hate"},
            "suspended",
            "Severe or repeated violations of our rules: hateful conduct",
        ),
        (
            "require_removal",
            "rule_violation",
            {"expires_at": None, "policy": "violence", "subject_kind": "post"},
            "One of your posts has to be removed",
            "breaks one of our rules: threats and glorification of violence",
        ),
        ("block_trend", "designation", {"subject_kind": "trend"}, "list of trends", "linked"),
    ],
)
def test_what_and_why(
    *, make: Any, kind: str, ground: str, facts: Any, what: str, why: str
) -> None:
    statement = state(make, restriction(make, kind, ground, **facts))
    assert what in statement.what
    assert why in statement.why


@pytest.mark.parametrize("policy", list(Policy))
def test_each_rule_broken_is_named(make: Any, policy: Policy) -> None:
    laid = restriction(
        make, "require_removal", "rule_violation", policy=policy, subject_kind="post"
    )
    assert "the rule named in the decision" not in state(make, laid).why


def test_every_part_is_told(make: Any) -> None:
    statement = state(make, restriction(make, "limit_search", "designation"))
    parts = ["What", "Why", "Which rule", "How it was found", "How it was decided"]
    for part in [*parts, "Until when", "How to object"]:
        assert re.search(rf"^{part}: \S", statement.text, re.MULTILINE), part
    assert statement.clause_says == CLAUSES["enforcement.visibility"].says
    assert "31 March 2026 at 12:00 UTC" in statement.until
    assert "01 September 2026" in statement.how_to_appeal
    assert statement.appeal_until == make.now + make.days(184)
    assert statement.rule == "statement.plain.v1"


@pytest.mark.parametrize(
    ("found", "by", "detection", "decision"),
    [
        ("machine", "model:x", True, "fully"),
        ("machine", "person:ana", True, "partially"),
        ("person", "person:ana", False, "not_automated"),
        ("notice", "person:ana", False, "not_automated"),
        ("notice", "model:x", False, "fully"),
    ],
)
def test_how_it_was_found_and_decided(
    make: Any, found: str, by: str, decision: str, *, detection: bool
) -> None:
    laid = restriction(make, "limit_search", "designation", by=by)
    statement = state(make, laid, found=Found(found))
    assert (statement.automated_detection, statement.automated_decision) == (detection, decision)
    assert ("A person looked" in statement.how_decided) is by.startswith("person:")


@pytest.mark.parametrize(
    ("kind", "facts", "until"),
    [
        ("limit_search", {}, "ends by itself"),
        ("suspend_account", {"expires_at": None}, "no end of its own"),
        ("require_removal", {"expires_at": None, "subject_kind": "post"}, "Until the post is"),
    ],
)
def test_until_when(make: Any, kind: str, facts: Any, until: str) -> None:
    ground = "rule_violation" if kind == "require_removal" else "designation"
    assert until in state(make, restriction(make, kind, ground, **facts)).until


def test_no_personal_data(make: Any) -> None:
    laid = restriction(
        make, "limit_search", "designation", subject_id="account-4711", by="person:ana"
    )
    text = state(make, laid).text
    assert not any(secret in text for secret in ("account-4711", "ana", "p1", "g1", "model:"))


@pytest.mark.parametrize(
    "name",
    [
        "friends of @somebody",
        "see https://x.example",
        "www.x.example",
        "mail me@x.example",
        "call +47 22 33 44",
        "group 123456",
    ],
)
def test_a_group_name_with_personal_data_is_refused(make: Any, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        state(make, restriction(make, "limit_search", "designation"), group_name=name)
    assert refused.value.rule == "statement.plain.v1"


def test_an_unknown_clause_is_refused(make: Any) -> None:
    with pytest.raises(Refusal, match="clause"):
        state(make, restriction(make, "limit_search", "designation", clause="made.up"))


def test_without_a_name_the_group_stays_unnamed(make: Any) -> None:
    statement = state(make, restriction(make, "limit_search", "designation"), group_name=None)
    assert "linked with a group that was found" in statement.why


# Appeals


def appeal(make: Any, at: float = 0, **facts: Any) -> Appeal:
    return open_appeal(
        **{
            "appeal_id": "ap1",
            "restriction_id": "r1",
            "decided_first_by": "person:ana",
            "notice_at": make.now,
            "text": "I only reported on it.",
            "now": make.now + make.days(at),
            **facts,
        }
    )


@pytest.mark.parametrize(
    ("days", "opens"), [(-1, False), (0, True), (183, True), (184, True), (184.001, False)]
)
def test_open_for_184_days_from_notice(make: Any, days: float, *, opens: bool) -> None:
    if opens:
        assert appeal(make, days).open_until == make.now + make.days(184)
    else:
        with pytest.raises(Refusal) as refused:
            appeal(make, days)
        assert refused.value.rule == "appeal.open.v1"


@pytest.mark.parametrize(
    ("by", "outcome", "rule"),
    [
        ("person:lea", "it was a report", None),
        ("person:ana", "it was a report", "appeal.other_person.v1"),
        ("person:ANA", "it was a report", "appeal.other_person.v1"),
        ("model:x", "it was a report", "person.appeal.v1"),
        ("lea", "it was a report", "person.appeal.v1"),
        ("person:lea", "", "person.reason.v1"),
    ],
)
@pytest.mark.parametrize("overturn", [True, False])
def test_another_person_decides_with_reasons(
    make: Any, by: str, outcome: str, rule: str | None, *, overturn: bool
) -> None:
    decide = {"overturn": overturn, "by": by, "at": make.now, "outcome": outcome}
    if rule is None:
        decided = appeal(make).decide(**decide)
        assert decided.state == ("overturned" if overturn else "upheld")
        assert (decided.decided_by, decided.outcome) == (by, outcome)
    else:
        with pytest.raises(Refusal) as refused:
            appeal(make).decide(**decide)
        assert refused.value.rule == rule


def test_more_can_be_said_until_it_is_decided_once(make: Any) -> None:
    told = appeal(make).add("Here is my article.")
    assert told.further == ("Here is my article.",)
    decide = {"by": "person:lea", "at": make.now, "outcome": "it was a report"}
    decided = told.decide(overturn=True, **decide)
    for again in (
        lambda: decided.add("more"),
        lambda: decided.decide(overturn=False, **decide),
    ):
        with pytest.raises(Refusal) as refused:
            again()
        assert refused.value.rule == "appeal.step.v1"


# Strikes


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([], False),
        ([1, 2], False),
        ([1, 2, 3], True),
        ([1, 2, 365], False),  # the third has run out
        ([1, 2, 364], True),
        ([1, 2, -1], False),  # lies ahead
    ],
)
def test_repeated_violations(make: Any, ages: list[int], *, expected: bool) -> None:
    strikes = [
        Strike(
            id=f"s{number}",
            account_id="a1",
            policy=Policy.ABUSE,
            violation_id=f"v{number}",
            at=make.now - make.days(age),
            expires_at=make.now - make.days(age) + make.days(365),
        )
        for number, age in zip(itertools.count(), ages, strict=False)
    ]
    assert repeated(strikes, "a1", make.now) is expected
    assert not repeated(strikes, "a2", make.now)
