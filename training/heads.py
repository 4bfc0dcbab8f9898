"""Fitting, joining and calibrating the heads of the harm model.

For each policy two linear models: one of the post's vector, one of its words and letters. How far
either is trusted is learnt on rows that neither was fitted on, so that a tuned encoder, which
knows its own rows by heart, does not shout down the words. Both together are one linear head.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import SMOOTH, Calibrator, fit_calibrator
from models.encoder import Encoder
from models.harm import ANY_LANGUAGE, DENSE_SCALE, Head
from models.lexical import BUCKETS, Lexicon
from models.routing import Opened, Thresholds, act_threshold, dismiss_threshold
from models.streams import Stream
from models.text import normalise
from policy.harms import harms_of
from policy.words import Harm, Policy
from training import written
from training.lessons import lessons_of
from training.posts import posts
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
FOLDS = 3
"""Parts of the written posts; each is tried by models that were fitted without it."""
_HELD = 0.05
_ALIKE = 1.5
"""How much more often than a breach of a prototype something turns up that looks like one."""
_EVENLY = (0.6, 0.6)
"""How both models are joined where there are no rows to learn it from."""

Floats = NDArray[np.float64]
_WORDS_OF_SOURCES = frozenset({Policy.VIOLENCE})
"""Whose words are learnt from the sources' rows alone: these are few, and the words of written
posts drown theirs (measured: the area under the curve falls by .02)."""

Line = tuple[Floats, float]
"""Weights and what is added."""
Taught = tuple[Floats, Any, Floats, Floats, Floats]
"""Vectors, words and labels of the same texts, and what each counts for vectors and for words."""
Tried = tuple[Floats, Floats]
"""What is said of posts, and which of them break the policy."""

_THIN = frozenset({*written.PROTOTYPES, Policy.VIOLENCE, Policy.EXTREMISM})
"""Policies with too few rows to be calibrated in any language: their written posts count then."""


@dataclass(frozen=True)
class Parts:
    """Both models of each policy, apart: weights and biases, a row for each policy."""

    dense: Floats
    dense_bias: Floats
    lexical: NDArray[np.float32]
    lexical_bias: Floats
    tried: Mapping[Policy, Tried] = field(default_factory=dict)
    """Of a policy with few rows or none: what both said of its written posts, (posts, 2), fitted
    without them and what else was written like them, and which of these break it, (posts,)."""

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
    """Both models over all policies. With `tuned` the vectors' model carries on the one that the
    encoder was tuned with, except for prototypes. `report` is told (policies done, of)."""
    texts = frame["plain"].tolist()
    grams = lexicon.features(texts).astype(np.float64)
    width = encoder.dimensions
    dense, lexical = np.zeros((len(Policy), width)), np.zeros((len(Policy), BUCKETS), np.float32)
    dense_bias, lexical_bias = np.zeros(len(Policy)), np.zeros(len(Policy))
    tried: dict[Policy, Tried] = {}
    for row, policy in enumerate(Policy):
        labels, weight = lessons_of(policy, frame)
        known = np.flatnonzero(~np.isnan(labels))
        if len(np.unique(labels[known])) < 2:
            # Nothing shows the policy: the head stays silent, and nothing of it is calibrated.
            dense_bias[row] = _SILENT
            report(row + 1, len(Policy))
            continue
        vectors = DENSE_SCALE * encoder.encode([texts[at] for at in known]).astype(np.float64)
        words = weight
        if policy in _WORDS_OF_SOURCES:
            words = np.where(frame["post"].to_numpy(dtype=bool), 0.0, weight)
        taught = (vectors, grams[known], labels[known], weight[known], words[known])
        begun = None
        if tuned is not None and policy not in written.PROTOTYPES:
            begun = tuned.heads[row] / DENSE_SCALE, float(tuned.bias[row])
        meant, spelt = _both(taught, begun)
        dense[row], dense_bias[row] = meant
        of = frame["post_of"] == policy.value
        if of.any() or policy not in written.PROTOTYPES:
            # Words of a few descriptions would decide by chance; only their meaning may.
            lexical[row], lexical_bias[row] = spelt
        if of.any() and policy in _THIN:
            tried[policy] = _try(taught, begun, frame["fold"].where(of, -1).to_numpy()[known])
        report(row + 1, len(Policy))
    return Parts(dense, dense_bias, lexical, lexical_bias, tried)


def _both(taught: Taught, begun: Line | None) -> tuple[Line, Line]:
    """A model of the vectors, carried on where one was begun, and one of the words."""
    vectors, grams, labels, weight, words = taught
    meant = (
        _logistic(vectors, labels, weight)
        if begun is None
        else _carried_on(*begun, vectors, labels, weight)
    )
    return meant, _logistic(grams, labels, words)


def _try(taught: Taught, begun: Line | None, fold_of: NDArray[np.int64]) -> Tried:
    """What models fitted without a fold of a policy's posts say of that fold; `fold_of` is below
    nothing for all other rows."""
    vectors, grams, labels, weight, words = taught
    said, truth = [], []
    for fold in range(FOLDS):
        out = fold_of == fold
        if not out.any() or len(np.unique(labels[~out])) < 2:
            continue
        rest = (vectors[~out], grams[~out], labels[~out], weight[~out], words[~out])
        (meant, bias), (spelt, lean) = _both(rest, begun)
        said.append(np.column_stack([vectors[out] @ meant + bias, grams[out] @ spelt + lean]))
        truth.append(labels[out])
    return np.concatenate(said), np.concatenate(truth)


def _logistic(features: Any, labels: Floats, weight: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(
        C=_PENALTY, solver="liblinear", max_iter=100, tol=1e-2, random_state=0
    )
    model.fit(features, labels, sample_weight=weight)
    return np.asarray(model.coef_[0]), float(model.intercept_[0])


def _carried_on(
    head: Floats, bias: float, features: Floats, labels: Floats, weight: Floats
) -> tuple[Floats, float]:
    """A logistic model that is held to a head learnt before: what it differs by is penalised, not
    what it is. So rows that the head has never seen may teach it without its starting anew."""
    from scipy.optimize import minimize

    before = features @ head + bias
    signs = 2 * labels - 1

    def loss(moved: Floats) -> tuple[float, Floats]:
        margin = signs * (before + features @ moved[:-1] + moved[-1])
        pull = -signs * weight / (1 + np.exp(np.clip(margin, -60, 60)))
        slope = np.append(features.T @ pull, pull.sum()) + moved / _HELD
        held = moved @ moved / (2 * _HELD)
        return float((weight * np.logaddexp(0, -margin)).sum() + held), slope

    start = np.zeros(len(head) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return head + found.x[:-1], bias + float(found.x[-1])


def join(
    parts: Parts, held: "pd.DataFrame", encoder: Encoder, lexicon: Lexicon
) -> tuple[Head, dict[Policy, Tried]]:
    """Both models as one head, not calibrated, each trusted as far as rows it was not fitted on
    show; and what it says of the posts that were tried, with which of them break the policy."""
    texts = held["plain"].tolist()
    meant, spelt = parts.log_odds(encoder.encode(texts), lexicon.features(texts))
    strong = ~held["weak"].to_numpy(dtype=bool)
    weight = held["weight"].to_numpy(dtype=float)
    shares: dict[Policy, tuple[float, float, float]] = {}
    for column, policy in enumerate(Policy):
        if policy in written.PROTOTYPES:
            tried_on = parts.tried.get(policy)
            shares[policy] = (1.0, 0.0, 0.0) if tried_on is None else _trust_tried(*tried_on)
            continue
        truth = held[policy.value].to_numpy(dtype=float)
        known = ~np.isnan(truth)
        both = np.column_stack([meant[:, column], spelt[:, column]])
        trusting = known & strong if _enough(truth[known & strong]) else known
        shares[policy] = (*_trust(both[trusting], truth[trusting], weight[trusting]), 0.0)
    tried = {
        policy: (both @ np.asarray(shares[policy][:2]) + shares[policy][2], truth)
        for policy, (both, truth) in parts.tried.items()
    }
    return _joined(parts, shares), tried


def calibrate(
    raw: Head,
    held: "pd.DataFrame",
    encoder: Encoder,
    lexicon: Lexicon,
    tried: Mapping[Policy, Tried] | None = None,
) -> Head:
    """The head with calibrators, streams, thresholds and screening levels from rows that it was
    not fitted on; what it had of them before is replaced.

    `tried` are scores of written posts by heads fitted without them, and which of them break the
    policy: they count where it is calibrated in no language. Without them such a policy keeps what
    it had.

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
            base = float(np.average(truth[here], weights=weight[here]))
            others = vectors[~known & (langs == lang)]
            stream = _stream(base, vectors[here], others, _written_for(policy, lang, encoder))
            if stream is not None:
                streams[policy, lang] = stream
                said = stream(said, vectors[here])
            thresholds[policy, lang] = _thresholds(said, truth[here])
        trusted = any(of is policy for of, _ in calibrators)
        rest = raw.calibrators.get((policy, ANY_LANGUAGE))
        if trusted or tried is not None or rest is None:
            # Prototypes were joined by these posts and have no others.
            mine = None if policy in written.PROTOTYPES else (tried or {}).get(policy)
            more, so = (np.empty(0), np.empty(0)) if mine is None or trusted else mine
            rest = _elsewhere(
                np.concatenate([scores[known], more]),
                np.concatenate([truth[known], so]),
                np.concatenate([weight[known], np.ones(len(so))]),
                rare=not trusted,
            )
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


def _written_for(policy: Policy, lang: str, encoder: Encoder) -> NDArray[np.float32]:
    """Vectors of the posts written about a policy in a language, (posts, dimensions)."""
    about = [each for each in posts() if policy in (each.breaks, each.about) and each.lang == lang]
    if not about:
        return np.zeros((0, encoder.dimensions), dtype=np.float32)
    return encoder.encode([normalise(each.text) for each in about])


def _stream(
    base: float,
    inside: NDArray[np.float32],
    outside: NDArray[np.float32],
    more: NDArray[np.float32],
) -> Stream | None:
    """What tells the posts that a policy was annotated on, of which `base` break it, from others
    of the language; None where there are no others, or where breaches are no more frequent there
    than anywhere. `more`: posts written about the policy, of which it is asked as well."""
    if min(len(inside), len(outside)) < ROWS_TO_CALIBRATE or base <= _RARE:
        return None
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([inside, more, outside]).astype(np.float64)
    wanted = np.concatenate([np.ones(len(inside) + len(more)), np.zeros(len(outside))])
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


def _trust(both: Floats, truth: Floats, weight: Floats) -> tuple[float, float]:
    """How much of either model's log-odds counts, never less than nothing."""
    if not _enough(truth):
        return _EVENLY
    meant, spelt, _ = _joint(both, truth, weight)
    if min(meant, spelt) > 0:
        return meant, spelt
    return (1.0, 0.0) if meant > spelt else (0.0, 1.0)


def _trust_tried(both: Floats, truth: Floats) -> tuple[float, float, float]:
    """The same for a prototype, by its written posts; and what is added, so that one half parts
    breaches from what looks like them."""
    if not _enough(truth):
        return (*_EVENLY, 0.0)
    meant, spelt, lean = _joint(both, truth, np.where(truth == 1, 1.0, _ALIKE))
    return (meant, spelt, lean) if min(meant, spelt) > 0 else (*_EVENLY, 0.0)


def _joint(both: Floats, truth: Floats, weight: Floats) -> tuple[float, float, float]:
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=10.0, max_iter=500)
    model.fit(both, truth, sample_weight=weight)
    meant, spelt = (float(each) for each in model.coef_[0])
    return meant, spelt, float(model.intercept_[0])


def _joined(parts: Parts, shares: Mapping[Policy, tuple[float, float, float]]) -> Head:
    meant, spelt, lean = (np.asarray([shares[policy][at] for policy in Policy]) for at in range(3))
    return Head(
        policies=tuple(Policy),
        dense=(meant[:, None] * parts.dense).astype(np.float32),
        lexical=(spelt[:, None] * parts.lexical).astype(np.float32),
        bias=(meant * parts.dense_bias + spelt * parts.lexical_bias + lean).astype(np.float32),
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
