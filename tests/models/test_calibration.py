"""Calibrators rise, stay off certainty, and repair a model that is too sure of itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.calibration import (
    SMOOTH,
    Calibrator,
    Kind,
    brier,
    expected_calibration_error,
    fit_calibrator,
    reliability,
    sigmoid,
)

CALIBRATORS = [
    Calibrator(kind="platt", slope=0.5, offset=-1.0),
    Calibrator(kind="beta", slope=1.2, slope_low=0.4, offset=0.3),
    Calibrator(kind="isotonic", xs=(-2.0, 0.0, 3.0), ys=(0.1, 0.1, 0.9)),
]


@pytest.mark.parametrize("calibrator", CALIBRATORS)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30))
def test_rises_and_stays_off_certainty(calibrator: Calibrator, scores: list[float]) -> None:
    found = calibrator(np.sort(np.asarray(scores)))
    assert np.all(np.diff(found) >= -1e-12)
    assert np.all((found > 0) & (found < 1))


@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_survives_json(calibrator: Calibrator) -> None:
    assert Calibrator.model_validate_json(calibrator.model_dump_json()) == calibrator


@pytest.mark.parametrize(
    ("xs", "ys"),
    [((0.0,), (0.1, 0.2)), ((1.0, 0.0), (0.1, 0.2)), ((0.0, 1.0), (0.2, 0.1)), ((), ())],
)
def test_steps_that_do_not_rise_are_refused(xs: tuple[float, ...], ys: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="isotonic"):
        Calibrator(kind="isotonic", xs=xs, ys=ys)


def test_a_falling_slope_is_refused() -> None:
    with pytest.raises(ValidationError, match="slope"):
        Calibrator(kind="platt", slope=-1.0)


@pytest.mark.parametrize("kinds", [SMOOTH, ("isotonic",)])
def test_repairs_what_is_too_sure(kinds: tuple[Kind, ...]) -> None:
    rng = np.random.default_rng(3)
    true = rng.normal(0, 2, size=6000)
    labels = (rng.random(6000) < sigmoid(true)).astype(float)
    scores = 3 * true + 1
    made = fit_calibrator(scores[:3000], labels[:3000], kinds=kinds)
    before = expected_calibration_error(sigmoid(scores[3000:]), labels[3000:])
    after = expected_calibration_error(made(scores[3000:]), labels[3000:])
    assert before > 0.08
    assert after < 0.03


@pytest.mark.parametrize("kind", ["platt", "beta", "isotonic"])
def test_a_row_that_counts_thrice_is_three_rows(kind: Kind) -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(0, 2, size=600)
    labels = (rng.random(600) < sigmoid(scores)).astype(float)
    weights = rng.choice([1.0, 3.0], size=600)
    counted = fit_calibrator(scores, labels, weights=weights, kinds=(kind,))
    times = weights.astype(int)
    repeated = fit_calibrator(np.repeat(scores, times), np.repeat(labels, times), kinds=(kind,))
    at = np.linspace(-4, 4, 41, dtype=np.float64)
    assert counted(at) == pytest.approx(repeated(at), abs=1e-3)
    assert counted(at) != pytest.approx(fit_calibrator(scores, labels, kinds=(kind,))(at), abs=1e-3)


def test_one_kind_of_label_cannot_be_calibrated() -> None:
    with pytest.raises(ValueError, match="two rows of either label"):
        fit_calibrator(np.zeros(10), np.ones(10))


def test_figures_by_hand() -> None:
    said, so = [0.0, 0.25, 0.75, 1.0], [0, 1, 1, 1]
    bins = reliability(said, so, bins=2)
    assert [(each.rows, each.said, each.found) for each in bins] == [
        (2, 0.125, 0.5),
        (2, 0.875, 1.0),
    ]
    assert expected_calibration_error(said, so, bins=2) == pytest.approx(0.25)
    assert brier(said, so) == pytest.approx((0.75**2 + 0.25**2) / 4)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_every_row_is_in_one_bin(rows: list[tuple[float, bool]]) -> None:
    bins = reliability([said for said, _ in rows], [float(so) for _, so in rows])
    assert sum(each.rows for each in bins) == len(rows)
