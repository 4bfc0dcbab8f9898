"""A likelihood keeps its word where it was learnt, and is tempered elsewhere."""

import numpy as np
import pytest

from models.streams import Stream

SWEARING = Stream(
    weights=np.asarray([20.0, -20.0], dtype=np.float32), bias=0.0, inside=0.75, elsewhere=0.1
)
HOME = np.asarray([[1.0, 0.0]], dtype=np.float32)
AWAY = np.asarray([[0.0, 1.0]], dtype=np.float32)


@pytest.mark.parametrize("said", [0.02, 0.5, 0.75, 0.97])
def test_at_home_nothing_moves(said: float) -> None:
    assert SWEARING(np.asarray([said]), HOME)[0] == pytest.approx(said, abs=1e-6)


@pytest.mark.parametrize(
    ("said", "meant"),
    # The base rate at home says nothing more elsewhere than the base rate there.
    [(0.75, 0.1), (0.9, 0.25), (0.027, 0.001), (0.999, 0.9737)],
)
def test_elsewhere_the_odds_move_by_the_base_rates(said: float, meant: float) -> None:
    assert SWEARING(np.asarray([said]), AWAY)[0] == pytest.approx(meant, abs=2e-3)


def test_order_is_kept_and_nothing_rises() -> None:
    said = np.linspace(0.01, 0.99, 50).astype(np.float64)
    for vectors in (HOME, AWAY, (HOME + AWAY) / np.sqrt(2)):
        found = SWEARING(said, np.repeat(vectors, 50, axis=0))
        assert (np.diff(found) > 0).all()
        assert (found <= said + 1e-9).all()
