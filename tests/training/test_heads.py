"""Heads on made-up vectors: what is carried on, and what a prototype's written posts decide."""

import numpy as np
import pytest

from training.heads import FOLDS, Floats, _carried_on, _trust_tried, _try

RNG = np.random.default_rng(7)
VECTORS = RNG.normal(size=(400, 8))
BEFORE = np.array([2.0, -1.0, 0.5, 0, 0, 0, 0, 0])


def _labels(head: Floats) -> Floats:
    return np.asarray(VECTORS @ head > 0, dtype=np.float64)


def test_what_nothing_speaks_against_stays_as_it_was() -> None:
    found, bias = _carried_on(BEFORE, 0.3, VECTORS, _labels(BEFORE), np.zeros(400))
    assert found == pytest.approx(BEFORE)
    assert bias == pytest.approx(0.3)


def test_rows_never_seen_before_teach_a_head_that_is_carried_on() -> None:
    turned = np.roll(BEFORE, 3)
    labels = _labels(turned)
    found, _ = _carried_on(BEFORE, 0.0, VECTORS, labels, np.full(400, 20.0))
    right = ((VECTORS @ found > 0) == labels).mean()
    assert ((VECTORS @ BEFORE > 0) == labels).mean() < 0.7
    assert right > 0.9
    # The more it has to differ the more it costs: fewer rows move it less.
    less, _ = _carried_on(BEFORE, 0.0, VECTORS, labels, np.full(400, 0.2))
    assert np.linalg.norm(less - BEFORE) < np.linalg.norm(found - BEFORE)


def test_every_fold_is_tried_by_models_that_never_saw_it() -> None:
    labels = RNG.integers(0, 2, 400).astype(float)
    folds = np.where(np.arange(400) < 300, np.arange(400) % FOLDS, -1)
    taught = (VECTORS, VECTORS, labels, np.ones(400), np.ones(400))
    both, truth = _try(taught, None, folds)
    assert both.shape == (300, 2)
    assert sorted(truth) == sorted(labels[:300])
    # Labels drawn by chance: who saw them would guess them better than this.
    assert abs(((both[:, 0] > 0) == truth).mean() - 0.5) < 0.1


def test_one_half_parts_breaches_from_what_looks_like_them() -> None:
    truth = np.repeat([1.0, 0.0], 200)
    both = np.column_stack([truth * 2 - 5, truth * 2 - 5]) + RNG.normal(size=(400, 2))
    meant, spelt, lean = _trust_tried(both, truth)
    said = both @ np.array([meant, spelt]) + lean > 0
    assert (both > 0).mean() < 0.1
    assert (said == truth).mean() > 0.85
