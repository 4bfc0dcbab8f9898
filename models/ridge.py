"""What tells a group's seeds from the background: kernel ridge regression.

A line through few seeds and many others, each side with half of the weight (Saunders et al. 1998).
Accounts that it was fitted on are measured as if they had been left out, in closed form (Rifkin
and Lippert 2007, "Notes on regularized least squares"): a background holds members that nobody
knows yet, and whoever was fitted as no member must not be held to it; nor a seed praised for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

NOWHERE = -1
"""The place of a row that was not fitted on."""


@dataclass(frozen=True)
class Ridge:
    """A fitted line, known by its weights on the rows it was fitted on: seeds first."""

    alpha: Floats
    inverse: Floats
    wanted: Floats
    """What it was fitted to give, (fitted,)."""

    def left_out(self) -> Floats:
        """What each fitted row would score had it been left out, (fitted,)."""
        return np.asarray(self.wanted - self.alpha / np.diag(self.inverse), dtype=np.float64)

    def again(self, wanted: Floats) -> "Ridge":
        """The line through the same rows, fitted to give something else."""
        return Ridge(self.inverse @ wanted, self.inverse, wanted)

    def __call__(self, alike: Floats, places: Places) -> Floats:
        """Scores, about 1 for a seed and -1 for anybody else.

        alike: products of rows with the fitted rows, (n, fitted). places: which fitted row each
        of them is, or NOWHERE, (n,); what was fitted at its place counts for nothing.
        """
        scores = alike @ self.alpha + self.alpha.sum()
        here = np.flatnonzero(places != NOWHERE)
        if len(here):
            own = places[here]
            columns = self.inverse[:, own]
            moved = np.einsum("ij,ji->i", alike[here], columns) + columns.sum(axis=0)
            scores[here] -= self.alpha[own] / self.inverse[own, own] * moved
        return np.asarray(scores, dtype=np.float64)


def fit_ridge(alike: Floats, seeds: int, penalty: float) -> Ridge:
    """Fit the first `seeds` rows against all others; `alike`: products of rows, (n, n)."""
    count = len(alike)
    weight = np.full(count, count / 2 / max(count - seeds, 1))
    weight[:seeds] = count / 2 / max(seeds, 1)
    # The constant lets the line miss the origin.
    whole = alike + 1.0 + np.diag(penalty / weight)
    inverse = np.asarray(np.linalg.inv(whole), dtype=np.float64)
    wanted = np.where(np.arange(count) < seeds, 1.0, -1.0)
    return Ridge(inverse @ wanted, inverse, wanted)
