"""What always needs a person, and the protected list."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.people import Act, is_person, needs_person, require_person
from policy.protected import ProtectedAccount, ProtectedKind, check_second_look
from policy.words import Lane, Refusal

SURE = {"calibrated": True, "language_calibrated": True, "protected": False, "lane": Lane.ACT}


@pytest.mark.parametrize(
    ("act", "facts", "rule"),
    [
        ("designate", {}, "person.designation.v1"),
        ("suspend", {}, "person.suspension.v1"),
        ("remove", {}, "person.removal.v1"),
        ("decide_appeal", {}, "person.appeal.v1"),
        ("limit", {}, None),
        ("limit", {"calibrated": False}, "person.uncalibrated.v1"),
        ("limit", {"language_calibrated": False}, "person.language.v1"),
        ("limit", {"protected": True}, "person.protected.v1"),
        ("limit", {"lane": Lane.REVIEW}, "person.unsure.v1"),
        ("limit", {"lane": Lane.DISMISS}, "person.unsure.v1"),
        ("limit", {"protected": True, "calibrated": False}, "person.protected.v1"),
    ],
)
def test_needs_person(act: str, facts: Any, rule: str | None) -> None:
    assert needs_person(Act(act), **{**SURE, **facts}) == rule


@given(
    act=st.sampled_from(Act),
    calibrated=st.booleans(),
    language=st.booleans(),
    protected=st.booleans(),
    lane=st.sampled_from(Lane),
)
def test_a_machine_only_ever_limits_when_all_is_sure(
    *, act: Act, calibrated: bool, language: bool, protected: bool, lane: Lane
) -> None:
    rule = needs_person(
        act,
        calibrated=calibrated,
        language_calibrated=language,
        protected=protected,
        lane=lane,
    )
    sure = calibrated and language and not protected and lane is Lane.ACT
    assert (rule is None) is (act is Act.LIMIT and sure)


@pytest.mark.parametrize(
    ("by", "person"),
    [
        ("person:ana", True),
        ("person:", False),
        ("person:  ", False),
        ("model:x", False),
        ("ana", False),
        ("", False),
        ("Person:ana", False),
    ],
)
def test_is_person(by: str, *, person: bool) -> None:
    assert is_person(by) is person
    if person:
        require_person(by, "seen it myself")
    else:
        with pytest.raises(Refusal):
            require_person(by, "seen it myself")


@pytest.mark.parametrize(
    ("by", "second", "reason", "passes"),
    [
        ("person:ana", "person:lea", "both saw it", True),
        ("person:ana", None, "both saw it", False),
        ("person:ana", "person:ana", "both saw it", False),
        ("person:ana", "person:ANA", "both saw it", False),
        ("person:ana", "model:x", "both saw it", False),
        ("model:x", "person:lea", "both saw it", False),
        ("person:ana", "person:lea", "", False),
    ],
)
def test_a_second_look_is_another_persons(
    by: str, second: str | None, reason: str, *, passes: bool
) -> None:
    if passes:
        check_second_look(by, second, reason)
    else:
        with pytest.raises(Refusal) as refused:
            check_second_look(by, second, reason)
        assert refused.value.rule in ("person.protected.v1", "person.reason.v1")


@pytest.mark.parametrize(
    ("days", "ends", "stands"),
    [(-1, None, False), (0, None, True), (9, 10, True), (10, 10, False), (999, None, True)],
)
@pytest.mark.parametrize("kind", list(ProtectedKind))
def test_protected_for_a_time(
    make: Any, now: datetime, kind: ProtectedKind, days: int, ends: int | None, *, stands: bool
) -> None:
    entry = ProtectedAccount(
        account_id="a1",
        kind=kind,
        added_by="person:ana",
        added_at=now,
        reason="runs a help line",
        ends_at=None if ends is None else now + make.days(ends),
    )
    assert entry.stands(now + make.days(days)) is stands
