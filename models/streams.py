"""Where a likelihood was learnt, and what it means elsewhere.

A policy is annotated on posts that were gathered for it: three of four tweets found by swear words
are abusive, of a platform's posts very few. A calibrated likelihood holds for posts like those. One
that comes from elsewhere meets another base rate, so its odds are moved by what the rates differ
(Saerens et al. 2002), as far as it looks like coming from elsewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import EDGE, Floats, sigmoid


@dataclass(frozen=True)
class Stream:
    """The posts that one policy was annotated on in one language."""

    weights: NDArray[np.float32]
    """Of a vector; tells those posts from others, (dimensions,)."""
    bias: float
    inside: float
    """How many of those posts break the policy."""
    elsewhere: float
    """How many of others may, at most."""

    def belongs(self, vectors: NDArray[np.float32]) -> Floats:
        """How likely posts come from where the policy was annotated, (posts,)."""
        return sigmoid((vectors @ self.weights + self.bias).astype(np.float64))

    def __call__(self, likelihoods: Floats, vectors: NDArray[np.float32]) -> Floats:
        """Likelihoods with the base rate of where each post seems to come from, (posts,)."""
        odds = np.log(likelihoods / (1 - likelihoods))
        moved = sigmoid(odds + _logit(self.elsewhere) - _logit(self.inside))
        # What looks at least as much like home as like elsewhere is read as home's.
        share = np.minimum(2 * self.belongs(vectors), 1.0)
        found = share * likelihoods + (1 - share) * np.minimum(moved, likelihoods)
        return np.asarray(np.clip(found, EDGE, 1 - EDGE), dtype=np.float64)


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))
