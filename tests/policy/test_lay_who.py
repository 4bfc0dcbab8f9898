"""Laying restrictions: by whom, how sure, on whose account, and on what evidence."""

from typing import Any

import pytest

from policy.lay import Opinion
from policy.words import Lane
from tests.policy.laying import MAIN, SURE, K, do, ground, refused


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
