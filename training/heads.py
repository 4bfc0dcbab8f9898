"""Fitting and calibrating the heads of the harm model, one linear model for each policy."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import SMOOTH, Calibrator, fit_calibrator
from models.encoder import Encoder
from models.harm import ANY_LANGUAGE, DENSE_SCALE, Head
from models.lexical import Lexicon
from models.routing import Opened, Thresholds, act_threshold, dismiss_threshold
from policy.harms import harms_of
from policy.words import Harm, Policy
from training import written

if TYPE_CHECKING:
    import pandas as pd

ROWS_TO_CALIBRATE = 100
"""Of either label, from sources whose labels are not weak; with fewer nothing is calibrated."""

ACT_PRECISION = 0.9
MISS_RATE = 0.1
CONFIDENCE = 0.95
SCREENED = 0.005
SCREENED_PHYSICAL = 0.02
"""The share of ordinary posts that one uncalibrated policy may send to people; more of them
where a miss may cost a life or a child's safety."""

_WRITTEN_WEIGHT = 2.0
_DESCRIPTION_WEIGHT = 20.0
_PENALTY = 3.0
_SILENT = -6.0
_FEWEST_ELSEWHERE = 20
_RARE = 0.1
_ORDINARY_EVERY = 4
_ORDINARY_WEIGHT = 0.5
_DATE_WEIGHT = 0.1
"""Enough to tell what is off the topic, too little to blur what is on it (measured: at 1 the AUC
on the topic falls from .97 to .89)."""
_NOT_ORDINARY = frozenset({"stormfront_degibert2018", "ira_commercial_weak"})
_AGAINST_UNLABELLED = frozenset({*written.PROTOTYPES, Policy.EXTREMISM, Policy.SPAM})

Floats = NDArray[np.float64]


def fit_head(
    frame: "pd.DataFrame",
    encoder: Encoder,
    lexicon: Lexicon,
    report: Callable[[int, int], None],
) -> Head:
    """A head over all policies, not calibrated. `report` is told (policies done, of)."""
    texts = frame["plain"].tolist()
    features = _join(encoder.encode(texts), lexicon.features(texts))
    width = encoder.dimensions
    found = []
    for policy in Policy:
        found.append(_fit(policy, frame, features, width))
        report(len(found), len(Policy))
    weights = np.asarray(found, dtype=np.float32)
    return Head(
        policies=tuple(Policy),
        dense=weights[:, :width],
        lexical=weights[:, width:-1],
        bias=weights[:, -1],
    )


def _join(vectors: NDArray[np.float32], grams: Any) -> Any:
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix(DENSE_SCALE * vectors), grams], format="csr").astype(np.float64)


def _fit(policy: Policy, frame: "pd.DataFrame", features: Any, dimensions: int) -> Floats:
    """Weights of one policy: those of the vector, those of the n-grams, the bias.

    A prototype has a handful of descriptions, extremism one kind of it against one topic, spam
    text messages alone: without more, everything unlike them looks the same. There, posts that
    were never annotated count as ordinary at a lower weight, since the breach is rare among them
    (learning from positive and unlabelled rows, Elkan and Noto 2008). Calibration and measuring
    stay with what was annotated.
    """
    from sklearn.linear_model import LogisticRegression

    labels = frame[policy.value].to_numpy(dtype=float, copy=True)
    own = (frame["source"] == written.SOURCE).to_numpy()
    weight = np.where(own, _WRITTEN_WEIGHT, 1.0)
    found = np.zeros(features.shape[1] + 1)
    if policy in _AGAINST_UNLABELLED:
        unlabelled = np.isnan(labels) & ~frame["source"].isin(_NOT_ORDINARY).to_numpy()
        chosen = np.flatnonzero(unlabelled & ~own)[::_ORDINARY_EVERY]
        labels[chosen] = 0.0
        weight[chosen] = _ORDINARY_WEIGHT
    weight[frame["by_date"].to_numpy(dtype=bool) & (policy is Policy.COVID_MISINFO)] = _DATE_WEIGHT
    if policy in written.PROTOTYPES:
        # Words of a few descriptions would decide by chance; only their meaning may.
        features = features[:, :dimensions]
        weight = np.where(frame["described"].to_numpy(dtype=bool), _DESCRIPTION_WEIGHT, 1.0)
    known = ~np.isnan(labels)
    if len(np.unique(labels[known])) < 2:
        # Nothing shows the policy: the head stays silent, and nothing of it is calibrated.
        found[-1] = _SILENT
        return found
    model: Any = LogisticRegression(C=_PENALTY, max_iter=300, tol=1e-3)
    model.fit(features[known], labels[known], sample_weight=weight[known])
    found[: features.shape[1]] = model.coef_[0]
    found[-1] = model.intercept_[0]
    return found


def calibrate(raw: Head, held: "pd.DataFrame", encoder: Encoder, lexicon: Lexicon) -> Head:
    """The head with calibrators, thresholds and screening levels from rows it was not fitted on."""
    texts = held["plain"].tolist()
    log_odds = raw.log_odds(encoder.encode(texts), lexicon.features(texts))
    calibrators: dict[tuple[Policy, str], Calibrator] = {}
    thresholds: dict[tuple[Policy, str], Thresholds] = {}
    screening: dict[Policy, float] = {}
    langs = held["lang"].to_numpy()
    strong = ~held["weak"].to_numpy(dtype=bool)
    for column, policy in enumerate(Policy):
        truth = held[policy.value].to_numpy(dtype=float)
        scores = log_odds[:, column]
        known = ~np.isnan(truth)
        for lang in sorted(set(langs)):
            here = known & strong & (langs == lang)
            if min(truth[here].sum(), (1 - truth[here]).sum()) < ROWS_TO_CALIBRATE:
                continue
            made = fit_calibrator(scores[here], truth[here])
            calibrators[policy, lang] = made
            thresholds[policy, lang] = _thresholds(made(scores[here]), truth[here])
        trusted = any(of is policy for of, _ in calibrators)
        rest = _elsewhere(scores[known], truth[known], rare=not trusted)
        calibrators[policy, ANY_LANGUAGE] = rest
        ordinary = rest(scores[np.isnan(truth) | (truth == 0)])
        share = SCREENED_PHYSICAL if Harm.PHYSICAL in harms_of(policy) else SCREENED
        screening[policy] = float(np.quantile(ordinary, 1 - share))
    return replace(raw, calibrators=calibrators, thresholds=thresholds, screening=screening)


def _elsewhere(scores: Floats, truth: Floats, *, rare: bool) -> Calibrator:
    """Where a language has no calibrator: all known rows together, or the score as it is.

    `rare`: the policy is calibrated nowhere. How often its rows break it is then how they were
    gathered (all posts of some accounts), so it is moved to what a stream could hold at most.
    """
    if not len(truth) or min(truth.sum(), (1 - truth).sum()) < _FEWEST_ELSEWHERE:
        return Calibrator(kind="platt")
    if not rare:
        return fit_calibrator(scores, truth)
    made = fit_calibrator(scores, truth, kinds=SMOOTH)
    base = float(truth.mean())
    moved = min(np.log(_RARE / (1 - _RARE)) - np.log(base / (1 - base)), 0.0)
    return made.model_copy(update={"offset": made.offset + float(moved)})


def _thresholds(said: Floats, so: Floats) -> Thresholds:
    pairs = [(float(each), bool(label)) for each, label in zip(said, so, strict=True)]
    act = act_threshold(pairs, precision=ACT_PRECISION, confidence=CONFIDENCE)
    dismiss = dismiss_threshold(pairs, miss_rate=MISS_RATE, confidence=CONFIDENCE)
    high = act.threshold if isinstance(act, Opened) else None
    if high is not None and dismiss is not None:
        dismiss = min(dismiss, high)
    return Thresholds(act=high, dismiss=dismiss)
