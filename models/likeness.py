"""How accounts stand to those that are known: the lines and walks that a group is measured by.

Known are the group's seeds and a background, in which there may be members that nobody knows yet.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.ridge import Floats, Ridge, fit_ridge
from models.walk import Walk, lay_walk

_PENALTY = 12.0
_PENALTY_NEARBY = 3.0
_NEARBY_COUNTS = 2.0
_OBJECTS_COUNT = 0.25
_PRESUMED = 0.5
"""How far on the way to the seeds an account of the background begins to count as one of them."""
_LEAST_WAY = 0.1
"""Of the 2 between what a line was to give for a seed and for anybody else."""


@dataclass(frozen=True)
class Blocks:
    """Accounts as rows that can be multiplied: meaning, words, objects and habits."""

    meaning: Floats
    words: Any
    objects: Any
    habits: Floats

    def alike(self, others: "Blocks") -> tuple[Floats, ...]:
        """Products with others, (n, others): one for each block, and one for all together."""
        meaning = self.meaning @ others.meaning.T
        words = np.asarray((self.words @ others.words.T).toarray(), dtype=np.float64)
        things = np.asarray((self.objects @ others.objects.T).toarray(), dtype=np.float64)
        habits = self.habits @ others.habits.T
        return meaning, words, things, habits, meaning + words + _OBJECTS_COUNT * things + habits

    def size(self) -> Floats:
        """Product of each row with itself, all blocks together, (n,)."""
        words, things = self.words.multiply(self.words), self.objects.multiply(self.objects)
        of_words, of_things = (np.asarray(each.sum(axis=1)).ravel() for each in (words, things))
        dense = (self.meaning**2).sum(axis=1) + (self.habits**2).sum(axis=1)
        return np.asarray(dense + of_words + _OBJECTS_COUNT * of_things, dtype=np.float64)


@dataclass(frozen=True)
class Known:
    """Seeds and background as they stand to each other: what accounts are measured by."""

    rows: Blocks
    size: Floats
    apart: float
    """Squared distance at which an account is hardly near any more: the usual one."""
    lines: tuple[Ridge, ...] = ()
    """One for each of meaning, words, objects, habits, and one by nearness in all of them."""
    walks: tuple[Walk, ...] = ()
    """By all together, by words, by meaning."""

    def alike(self, rows: Blocks) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """What the lines and what the walks go by, each (n, known)."""
        return self._views(rows.alike(self.rows), rows.size()[:, None])

    def _views(
        self, products: tuple[Floats, ...], size: Floats
    ) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        meaning, words, things, habits, whole = products
        nearby = _nearby(size + self.size - 2 * whole, self.apart)
        turned = whole / np.sqrt(np.maximum(size * self.size, 1e-9))
        return (meaning, words, things, habits, nearby), (turned, words, meaning)

    def presumed(self) -> NDArray[np.bool_]:
        """Who of the background stands nearer to the seeds than to anybody else, (background,);
        nobody, where that would be everybody."""
        line = self.lines[-1]
        seeds = self.walks[0].ends.shape[1]
        found = line.left_out()[seeds:] > 0
        return found if not found.all() else ~found

    @classmethod
    def fit(cls, rows: Blocks, seeds: int) -> "Known":
        """Lay lines and walks among accounts, the first `seeds` of them seeds."""
        size, products = rows.size(), rows.alike(rows)
        distance = size[:, None] + size - 2 * products[-1]
        fitted = cls(rows, size, max(float(np.median(distance)), 1e-6))
        by_line, by_walk = fitted._views(products, size[:, None])
        penalties = (*(_PENALTY,) * (len(by_line) - 1), _PENALTY_NEARBY)
        pairs = zip(by_line, penalties, strict=True)
        lines = [fit_ridge(each, seeds, penalty) for each, penalty in pairs]
        presumed = _presumed(lines[-1], seeds)
        return replace(
            fitted,
            lines=tuple(line.again(presumed) for line in lines),
            walks=tuple(lay_walk(each, seeds) for each in by_walk),
        )


def _nearby(distance: Floats, apart: float) -> Floats:
    return np.asarray(_NEARBY_COUNTS * np.exp(-np.maximum(distance, 0.0) / apart))


def _presumed(line: Ridge, seeds: int) -> Floats:
    """What the lines are fitted to give in the second round, (fitted,): 1 for a seed, and for each
    account of the background between -1 and 1, by how far the first round put it on the way from
    what is usual to the seeds. Each is measured as if it had been left out.

    Self-training on the unlabelled (Yarowsky 1995; Zhu and Goldberg 2009, chapter 2), once and
    softly, so that no error can grow; what all lines together say teaches each of them (Blum and
    Mitchell 1998, "Combining labeled and unlabeled data with co-training").
    """
    found = line.left_out()
    usual = float(np.median(found[seeds:]))
    way = float(found[:seeds].mean()) - usual
    if way < _LEAST_WAY:
        # Seeds that are not like each other say nothing about who is like them.
        return line.wanted
    gone = (found[seeds:] - usual) / way
    likely = np.clip((gone - _PRESUMED) / (1 - _PRESUMED), 0.0, 1.0)
    return np.concatenate([line.wanted[:seeds], 2 * likely - 1])
