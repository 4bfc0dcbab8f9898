"""How surely a walk among accounts that are like each other comes to a seed.

A step goes from an account to one of its nearest few, the likelier the more they are alike, and
after each step the walk may end. Where seeds are many among those around, it ends at one often;
and it comes to whoever is like members that nobody knows yet, though like no seed (label
spreading: Zhou et al. 2004; random walk with restart: Tong et al. 2006).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.ridge import NOWHERE, Floats, Places

NEAREST = 15
GO_ON = 0.8
"""Chance of one more step: five steps on average."""
_LEAST = 1e-4
"""A chance that is as good as none; the logarithm needs one."""


@dataclass(frozen=True)
class Walk:
    """Where walks from known accounts end."""

    ends: Floats
    """Chance that a walk from each known account ends at each seed, (known, seeds)."""

    def __call__(self, alike: Floats, places: Places) -> Floats:
        """Logarithm of the chance that a walk from an account ends at a seed, (n,).

        alike: likeness to the known accounts, seeds first, (n, known). places: which of these each
        account is, or NOWHERE, (n,); nobody is a step from oneself, and no seed proves itself.
        """
        near = np.maximum(alike, 0.0)
        here = np.flatnonzero(places != NOWHERE)
        near[here, places[here]] = 0.0
        at, chance = _steps(near)
        ending = (chance * self.ends.sum(axis=1)[at]).sum(axis=1)
        seeds = here[places[here] < self.ends.shape[1]]
        own = self.ends[at[seeds], places[seeds][:, None]]
        ending[seeds] -= (chance[seeds] * own).sum(axis=1)
        return np.asarray(np.log(GO_ON * np.maximum(ending, 0.0) + _LEAST), dtype=np.float64)


def lay_walk(alike: Floats, seeds: int) -> Walk:
    """Walks among known accounts, the first `seeds` of them seeds; alike: (known, known)."""
    near = np.maximum(alike, 0.0)
    np.fill_diagonal(near, 0.0)
    at, chance = _steps(near)
    kept = np.zeros_like(near)
    np.put_along_axis(kept, at, np.take_along_axis(near, at, axis=1) * (chance > 0), axis=1)
    # Whoever counts me among their nearest is one step from me too.
    kept = np.maximum(kept, kept.T)
    step = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-9)
    first = np.eye(len(near))[:, :seeds]
    ends = (1 - GO_ON) * np.linalg.solve(np.eye(len(near)) - GO_ON * step, first)
    return Walk(np.asarray(ends, dtype=np.float64))


def _steps(near: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The nearest few of each row and the chance of a step to each of them, both (n, few)."""
    few = min(NEAREST, near.shape[1])
    at = np.argpartition(-near, few - 1, axis=1)[:, :few]
    weight = np.take_along_axis(near, at, axis=1)
    return at, np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9))
