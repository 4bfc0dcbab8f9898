"""Estimates from blind answers: unbiased under unequal chances, honest about few answers."""

import random

import pytest

from models.estimates import PREVALENCES, Blind, drift, performance, precision_at
from policy.words import Lane


def test_unequal_chances_do_not_tilt_the_precision() -> None:
    # 900 sure acts, all right, drawn at 1 in 10; 100 unsure, half right, drawn each time.
    rng = random.Random(3)
    answers = [Blind(Lane.ACT, True, 0.1) for _ in range(900) if rng.random() < 0.1]
    answers += [Blind(Lane.ACT, at % 2 == 0, 1.0) for at in range(100)]
    found = performance(answers).precision
    assert found.share == pytest.approx(0.95, abs=0.012)
    assert found.low < 0.95 < found.high
    plain = sum(each.truth for each in answers) / len(answers)
    assert plain < 0.8


def test_coverage_of_the_interval() -> None:
    rng = random.Random(7)
    hits = 0
    for _ in range(300):
        truth = [rng.random() < 0.9 for _ in range(600)]
        chances = [0.2 if at % 3 else 0.6 for at in range(600)]
        drawn = [
            Blind(Lane.ACT, so, chance)
            for so, chance in zip(truth, chances, strict=True)
            if rng.random() < chance
        ]
        found = performance(drawn).precision
        hits += found.low <= sum(truth) / len(truth) <= found.high
    assert hits >= 276


def test_recall_counts_what_was_dismissed_and_what_people_found() -> None:
    acts = [Blind(Lane.ACT, True, 0.5)] * 20
    dismissed = [Blind(Lane.DISMISS, at < 2, 0.1) for at in range(50)]
    found = performance([*acts, *dismissed], found_by_people=40)
    # 40 acted on, 40 found by people, 20 lost.
    assert found.recall.share == pytest.approx(0.8)
    assert found.dismissed_wrongly.share == pytest.approx(0.04)


def test_nothing_known_is_said() -> None:
    found = performance([])
    assert found.precision.share is None
    assert (found.precision.low, found.precision.high) == (0.0, 1.0)
    assert drift(found.precision, found.recall) is None


def test_drift_needs_intervals_apart() -> None:
    good = performance([Blind(Lane.ACT, at % 20 > 0, 1.0) for at in range(400)]).precision
    bad = performance([Blind(Lane.ACT, at % 2 > 0, 1.0) for at in range(400)]).precision
    few = performance([Blind(Lane.ACT, True, 1.0)] * 3).precision
    assert drift(good, bad) is True
    assert drift(good, few) is False


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.1])
def test_a_chance_is_a_chance(chance: float) -> None:
    with pytest.raises(ValueError, match="chance"):
        Blind(Lane.ACT, True, chance)


def test_precision_falls_with_prevalence() -> None:
    found = [precision_at(each, 0.5, 0.001) for each in PREVALENCES]
    assert found == [pytest.approx(0.8347, abs=1e-4), pytest.approx(0.3336, abs=1e-4),
                     pytest.approx(0.0476, abs=1e-4)]  # fmt: skip
    assert precision_at(0.01, 0.5, 0.0) == 1.0
    assert precision_at(0.01, 0.0, 0.0) is None
