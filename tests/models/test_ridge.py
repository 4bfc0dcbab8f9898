"""The line between seeds and background: what was fitted counts for nothing at its own place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ridge import NOWHERE, Floats, fit_ridge

PENALTY = 3.0


def _rows(seed: int, count: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, 4))


def _by_hand(rows: Floats, seeds: int, wanted: Floats) -> Floats:
    count = len(rows)
    weight = np.full(count, count / 2 / (count - seeds))
    weight[:seeds] = count / 2 / seeds
    found = []
    for at in range(count):
        rest = np.arange(count) != at
        gram = rows[rest] @ rows[rest].T + 1.0 + np.diag(PENALTY / weight[rest])
        alpha = np.linalg.solve(gram, wanted[rest])
        found.append(float((rows[at] @ rows[rest].T + 1.0) @ alpha))
    return np.asarray(found)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), seeds=st.integers(2, 5), others=st.integers(2, 12))
def test_left_out_in_closed_form_is_left_out_by_hand(seed: int, seeds: int, others: int) -> None:
    rows = _rows(seed, seeds + others)
    count = len(rows)
    wanted = np.where(np.arange(count) < seeds, 1.0, -1.0)
    line = fit_ridge(rows @ rows.T, seeds, PENALTY)
    by_hand = _by_hand(rows, seeds, wanted)
    assert line(rows @ rows.T, np.arange(count)) == pytest.approx(by_hand, abs=1e-8)
    assert line.left_out() == pytest.approx(by_hand, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_fitted_again_is_fitted_anew(seed: int) -> None:
    rows = _rows(seed, 9)
    wanted = np.random.default_rng(seed + 1).uniform(-1, 1, size=9)
    line = fit_ridge(rows @ rows.T, 3, PENALTY).again(wanted)
    assert line.left_out() == pytest.approx(_by_hand(rows, 3, wanted), abs=1e-8)
    places = np.arange(9)
    assert line(rows @ rows.T, places) == pytest.approx(line.left_out(), abs=1e-8)


def test_strangers_are_measured_as_they_are() -> None:
    rows = np.vstack([_rows(1, 4) + 4.0, _rows(2, 20)])
    line = fit_ridge(rows @ rows.T, 4, PENALTY)
    asked = np.vstack([_rows(3, 3) + 4.0, _rows(4, 3)])
    found = line(asked @ rows.T, np.full(6, NOWHERE))
    assert found[:3].min() > found[3:].max()


def test_a_member_in_the_background_is_not_held_to_it() -> None:
    rows = np.vstack([_rows(1, 4) + 4.0, _rows(2, 20), _rows(5, 1) + 4.0])
    line = fit_ridge(rows @ rows.T, 4, 0.01)
    alike = rows[-1:] @ rows.T
    as_fitted = line(alike, np.asarray([NOWHERE]))[0]
    left_out = line(alike, np.asarray([len(rows) - 1]))[0]
    assert left_out > as_fitted
    assert left_out > 0
