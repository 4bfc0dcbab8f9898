"""Evaluation of association on groups that were left out, and of the lanes that decisions open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.activity import Activities, read_activities
from models.association import AssociationModel
from models.cache import CachedEncoder
from models.calibration import Floats, brier, expected_calibration_error
from models.encoder import load_encoder
from models.text import skeleton
from training.accounts import Labelled, load_accounts
from training.association import draw_all, leave_groups_out
from training.episodes import POSTS, Episode, draw, groups_of
from training.evaluate_crowds import CROWD_YEARS, measure_crowds
from training.evaluate_decisions import lanes_by_decisions
from training.progress import Progress, silent
from training.report import Section, precision_recall_plot, reliability_plot, write_report
from training.years import DECISIONS, POPULATION, PRECISION, QUEUE, YEARS, many_years

DRAWS = 2
AIM_DRAWS = 5
AIM_SEEDS = 10
AIM_POSTS = 30
AIM_MEMBERS = 20
"""Fewest members to find for a group to count in the aim."""
AGAINST = ("everybody", "crowds")

_FEWEST = 4


def evaluate_association(
    pack: Path,
    data: Path,
    report: Path,
    *,
    cache: Path | None = None,
    shippable_only: bool = False,
    seed: int = 1,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Measure the pack's recipe on each group by a model that saw no account of it, on draws
    other than the training's; by default against all crowds, those that weights may not be
    shipped from among them. Writes report.html and metrics.json and returns the metrics.

    Raises:
        PackError, DataError: the pack or the data cannot be read.
    """
    model = AssociationModel.load(pack)
    labelled, read = _read(model, data, cache=cache, shippable_only=shippable_only)
    episodes = draw_all(labelled, read, seed=seed, draws=DRAWS, progress=progress)
    asked = _long(labelled, read, seed=seed, draws=AIM_DRAWS, progress=progress)
    long_read = [
        (each, scores)
        for each, scores in leave_groups_out(episodes, asked)
        if each.member.sum() >= AIM_MEMBERS
    ]
    left_out = leave_groups_out(episodes)
    aim = _aim(labelled, long_read)
    by_group = []
    for group, seeds in sorted({(episode.group, episode.seeds) for episode in episodes}):
        chosen = [each for each in left_out if each[0].group == group and each[0].seeds == seeds]
        by_group.append({"group": group, "seeds": seeds, **_means(chosen)})
    by_posts = [{"posts": posts, **_means(left_out, posts)} for posts in POSTS]
    said = model.calibrator(np.concatenate([scores for _, scores in left_out]))
    truth = np.concatenate([episode.member for episode, _ in left_out]).astype(float)
    crowds = measure_crowds(model, labelled, episodes, asked, np.random.default_rng(seed))
    missed = [_missed(model, left_out, posts) for posts in (*POSTS, None)]
    by_group.sort(key=lambda row: row["auc"])
    metrics = {
        "model": model.manifest.model,
        "aim": aim,
        "groups": by_group,
        "posts": by_posts,
        "crowds": crowds,
        "missed": missed,
        "ece": expected_calibration_error(said, truth),
        "brier": brier(said, truth),
    }
    write_report(
        report,
        f"Evaluation of {model.manifest.model}",
        [
            Section(
                "From ten seeds and thirty posts an account, groups never seen in training",
                f"Mean over {AIM_DRAWS} draws of up to 800 accounts. against: everybody else, other"
                " groups of the same makers among them, or the crowds alone. Intervals by"
                " resampling accounts within each draw.",
                aim,
            ),
            Section(
                "Groups never seen in training, weakest first",
                "Mean over draws of up to 800 accounts, each read to 1, 3, 10 or 30 posts."
                " floor: plain tf-idf cosine to the seeds. recall_at_95: share of members found"
                " at a precision of .95.",
                by_group,
                [
                    precision_recall_plot("all groups", said, truth),
                    reliability_plot("all groups", said, truth),
                ],
            ),
            Section("By posts read of each account", "Over all groups.", by_posts),
            Section(
                "Crowds never seen in training",
                "Model refitted without the crowd. above_dismiss: share that a person would have"
                " to look at; above_95: scores of at least .95. lanes: act lanes that opened in"
                f" {CROWD_YEARS} simulated years of blind decisions on each draw of each group, by"
                " models without the group and the crowd; acted: accounts of the crowd in any of"
                " them; acted_at_most: the share with 95 % confidence.",
                crowds,
            ),
            Section(
                "Members of left-out groups that the threshold to dismiss lets go",
                "By posts read of them; they are measured again with every pass.",
                missed,
            ),
        ],
        metrics,
    )
    return metrics


def evaluate_routing(
    pack: Path,
    data: Path,
    report: Path,
    *,
    cache: Path | None = None,
    seed: int = 1,
    decisions: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Simulate a year of blind decisions on each left-out group, many times: does its act lane
    open, and is its precision held on accounts that nobody decided? With `decisions`, an export of
    people's answers, also what these say about the lanes that stood.

    Raises:
        PackError, DataError: the pack or the data cannot be read.
    """
    model = AssociationModel.load(pack)
    labelled, read = _read(model, data, cache=cache, shippable_only=True)
    episodes = draw_all(labelled, read, seed=seed, draws=1, progress=progress)
    asked = _long(labelled, read, seed=seed, draws=1, progress=progress)
    rng = np.random.default_rng(seed)
    crowd = np.asarray([each.crowd is not None for each in labelled])
    found = []
    for episode, scores in leave_groups_out(episodes, asked):
        for against in AGAINST:
            kept = _kept(episode, crowd, against)
            told = many_years(
                episode.group, episode.member[kept], model.calibrator(scores[kept]), rng
            )
            found.append({"against": against, **told})
    found.sort(key=lambda row: row["opened"])
    metrics: dict[str, Any] = {
        "model": model.manifest.model,
        "groups": found,
        "precision": PRECISION,
    }
    note = (
        f"{YEARS} simulated years of {DECISIONS} blind decisions on each group, among the surest"
        f" {QUEUE} of {POPULATION} accounts drawn again from those left out. against:"
        " everybody else, or the crowds alone."
        f" held: of the years in which the lane opened, the share in which at least {PRECISION}"
        " of the undecided accounts in it were members; broken: of all years, the share in which"
        " a lane opened and was not held. precision: of undecided accounts in opened lanes."
    )
    sections = [Section("Groups", note, found)]
    if decisions is not None:
        metrics["decided"] = lanes_by_decisions(decisions)
        weighted = "Weighted by one over the chance with which each was asked; Wilson's intervals."
        sections.append(Section("From people's blind answers", weighted, metrics["decided"]))
    write_report(report, "Lanes opened by blind decisions", sections, metrics)
    return metrics


def _read(
    model: AssociationModel, data: Path, *, cache: Path | None, shippable_only: bool
) -> tuple[list[Labelled], Activities]:
    labelled = _unlike(load_accounts(data, shippable_only=shippable_only))
    reader = load_encoder(model.encoder_name)
    encoder = CachedEncoder(reader, cache) if cache else reader
    return labelled, read_activities([each.activity for each in labelled], encoder)


def _long(
    labelled: Sequence[Labelled], read: Activities, *, seed: int, draws: int, progress: Progress
) -> list[Episode]:
    """Episodes as the aim has them: ten seeds, every account read to thirty posts."""
    plan = [group for group in groups_of(labelled, AIM_SEEDS) for _ in range(draws)]
    rng = np.random.default_rng([seed, AIM_POSTS])
    found = []
    for group in plan:
        found.append(draw(labelled, read, group, AIM_SEEDS, rng=rng, posts=AIM_POSTS))
        progress("long episodes", len(found), len(plan))
    return found


def _kept(episode: Episode, crowd: NDArray[np.bool_], against: str) -> NDArray[np.bool_]:
    return episode.member | crowd[episode.account] | (against == "everybody")


def _aim(
    labelled: Sequence[Labelled], long_read: Sequence[tuple[Episode, Floats]]
) -> list[dict[str, Any]]:
    crowd = np.asarray([each.crowd is not None for each in labelled])
    found = []
    for against in AGAINST:
        chosen = []
        for episode, scores in long_read:
            kept = _kept(episode, crowd, against)
            chosen.append((episode.group, episode.member[kept], scores[kept], episode.floor[kept]))
        for group in [*sorted({each[0] for each in chosen}), "mean"]:
            rows = [each for each in chosen if group in (each[0], "mean")]
            figures = np.asarray([_figures(*each[1:]) for each in rows]).mean(axis=0)
            names = ("auc", "average_precision", "recall_at_95", "floor_auc", "floor_ap")
            found.append(
                {
                    "against": against,
                    "group": group,
                    "members": round(float(np.mean([each[1].sum() for each in rows]))),
                    **{n: float(m) for n, m in zip(names, figures, strict=True)},
                    "ap_low": (within := _resampled(rows))[0],
                    "ap_high": within[1],
                }
            )
    # The mean first, then the weakest.
    return sorted(
        found,
        key=lambda row: (AGAINST.index(row["against"]), row["group"] != "mean", row["auc"]),
    )


def _resampled(
    rows: Sequence[tuple[str, NDArray[np.bool_], Floats, Floats]], times: int = 100
) -> tuple[float, float]:
    """The middle 95 % of mean average precision, accounts drawn again within each draw."""
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(0)
    means = []
    for _ in range(times):
        each_draw = []
        for _group, truth, said, _floor in rows:
            again = rng.integers(0, len(truth), len(truth))
            if truth[again].any():
                each_draw.append(average_precision_score(truth[again], said[again]))
        means.append(np.mean(each_draw))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _figures(truth: NDArray[np.bool_], said: Floats, floor: Floats) -> tuple[float, ...]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    return (
        float(roc_auc_score(truth, said)),
        float(average_precision_score(truth, said)),
        _recall_at(truth, said),
        float(roc_auc_score(truth, floor)),
        float(average_precision_score(truth, floor)),
    )


def _unlike(labelled: Sequence[Labelled]) -> list[Labelled]:
    """Accounts without those whose posts are all copies of an earlier account's."""
    seen: set[frozenset[str]] = set()
    kept = []
    for each in labelled:
        bones = frozenset(skeleton(post.text) for post in each.activity.posts)
        if bones not in seen:
            seen.add(bones)
            kept.append(each)
    return kept


def _means(left_out: Sequence[tuple[Episode, Floats]], posts: int | None = None) -> dict[str, Any]:
    rows = []
    for episode, scores in left_out:
        here = np.ones(len(scores), bool) if posts is None else episode.posts == posts
        truth = episode.member[here]
        if truth.sum() < _FEWEST or truth.all():
            continue
        rows.append(_figures(truth, scores[here], episode.floor[here]))
    names = ("auc", "average_precision", "recall_at_95", "floor_auc", "floor_ap")
    means = np.mean(rows, axis=0) if rows else np.full(len(names), np.nan)
    return {"draws": len(rows), **{n: float(m) for n, m in zip(names, means, strict=True)}}


def _missed(
    model: AssociationModel, left_out: Sequence[tuple[Episode, Floats]], posts: int | None
) -> dict[str, Any]:
    """Of members read to so many posts, or to any number, the share below the threshold."""
    said = np.concatenate([scores[episode.member] for episode, scores in left_out])
    read = np.concatenate([episode.posts[episode.member] for episode, _ in left_out])
    here = model.calibrator(said[(read == posts) | (posts is None)])
    share = float((here < (model.thresholds.dismiss or 0.0)).mean())
    return {"posts": posts or "any", "scores": len(here), "dismissed": share}


def _recall_at(truth: NDArray[np.bool_], said: Floats) -> float:
    order = np.argsort(-said, kind="stable")
    hits = np.cumsum(truth[order])
    good = np.flatnonzero(hits / np.arange(1, len(hits) + 1) >= PRECISION)
    return float(hits[good[-1]] / truth.sum()) if len(good) else 0.0
