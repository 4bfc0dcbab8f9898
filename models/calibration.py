"""Calibration: from a model's score to a likelihood that is right as often as it says.

Platt (1999) fits a line to the log-odds, beta calibration (Kull et al. 2017) two, isotonic
regression (Zadrozny and Elkan 2002) any rising steps; which one fits is chosen by folds of the
calibration part. All are kept as JSON.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from policy.words import Value

Floats = NDArray[np.float64]

# No finite sample justifies certainty: likelihoods stay off 0 and 1.
EDGE = 5e-4

Kind = Literal["platt", "beta", "isotonic"]


def sigmoid(scores: Floats) -> Floats:
    """Log-odds to probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -40.0, 40.0))), dtype=np.float64)


class Calibrator(Value):
    """A rising map from scores (log-odds) to likelihoods.

    platt: sigmoid(slope·s + offset). beta: the same with a slope for each side of s = 0 in log
    space. isotonic: straight lines between the points (xs, ys).
    """

    kind: Kind
    slope: float = Field(default=1.0, ge=0.0)
    slope_low: float = Field(default=0.0, ge=0.0)
    """beta only: the weight of -log(1 - p), where `slope` weighs log p."""
    offset: float = 0.0
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    rows: int = Field(default=0, ge=0)
    """Rows it was fitted on."""

    @model_validator(mode="after")
    def _rises(self) -> "Calibrator":
        if self.kind == "isotonic":
            if len(self.xs) != len(self.ys) or not self.xs:
                raise ValueError("xs and ys of an isotonic calibrator must be of one length, > 0")
            for name, values in (("xs", self.xs), ("ys", self.ys)):
                if any(after < before for before, after in itertools.pairwise(values)):
                    raise ValueError(f"{name} of an isotonic calibrator must rise")
        return self

    def __call__(self, scores: Floats) -> Floats:
        """Likelihoods of scores, shape kept, within (0, 1)."""
        given = np.asarray(scores, dtype=np.float64)
        if self.kind == "isotonic":
            found = np.interp(given, np.asarray(self.xs), np.asarray(self.ys))
        elif self.kind == "beta":
            found = sigmoid(
                self.slope * -np.logaddexp(0.0, -given)
                + self.slope_low * np.logaddexp(0.0, given)
                + self.offset
            )
        else:
            found = sigmoid(self.slope * given + self.offset)
        return np.asarray(np.clip(found, EDGE, 1.0 - EDGE), dtype=np.float64)


KINDS: tuple[Kind, ...] = ("platt", "beta", "isotonic")
SMOOTH: tuple[Kind, ...] = ("platt", "beta")
"""Without steps: no two different scores become one likelihood, so that order is kept."""


def fit_calibrator(
    scores: Floats,
    labels: Floats,
    *,
    weights: Floats | None = None,
    kinds: tuple[Kind, ...] = KINDS,
    folds: int = 5,
    seed: int = 0,
) -> Calibrator:
    """The calibrator with the least log loss on left-out folds, fitted on all rows.

    Args:
        weights: how much each row counts, such as one over its chance to be there; all alike
            where they are left out.

    Raises:
        ValueError: fewer than two rows of either label.
    """
    scores, labels = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    counts = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64)
    rarer = int(min(labels.sum(), (1 - labels).sum()))
    if rarer < 2:
        raise ValueError(f"calibration needs two rows of either label, there are {rarer}")
    fold = np.random.default_rng(seed).permutation(len(labels)) % min(folds, rarer)

    def loss(kind: Kind) -> float:
        total = 0.0
        for held in range(int(fold.max()) + 1):
            inside, outside = fold != held, fold == held
            if len(np.unique(labels[inside])) < 2:
                return float("inf")
            fitted = _fit(kind, scores[inside], labels[inside], counts[inside])
            found, truth = fitted(scores[outside]), labels[outside]
            each = truth * np.log(found) + (1 - truth) * np.log(1 - found)
            total -= float(np.sum(counts[outside] * each))
        return total

    # Steps need rows to stand on; with few, they only repeat the noise.
    usable = kinds if rarer >= 100 else kinds[:1]
    return _fit(min(usable, key=loss), scores, labels, counts)


def _fit(kind: Kind, scores: Floats, labels: Floats, counts: Floats) -> Calibrator:
    rows = len(labels)
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        model: Any = IsotonicRegression(y_min=EDGE, y_max=1 - EDGE, out_of_bounds="clip")
        model.fit(scores, labels, sample_weight=counts)
        # Between steps a line, so that close scores get close likelihoods.
        return Calibrator(
            kind="isotonic",
            xs=tuple(float(x) for x in model.X_thresholds_),
            ys=tuple(float(y) for y in model.y_thresholds_),
            rows=rows,
        )
    if kind == "beta":
        sides = np.column_stack([-np.logaddexp(0.0, -scores), np.logaddexp(0.0, scores)])
        slope, slope_low, offset = _logistic(sides, labels, counts)
        if slope >= 0 and slope_low >= 0:
            return Calibrator(
                kind="beta", slope=slope, slope_low=slope_low, offset=offset, rows=rows
            )
    slope, offset = _logistic(scores[:, None], labels, counts)
    return Calibrator(kind="platt", slope=max(slope, 0.0), offset=offset, rows=rows)


def _logistic(features: Floats, labels: Floats, counts: Floats) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=1e4, max_iter=1000)
    model.fit(features, labels, sample_weight=counts)
    return (*(float(weight) for weight in model.coef_[0]), float(model.intercept_[0]))


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability plot: what was said, what was so, and of how many."""

    low: float
    high: float
    said: float
    found: float
    rows: int


def reliability(
    probabilities: Sequence[float] | Floats, labels: Sequence[float] | Floats, bins: int = 10
) -> tuple[Bin, ...]:
    """Bins of equal width over [0, 1] that hold any row; the last one includes 1."""
    said = np.asarray(probabilities, dtype=np.float64)
    truth = np.asarray(labels, dtype=np.float64)
    place = np.minimum((said * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            low=at / bins,
            high=(at + 1) / bins,
            said=float(said[place == at].mean()),
            found=float(truth[place == at].mean()),
            rows=int((place == at).sum()),
        )
        for at in range(bins)
        if (place == at).any()
    )


def expected_calibration_error(
    probabilities: Sequence[float] | Floats, labels: Sequence[float] | Floats, bins: int = 10
) -> float:
    """Mean distance of what was said from what was so, weighted by rows (Naeini et al. 2015)."""
    found = reliability(probabilities, labels, bins)
    rows = sum(each.rows for each in found)
    return sum(each.rows * abs(each.said - each.found) for each in found) / rows if rows else 0.0


def brier(probabilities: Sequence[float] | Floats, labels: Sequence[float] | Floats) -> float:
    """Mean squared distance of likelihoods from what was so (Brier 1950)."""
    said = np.asarray(probabilities, dtype=np.float64)
    return float(np.mean((said - np.asarray(labels, dtype=np.float64)) ** 2))
