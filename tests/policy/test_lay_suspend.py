"""Suspensions: for the primary use, for violations, for proven technical coordination."""

from typing import Any

import pytest

from policy.scores import Share
from tests.policy.laying import K, do, refused, strike


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
