"""Tuning on rows written here: it learns, and a run that was broken off ends as if it had not."""

from pathlib import Path

import numpy as np
import pytest

from training.tuning import Lessons, Recipe, tune

RECIPE = Recipe(epochs=2, batch=8, save_every=3, tokens=16, rate=1e-3, head_rate=1e-2)


class _PowerCutError(Exception):
    pass


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    nice = [f"the garden has {at} roses and the sun shines" for at in range(24)]
    rude = [f"send {at} coins to my purse and win the prize" for at in range(24)]
    targets = np.full((48, 2), np.nan, dtype=np.float32)
    targets[:24, 0], targets[24:, 0] = 0.0, 1.0
    rng = np.random.default_rng(1)
    frozen = rng.normal(size=(48, 384)).astype(np.float32)
    return Lessons([*nice, *rude], targets, np.ones_like(targets), frozen)


def test_it_learns_and_goes_on_where_it_was_broken_off(lessons: Lessons, tmp_path: Path) -> None:
    stages: list[tuple[str, int, int]] = []
    whole = tune(lessons, tmp_path / "whole", RECIPE, lambda *told: stages.append(told))
    assert ("tune the upper layers", 12, 12) in stages
    assert np.abs(whole.heads[1]).max() < np.abs(whole.heads[0]).max()

    def cut(stage: str, done: int, _of: int) -> None:
        if stage == "tune the upper layers" and done == 8:
            raise _PowerCutError

    with pytest.raises(_PowerCutError):
        tune(lessons, tmp_path / "cut", RECIPE, cut)
    resumed: list[int] = []
    again = tune(
        lessons,
        tmp_path / "cut",
        RECIPE,
        lambda stage, done, _of: resumed.append(done) if stage.startswith("tune") else None,
    )
    # The last checkpoint before the cut was after six batches.
    assert resumed[0] == 7
    assert again.bias == pytest.approx(whole.bias, abs=1e-6)
    for name, weights in whole.upper.items():
        np.testing.assert_allclose(again.upper[name], weights, atol=1e-5)


def test_other_lessons_begin_anew(lessons: Lessons, tmp_path: Path) -> None:
    short = Recipe(epochs=1, batch=48, save_every=1, tokens=16)
    tune(lessons, tmp_path, short, lambda *_: None)
    steps: list[int] = []
    other = Lessons(lessons.texts[::-1], lessons.targets, lessons.weights, lessons.frozen)
    tune(other, tmp_path, short, lambda stage, done, _of: steps.append(done))
    assert steps[-1] == 1
