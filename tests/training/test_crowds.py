"""Crowds and years: bounds by literal cases, and lanes on scores that are right or mean nothing."""

import numpy as np
import pytest

from training.association import _share_shown
from training.evaluate_crowds import upper_bound
from training.years import many_years


@pytest.mark.parametrize(
    ("found", "of", "bound"),
    [(0, 59, 0.0495), (0, 299, 0.01), (1, 100, 0.0466), (13, 445, 0.0460), (5, 5, 1.0)],
)
def test_what_a_count_does_not_refute(found: int, of: int, bound: float) -> None:
    assert upper_bound(found, of) == pytest.approx(bound, abs=6e-5)


@pytest.mark.parametrize("accounts", [0, 1, 58, 59, 93, 445, 3000])
def test_the_share_that_is_shown_is_the_largest_that_the_bound_allows(accounts: int) -> None:
    share = _share_shown(accounts)
    count = round(share * accounts)
    assert share < 0.05
    if count:
        assert upper_bound(count, accounts) <= 0.05
    assert accounts == 0 or upper_bound(count + 1, accounts) > 0.05


def test_too_few_accounts_show_nothing() -> None:
    assert _share_shown(58) == 0.0


def test_lanes_open_on_scores_that_are_right_and_stay_shut_on_noise() -> None:
    rng = np.random.default_rng(2)
    member = np.arange(800) < 120
    right = many_years("g", member, np.where(member, 0.99, 0.01), np.random.default_rng(1))
    assert right["opened"] == 1.0
    assert right["precision"] == 1.0
    noise = many_years("g", member, rng.uniform(size=800), np.random.default_rng(1))
    assert noise["opened"] == 0.0
    assert noise["precision"] is None
