"""Fitting, joining and calibrating the heads of the harm model.

For each policy two linear models: one of the post's vector, one of its words and letters. How far
either is trusted is learnt on rows that neither was fitted on, so that a tuned encoder, which
knows its own rows by heart, does not shout down the words. Both together are one linear head.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import SMOOTH, Calibrator, fit_calibrator
from models.encoder import Encoder
from models.harm import ANY_LANGUAGE, DENSE_SCALE, Head
from models.lexical import BUCKETS, Lexicon
from models.routing import Opened, Thresholds, act_threshold, dismiss_threshold
from models.streams import Stream
from policy.harms import harms_of
from policy.words import Harm, Policy
from training import written
from training.lessons import lessons_of
from training.tuning import Tuned

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

FAMILIES = 64
"""Centres that stand for all calibration rows when a post is asked how new it is."""
NOVEL = 0.005
"""The share of calibration rows that would count as new."""

_EVEN = 0.5
_PENALTY = 3.0
_SILENT = -6.0
_FEWEST_ELSEWHERE = 20
_RARE = 0.1
_EVENLY = (0.6, 0.6)
"""How both models are joined where there are no rows to learn it from."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Both models of each policy, apart: weights and biases, a row for each policy."""

    dense: Floats
    dense_bias: Floats
    lexical: NDArray[np.float32]
    lexical_bias: Floats

    def log_odds(self, vectors: NDArray[np.float32], grams: Any) -> tuple[Floats, Floats]:
        """What either says, (texts, policies) each."""
        return (
            np.asarray(DENSE_SCALE * vectors @ self.dense.T + self.dense_bias, dtype=np.float64),
            np.asarray(grams @ self.lexical.T + self.lexical_bias, dtype=np.float64),
        )


def fit_parts(
    frame: "pd.DataFrame",
    encoder: Encoder,
    lexicon: Lexicon,
    report: Callable[[int, int], None],
    tuned: Tuned | None = None,
) -> Parts:
    """Both models over all policies. With `tuned` the vectors' model is the one that the encoder
    was tuned with, except for prototypes. `report` is told (policies done, of)."""
    texts = frame["plain"].tolist()
    grams = lexicon.features(texts).astype(np.float64)
    width = encoder.dimensions
    dense, lexical = np.zeros((len(Policy), width)), np.zeros((len(Policy), BUCKETS), np.float32)
    dense_bias, lexical_bias = np.zeros(len(Policy)), np.zeros(len(Policy))
    for row, policy in enumerate(Policy):
        labels, weight = lessons_of(policy, frame)
        known = np.flatnonzero(~np.isnan(labels))
        if len(np.unique(labels[known])) < 2:
            # Nothing shows the policy: the head stays silent, and nothing of it is calibrated.
            dense_bias[row] = _SILENT
        else:
            if tuned is not None and policy not in written.PROTOTYPES:
                dense[row], dense_bias[row] = tuned.heads[row] / DENSE_SCALE, tuned.bias[row]
            else:
                vectors = encoder.encode([texts[at] for at in known])
                dense[row], dense_bias[row] = _logistic(
                    DENSE_SCALE * vectors.astype(np.float64), labels[known], weight[known]
                )
            if policy not in written.PROTOTYPES:
                # Words of a few descriptions would decide by chance; only their meaning may.
                lexical[row], lexical_bias[row] = _logistic(
                    grams[known], labels[known], weight[known]
                )
        report(row + 1, len(Policy))
    return Parts(dense, dense_bias, lexical, lexical_bias)


def _logistic(features: Any, labels: Floats, weight: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(
        C=_PENALTY, solver="liblinear", max_iter=100, tol=1e-2, random_state=0
    )
    model.fit(features, labels, sample_weight=weight)
    return np.asarray(model.coef_[0]), float(model.intercept_[0])


def join(parts: Parts, held: "pd.DataFrame", encoder: Encoder, lexicon: Lexicon) -> Head:
    """Both models as one head, not calibrated, each trusted as far as rows it was not fitted on
    show."""
    texts = held["plain"].tolist()
    meant, spelt = parts.log_odds(encoder.encode(texts), lexicon.features(texts))
    strong = ~held["weak"].to_numpy(dtype=bool)
    weight = held["weight"].to_numpy(dtype=float)
    shares: dict[Policy, tuple[float, float]] = {}
    for column, policy in enumerate(Policy):
        truth = held[policy.value].to_numpy(dtype=float)
        known = ~np.isnan(truth)
        both = np.column_stack([meant[:, column], spelt[:, column]])
        trusting = known & strong if _enough(truth[known & strong]) else known
        shares[policy] = _trust(policy, both[trusting], truth[trusting], weight[trusting])
    return _joined(parts, shares)


def calibrate(raw: Head, held: "pd.DataFrame", encoder: Encoder, lexicon: Lexicon) -> Head:
    """The head with calibrators, streams, thresholds and screening levels from rows that it was
    not fitted on; what it had of them before is replaced.

    Rows count by their weight, except in thresholds: their tests are exact on counts.
    """
    texts = held["plain"].tolist()
    vectors = encoder.encode(texts)
    log_odds = raw.log_odds(vectors, lexicon.features(texts))
    strong = ~held["weak"].to_numpy(dtype=bool)
    weight = held["weight"].to_numpy(dtype=float)
    streams: dict[tuple[Policy, str], Stream] = {}
    calibrators: dict[tuple[Policy, str], Calibrator] = {}
    thresholds: dict[tuple[Policy, str], Thresholds] = {}
    screening: dict[Policy, float] = {}
    langs = held["lang"].to_numpy()
    for column, policy in enumerate(Policy):
        truth = held[policy.value].to_numpy(dtype=float)
        known = ~np.isnan(truth)
        scores = log_odds[:, column]
        for lang in sorted(set(langs)):
            here = known & strong & (langs == lang)
            if not _enough(truth[here]):
                continue
            made = fit_calibrator(scores[here], truth[here], weights=weight[here])
            calibrators[policy, lang] = made
            said = made(scores[here])
            stream = _stream(vectors, here, ~known & (langs == lang), truth, weight)
            if stream is not None:
                streams[policy, lang] = stream
                said = stream(said, vectors[here])
            thresholds[policy, lang] = _thresholds(said, truth[here])
        trusted = any(of is policy for of, _ in calibrators)
        rest = _elsewhere(scores[known], truth[known], weight[known], rare=not trusted)
        calibrators[policy, ANY_LANGUAGE] = rest
        ordinary = rest(scores[np.isnan(truth) | (truth == 0)])
        share = SCREENED_PHYSICAL if Harm.PHYSICAL in harms_of(policy) else SCREENED
        screening[policy] = float(np.quantile(ordinary, 1 - share))
    spoken = np.isin(langs, sorted({lang for _, lang in thresholds}))
    return replace(
        raw,
        calibrators=calibrators,
        streams=streams,
        thresholds=thresholds,
        screening=screening,
        **_families(vectors[spoken]),
    )


def _stream(
    vectors: NDArray[np.float32],
    inside: NDArray[np.bool_],
    outside: NDArray[np.bool_],
    truth: Floats,
    weight: Floats,
) -> Stream | None:
    """What tells the posts that a policy was annotated on from others of the language; None
    where there are no others, or where breaches are no more frequent there than anywhere."""
    base = float(np.average(truth[inside], weights=weight[inside]))
    if min(inside.sum(), outside.sum()) < ROWS_TO_CALIBRATE or base <= _RARE:
        return None
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([vectors[inside], vectors[outside]]).astype(np.float64)
    wanted = np.concatenate([np.ones(inside.sum()), np.zeros(outside.sum())])
    model: Any = LogisticRegression(C=1.0, class_weight="balanced", max_iter=200, tol=1e-3)
    model.fit(DENSE_SCALE * rows, wanted)
    return Stream(
        weights=(DENSE_SCALE * model.coef_[0]).astype(np.float32),
        bias=float(model.intercept_[0]),
        inside=base,
        elsewhere=_RARE,
    )


def _enough(truth: Floats) -> bool:
    return bool(min(truth.sum(), (1 - truth).sum()) >= ROWS_TO_CALIBRATE)


def _trust(policy: Policy, both: Floats, truth: Floats, weight: Floats) -> tuple[float, float]:
    """How much of either model's log-odds counts, never less than nothing."""
    if policy in written.PROTOTYPES:
        return (1.0, 0.0)
    if not _enough(truth):
        return _EVENLY
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=10.0, max_iter=500)
    model.fit(both, truth, sample_weight=weight)
    meant, spelt = (float(each) for each in model.coef_[0])
    if min(meant, spelt) > 0:
        return meant, spelt
    return (1.0, 0.0) if meant > spelt else (0.0, 1.0)


def _joined(parts: Parts, shares: Mapping[Policy, tuple[float, float]]) -> Head:
    meant = np.asarray([shares[policy][0] for policy in Policy])
    spelt = np.asarray([shares[policy][1] for policy in Policy])
    return Head(
        policies=tuple(Policy),
        dense=(meant[:, None] * parts.dense).astype(np.float32),
        lexical=(spelt[:, None] * parts.lexical).astype(np.float32),
        bias=(meant * parts.dense_bias + spelt * parts.lexical_bias).astype(np.float32),
    )


def _families(vectors: NDArray[np.float32]) -> dict[str, Any]:
    if len(vectors) <= FAMILIES:
        return {}
    from sklearn.cluster import MiniBatchKMeans

    model: Any = MiniBatchKMeans(FAMILIES, random_state=0, n_init=1).fit(vectors)
    centres = model.cluster_centers_
    centres = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    # As they are read back, so that the level holds for what serves.
    centres = centres.astype(np.float16).astype(np.float32)
    near = (vectors @ centres.T).max(axis=1)
    return {"families": centres, "familiar": float(np.quantile(near, NOVEL))}


def _elsewhere(scores: Floats, truth: Floats, weight: Floats, *, rare: bool) -> Calibrator:
    """Where a language has no calibrator: all known rows together, or the score as it is.

    `rare`: the policy is calibrated nowhere. How often its rows break it is then how they were
    gathered (all posts of some accounts), so it is moved to what a stream could hold at most.
    """
    if not len(truth) or min(truth.sum(), (1 - truth).sum()) < _FEWEST_ELSEWHERE:
        return Calibrator(kind="platt")
    if not rare:
        return fit_calibrator(scores, truth, weights=weight)
    made = fit_calibrator(scores, truth, weights=weight, kinds=SMOOTH)
    base = float(np.average(truth, weights=weight))
    moved = min(np.log(_RARE / (1 - _RARE)) - np.log(base / (1 - base)), 0.0)
    return made.model_copy(update={"offset": made.offset + float(moved)})


def _thresholds(said: Floats, so: Floats) -> Thresholds:
    pairs = [(float(each), bool(label)) for each, label in zip(said, so, strict=True)]
    act = act_threshold(pairs, precision=ACT_PRECISION, confidence=CONFIDENCE)
    dismiss = dismiss_threshold(pairs, miss_rate=MISS_RATE, confidence=CONFIDENCE)
    # Among posts that mostly break a rule, an even chance may be precise: no reason to act on it.
    high = max(act.threshold, _EVEN) if isinstance(act, Opened) else None
    if high is not None and dismiss is not None:
        dismiss = min(dismiss, high)
    return Thresholds(act=high, dismiss=dismiss)
