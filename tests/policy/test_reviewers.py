"""Who may answer which case, who reviews at all, and which roles may do what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.cases import CaseKind
from policy.gold import GoldItem
from policy.reviewers import Reviewer, barred, waits
from policy.roles import RIGHTS, Right, Role, read_roles, require_right, rights_of
from policy.words import Refusal
from tests.policy.test_opinions import case, tie

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def reviewer(email: str = "ana@desk.example", **changes: Any) -> Reviewer:
    known = {"id": email, "roles": (Role.REVIEWER,), "invited_by": "person:lea", "invited_at": NOW}
    return Reviewer(**(known | changes))


A = CaseKind.ASSOCIATION


@pytest.mark.parametrize(
    ("who", "asked", "rule"),
    [
        ({}, {}, None),
        ({"languages": ("en",)}, {"lang": "tr"}, "review.language.v1"),
        ({"languages": ("en", "TR")}, {"lang": "tr"}, None),
        ({"languages": ("*",)}, {"lang": "tr"}, None),
        ({"languages": ("en",)}, {"lang": "und"}, None),
        ({"places": ("nl",)}, {"places": ("tr",)}, "review.place.v1"),
        ({"places": ("nl", "tr")}, {"places": ("tr", "de")}, None),
        ({"places": ("nl",)}, {"places": ()}, None),
        ({"places": ("*",)}, {"places": ("tr",)}, None),
        ({"places": ("hollin vale",)}, {"places": ("School office,  Hollin Vale",)}, None),
        ({"places": ("hollin",)}, {"places": ("School office, Hollin Vale",)}, "review.place.v1"),
        ({"places": ("lyon, france",)}, {"places": ("Nice, France",)}, "review.place.v1"),
        ({}, {"not_by": ("Person:Ana@desk.example",)}, "review.other_person.v1"),
        ({}, {"kind": CaseKind.APPEAL, "not_by": ("person:ana@desk.example",)}, "appeal"),
        ({}, {"round": 3}, "review.role.v1"),
        ({"roles": (Role.LEAD,)}, {"round": 3}, None),
        ({}, {"kind": CaseKind.DESIGNATION}, "review.role.v1"),
        ({"roles": (Role.POLICY,)}, {"kind": CaseKind.DESIGNATION}, None),
        ({"roles": (Role.POLICY,)}, {}, "review.role.v1"),
        ({"roles": (Role.READ_ONLY,)}, {}, "review.role.v1"),
        ({"roles": tuple(Role)}, {"kind": CaseKind.LEGAL}, "review.role.v1"),
        ({"left_at": NOW}, {}, "review.roster.v1"),
    ],
)
def test_who_may_answer(who: dict[str, Any], asked: dict[str, Any], rule: str | None) -> None:
    found = barred(reviewer(**who), case(asked.pop("kind", A), **asked))
    assert (found and found.rule) == ("appeal.other_person.v1" if rule == "appeal" else rule)


def test_a_case_waits_and_says_what_for() -> None:
    english = reviewer(languages=("en",), places=("nl",))
    turkish = reviewer("ben@desk.example", languages=("tr",), places=("nl",))
    asked = case(A, lang="tr", places=("tr",))
    found = waits([english, turkish], asked)
    assert found is not None
    # Ben comes closest: only the place is missing.
    assert (found.rule, found.reason) == (
        "review.place.v1",
        "waits for a reviewer who knows tr",
    )
    assert waits([english, turkish], case(A, lang="tr")) is None


def test_a_case_with_one_reviewer_waits_for_a_second() -> None:
    alone = reviewer(roles=(Role.REVIEWER, Role.LEAD))
    again = case(A, round=2, not_by=(alone.person,))
    found = waits([alone], again)
    assert found is not None
    assert found.reason == "waits for a second reviewer"
    assert waits([alone, reviewer("ben@desk.example")], again) is None
    third = case(A, round=3, not_by=(alone.person, "person:ben@desk.example"))
    found = waits([alone, reviewer("ben@desk.example"), reviewer("eve@desk.example")], third)
    assert found is not None
    assert "third" in found.reason


def test_an_empty_roster_bars_nobody() -> None:
    assert waits([], case(A, lang="tr", round=3)) is None
    assert waits([reviewer(left_at=NOW)], case(A)) is None


@given(
    languages=st.sets(st.sampled_from(["en", "tr", "*"]), min_size=1),
    lang=st.sampled_from(["en", "tr", "und"]),
    roles=st.sets(st.sampled_from(list(Role)), min_size=1),
    kind=st.sampled_from([A, CaseKind.DESIGNATION, CaseKind.APPEAL]),
    round_=st.integers(1, 3),
)
def test_somebody_is_let_in_exactly_when_everything_fits(
    languages: set[str], lang: str, roles: set[Role], kind: CaseKind, round_: int
) -> None:
    who = reviewer(languages=tuple(languages), roles=tuple(roles))
    reads = lang == "und" or "*" in languages or lang in languages
    if round_ == 3:
        fits = Role.LEAD in roles
    elif kind is CaseKind.DESIGNATION:
        fits = bool(roles & {Role.POLICY, Role.LEAD})
    else:
        fits = bool(roles & {Role.REVIEWER, Role.LEAD})
    asked = case(kind, round=round_, lang=lang)
    assert (barred(who, asked) is None) == (reads and fits)
    assert (waits([who], asked) is None) == (reads and fits)


@pytest.mark.parametrize(
    "wrong", [{"id": "ana"}, {"id": "a na@x.example"}, {"roles": ()}, {"languages": (" ",)}]
)
def test_a_reviewer_has_an_email_a_role_and_a_language(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        reviewer(**({"email": wrong.pop("id")} if "id" in wrong else {}), **wrong)


def test_the_email_is_one_whatever_its_case() -> None:
    assert reviewer("Ana@Desk.Example").person == "person:ana@desk.example"


def test_who_left_does_not_leave_again() -> None:
    gone = reviewer().leave(at=NOW + timedelta(days=1))
    assert not gone.active
    with pytest.raises(Refusal, match="left on 2026-03-02"):
        gone.leave(at=NOW)


def test_roles_add_up_and_unknown_ones_give_nothing() -> None:
    assert rights_of(["platform"]) == {Right.SCORE, Right.LOOK_UP, Right.APPEAL}
    assert rights_of(["platform", "read_only"]) == rights_of(["platform"]) | rights_of(
        ["read_only"]
    )
    assert rights_of(["wizard"]) == frozenset()
    assert rights_of(["admin"]) == frozenset(Right)
    assert all(Right.MANAGE not in RIGHTS[role] for role in Role if role is not Role.ADMIN)
    with pytest.raises(Refusal, match="policy, admin"):
        require_right(["reviewer", "lead"], Right.DESIGNATE)


@pytest.mark.parametrize(
    ("names", "says"), [(["wizard"], "wizard"), ([], "none"), ([" "], "there")]
)
def test_a_wrong_role_is_named(names: list[str], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        read_roles(names)


def test_roles_are_read_in_their_order_and_once() -> None:
    assert read_roles(["lead", "read-only", "lead"]) == (Role.LEAD, Role.READ_ONLY)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "still open"),
        ({"ended_at": NOW, "gold": "gold_1"}, "no case to make gold of"),
        ({"ended_at": NOW, "kind": CaseKind.SUSPENSION}, "never gold"),
        ({"ended_at": NOW, "kind": CaseKind.COORDINATION}, "asks about coordination"),
    ],
)
def test_what_is_no_gold(changes: dict[str, Any], says: str) -> None:
    kind = changes.pop("kind", A)
    with pytest.raises(Refusal, match=says):
        GoldItem.of(
            case(kind, **changes), tie("cannot_tell"), item_id="g", made_by="person:lea", at=NOW
        )
