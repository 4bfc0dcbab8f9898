"""Walks among accounts: their ends are chances, nobody counts for himself, and members lead on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ridge import NOWHERE, Floats
from models.walk import GO_ON, NEAREST, Walk, lay_walk


def _alike(seed: int, count: int) -> Floats:
    rows = np.random.default_rng(seed).normal(size=(count, 5))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows @ rows.T)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), seeds=st.integers(1, 4), others=st.integers(2, 40))
def test_ends_are_where_steps_lead(seed: int, seeds: int, others: int) -> None:
    count = seeds + others
    walk = lay_walk(_alike(seed, count), seeds)
    assert (walk.ends >= -1e-12).all()
    assert (walk.ends.sum(axis=1) <= 1 + 1e-9).all()
    # A seed's own walk ends there at once with the chance that it does not go on.
    assert (np.diag(walk.ends[:seeds]) >= 1 - GO_ON - 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_seed_does_not_prove_itself(seed: int) -> None:
    alike = _alike(seed, 12)
    walk = lay_walk(alike, 1)
    # Without the only seed there is no seed to come to.
    assert walk(alike[:1], np.asarray([0]))[0] == pytest.approx(np.log(1e-4))


def test_nobody_is_a_step_from_himself() -> None:
    alike = _alike(7, 30)
    walk = lay_walk(alike, 3)
    strange = alike.copy()
    np.fill_diagonal(strange, 9.0)
    places = np.arange(30)
    assert walk(strange, places) == pytest.approx(walk(alike, places))
    assert walk(strange, np.full(30, NOWHERE)) != pytest.approx(walk(alike, places))


def test_one_step_by_hand() -> None:
    # Two known accounts: walks from the seed end there with chance .6, from the other with .3.
    walk = Walk(np.asarray([[0.6], [0.3]]))
    alike = np.asarray([[0.5, 0.5], [-1.0, 0.2], [0.0, 0.0]])
    found = np.exp(walk(alike, np.full(3, NOWHERE))) - 1e-4
    assert found == pytest.approx([GO_ON * 0.45, GO_ON * 0.3, 0.0])


def test_who_is_like_members_that_nobody_knows_is_reached() -> None:
    """A chain: the seeds, hidden members like them, an account like these but like no seed."""
    many = NEAREST + 5
    rows = np.zeros((3 + many + many, 4))
    rows[:3, 0] = 1.0
    rows[3 : 3 + many, :2] = np.sqrt(0.5)
    rows[3 + many :, 3] = 1.0
    walk = lay_walk(rows @ rows.T, 3)
    asked = np.asarray([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]) @ rows.T
    like_hidden, like_others = walk(asked, np.full(2, NOWHERE))
    assert like_hidden > like_others + 1.0
