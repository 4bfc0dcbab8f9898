"""Evaluation of packs on rows that they never saw.

Of the harm pack here: figures by policy, source and language, weakest first, with a plain floor
(tf-idf and logistic regression) trained beside it on the same rows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.calibration import Floats, brier, expected_calibration_error
from models.estimates import PREVALENCES, precision_at
from models.harm import HarmModel
from policy.words import Lane, Policy
from training.evaluate_accounts import evaluate_association, evaluate_routing
from training.functional import measure
from training.progress import Progress, silent
from training.promote import auc_name
from training.report import Section, precision_recall_plot, reliability_plot, write_report
from training.rows import load_harm_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate_association", "evaluate_harm", "evaluate_routing"]

FEWEST_ROWS = 50
SURE = 0.9
DRAWS = 300


def evaluate_harm(
    pack: Path,
    data: Path,
    report: Path,
    *,
    encoder: str = "minilm",
    cache: Path | None = None,
    shippable_only: bool = True,
    against: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Measure a harm pack on the test part of a data folder; writes report.html and metrics.json
    into `report` and returns the metrics.

    With `shippable_only` false, rows whose licence forbids to ship what learns from them are
    measured on too; the floor learns from the pack's own sources in any case. `against` is another
    pack, whose areas under the curve are held against this one's on the same rows.

    Raises:
        PackError, DataError: the pack or the data cannot be read.
    """
    model = HarmModel.load(pack, encoder=encoder, cache=cache)
    rows = load_harm_rows(data, shippable_only=shippable_only)
    test = rows.part("test").reset_index(drop=True)
    said = model.likelihoods(test["plain"].tolist(), test["lang"].tolist())
    other = HarmModel.load(against, encoder=encoder, cache=cache) if against else None
    beside = other.likelihoods(test["plain"].tolist(), test["lang"].tolist()) if other else None
    differs: dict[str, list[float]] = {}
    fit = rows.part("fit")
    fit = fit[fit["source"].isin(list(model.manifest.trained_on))]
    found: list[dict[str, Any]] = []
    plots: list[str] = []
    quiet: list[dict[str, Any]] = []
    for column, policy in enumerate(Policy):
        known = test[policy.value].notna()
        quiet += _alarms(policy, test[~known], said[~known.to_numpy(), column])
        if not known.any():
            continue
        floor = _floor(fit, test, policy)
        for spoken, group in test[known].groupby("lang"):
            truth = group[policy.value].to_numpy(dtype=float)
            if len(truth) >= FEWEST_ROWS and 0 < truth.sum() < len(truth):
                likelihood = said[group.index, column]
                title = f"{policy.value} in {spoken}"
                plots.append(precision_recall_plot(title, likelihood, truth))
                plots.append(reliability_plot(title, likelihood, truth))
        for (source, lang), group in test[known].groupby(["source", "lang"]):
            truth = group[policy.value].to_numpy(dtype=float)
            if len(truth) < FEWEST_ROWS or not 0 < truth.sum() < len(truth):
                continue
            likelihood = said[group.index, column]
            if beside is not None:
                name = auc_name(policy.value, str(source), str(lang))
                differs[name] = _differ(truth, likelihood, beside[group.index, column])
            found.append(
                {
                    "policy": policy.value,
                    "source": source,
                    "lang": lang,
                    "calibrated": policy in model.calibrated(str(lang)),
                    **_figures(truth, likelihood),
                    "floor_macro_f1": _macro_f1(truth, floor[group.index] >= 0.5),
                    **_lanes(model, policy, str(lang), truth, likelihood),
                }
            )
        progress("policies", column + 1, len(Policy))
    found.sort(key=lambda row: row["auc"])
    functions = measure(model)
    rare, languages = _rare(found), _whole(model, test, said)
    metrics: dict[str, Any] = {
        "model": model.manifest.model,
        "policies": found,
        "languages": languages,
        "rare": rare,
        "unannotated": quiet,
        "functions": functions,
    }
    if other is not None:
        metrics["compared"] = {"to": other.manifest.model, "figures": differs}
    write_report(
        report,
        f"Evaluation of {model.manifest.model}",
        [
            Section(
                "By policy, source and language, weakest first",
                "Measured only where a source annotated the policy. floor_macro_f1: tf-idf and"
                " logistic regression on the same rows. act_share: share of rows that the act lane"
                " takes; act_precision: how many of these are right.",
                found,
                plots,
            ),
            Section(
                "All sources of a language together",
                "Sources whose labels are not weak. ece_sure: calibration error among rows said to"
                " be above .9. skill: how much better than the base rate the Brier score is.",
                languages,
            ),
            Section(
                "Precision of the act lane where breaches are rare",
                "From what the lane catches and takes above; a lane that took no other row is"
                " counted as having taken three in its rows (the rule of three).",
                rare,
            ),
            Section(
                "By function",
                "Cases written for this project, never taught; right: on the right side of one"
                " half. Policies without data are uncalibrated, so half is no boundary for them.",
                functions,
            ),
            Section(
                "Posts never annotated for a policy",
                "Share of them above one half. Most are not of the policy, so a high share is"
                " a model that is wrong outside what it knows.",
                quiet,
            ),
        ],
        metrics,
    )
    return metrics


def _figures(truth: Floats, said: Floats) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    base = float(truth.mean())
    return {
        "rows": len(truth),
        "base_rate": base,
        "auc": float(roc_auc_score(truth, said)),
        "average_precision": float(average_precision_score(truth, said)),
        "macro_f1": _macro_f1(truth, said >= 0.5),
        "ece": expected_calibration_error(said, truth),
        "brier": brier(said, truth),
        "brier_skill": 1 - brier(said, truth) / (base * (1 - base)),
    }


def _differ(truth: Floats, said: Floats, other: Floats) -> list[float]:
    """How much larger the area under the curve is than the other's, and 95 % of what the same
    rows drawn again give (paired bootstrap)."""
    from sklearn.metrics import roc_auc_score

    def gain(at: Any) -> float:
        return float(roc_auc_score(truth[at], said[at]) - roc_auc_score(truth[at], other[at]))

    rng = np.random.default_rng(0)
    breaks, fine = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    drawn = [
        gain(np.concatenate([rng.choice(breaks, len(breaks)), rng.choice(fine, len(fine))]))
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [gain(slice(None)), float(low), float(high)]


def _whole(model: HarmModel, test: "pd.DataFrame", said: Floats) -> list[dict[str, Any]]:
    """Each calibrated policy over all strong sources of a language."""
    found = []
    strong = test[~test["weak"].to_numpy(dtype=bool)]
    for column, policy in enumerate(Policy):
        for lang, group in strong[strong[policy.value].notna()].groupby("lang"):
            truth = group[policy.value].to_numpy(dtype=float)
            if policy not in model.calibrated(str(lang)) or not 0 < truth.sum() < len(truth):
                continue
            likelihood = said[group.index, column]
            sure = likelihood > SURE
            found.append(
                {
                    "policy": policy.value,
                    "lang": str(lang),
                    **_figures(truth, likelihood),
                    "sure_rows": int(sure.sum()),
                    "ece_sure": expected_calibration_error(likelihood[sure], truth[sure])
                    if sure.any()
                    else None,
                    **_lanes(model, policy, str(lang), truth, likelihood),
                }
            )
    return sorted(found, key=lambda row: float(row["brier_skill"]))


def _rare(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for each in found:
        if not each["act_share"]:
            continue
        taken = each["act_share"] * each["rows"]
        right = taken * each["act_precision"]
        others = each["rows"] * (1 - each["base_rate"])
        caught = right / (each["rows"] * each["base_rate"])
        alarmed = max(taken - right, 3.0) / others
        rows.append(
            {
                "policy": each["policy"],
                "source": each["source"],
                "lang": each["lang"],
                "caught": caught,
                "alarmed": alarmed,
                **{
                    f"at_1_in_{round(1 / rare)}": precision_at(rare, caught, alarmed)
                    for rare in PREVALENCES
                },
            }
        )
    return rows


def _macro_f1(truth: Floats, said: Any) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, said, average="macro", zero_division=0.0))


def _lanes(
    model: HarmModel, policy: Policy, lang: str, truth: Floats, said: Floats
) -> dict[str, Any]:
    head = model.heads[model.reader(lang)]
    thresholds = head.thresholds.get((policy, lang))
    if thresholds is None:
        return {"act_share": None, "act_precision": None, "dismiss_share": None, "missed": None}
    lanes = np.asarray([thresholds.lane(float(each)).value for each in said])
    acted, dismissed = lanes == Lane.ACT.value, lanes == Lane.DISMISS.value
    return {
        "act_share": float(acted.mean()),
        "act_precision": float(truth[acted].mean()) if acted.any() else None,
        "dismiss_share": float(dismissed.mean()),
        "missed": float(truth[dismissed].sum() / max(truth.sum(), 1)),
    }


def _floor(fit: "pd.DataFrame", test: "pd.DataFrame", policy: Policy) -> Floats:
    """Tf-idf of words and pairs with logistic regression, over the pack's own rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    known = fit[fit[policy.value].notna()]
    labels = known[policy.value].to_numpy(dtype=float)
    if len(set(labels)) < 2:
        return np.zeros(len(test))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    features = vectorizer.fit_transform(known["plain"])
    model: Any = LogisticRegression(C=4.0, max_iter=300).fit(features, labels)
    return np.asarray(model.predict_proba(vectorizer.transform(test["plain"]))[:, 1])


def _alarms(policy: Policy, rows: "pd.DataFrame", said: Floats) -> list[dict[str, Any]]:
    places: Sequence[str] = rows["source"].tolist()
    found = []
    for source in sorted(set(places)):
        here = np.asarray([place == source for place in places])
        share = float((said[here] > 0.5).mean())
        if share >= 0.02:
            found.append(
                {
                    "policy": policy.value,
                    "source": source,
                    "rows": int(here.sum()),
                    "above_half": share,
                }
            )
    return sorted(found, key=lambda row: -float(row["above_half"]))
