"""Training of the association pack: across groups, calibrated on groups that were left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.activity import read_activities
from models.association import pack_crowd
from models.cache import CachedEncoder
from models.calibration import SMOOTH, Calibrator, fit_calibrator
from models.encoder import load_encoder
from models.group_index import FEATURES, Crowd
from models.packs import Manifest, TrainedOn, write_pack
from models.routing import Opened, Thresholds, act_threshold, dismiss_threshold
from training.accounts import LICENSES, Labelled, load_accounts
from training.cards import association_card
from training.decisions import LICENSE, SOURCE, decided_accounts
from training.episodes import SEEDS, Episode, draw, groups_of
from training.progress import Progress, silent

DRAWS = 2
REFERENCE_ACCOUNTS = 300
LANGUAGES = ("en", "ru")
"""Languages of most of the accounts that the likelihood was calibrated on."""

ACT_PRECISION = 0.95
MISS_RATE = 0.2
"""Of members, over all groups left out; a member that is dismissed is measured again with every
pass, and at a half of this the crowds that a person would have to look at double (measured)."""
CONFIDENCE = 0.9
CROWD_REVIEWED = 0.05
CROWD_CONFIDENCE = 0.95
"""Of a crowd that was left out, the share that may go to people, with this confidence over its
accounts. Where both cannot be had, this comes before MISS_RATE: a member who is missed is
measured again, a crowd floods the queue."""

_LOOSE = 0.0003
"""How far the weights may move: features that tell much alike keep about equal weights, which
carries over to groups never seen better than the best weights for those seen."""

Floats = NDArray[np.float64]

_LICENSE = {**LICENSES, SOURCE: LICENSE}


@dataclass(frozen=True)
class Fitted:
    """A logistic model over features set to mean 0 and spread 1."""

    weights: Floats
    bias: float
    centre: Floats
    scale: Floats

    def log_odds(self, features: Floats) -> Floats:
        return np.asarray(((features - self.centre) / self.scale) @ self.weights + self.bias)


def train_association(
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    encoder: str = "use",
    cache: Path | None = None,
    shippable_only: bool = True,
    version: str = "1",
    decisions: Path | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Train an association pack on the accounts of a data folder and write it to `out`.

    With `decisions` (see training/decisions.py) what people found about accounts is learnt too,
    each answer as often as its chance to be asked says; not in the thresholds, whose tests are
    exact on counts.

    The encoder reads every language that the accounts write, so MiniLM's setting too is served
    by `use` (routes of the manifest).

    Raises:
        DataError: the data are not there.
        EncoderError: the encoder cannot be loaded.
    """
    labelled = load_accounts(data, shippable_only=shippable_only)
    if decisions is not None:
        labelled += decided_accounts(decisions)
    reader = CachedEncoder(
        load_encoder(encoder),
        cache or out.parent / "embeddings.sqlite",
        progress=lambda done, of: progress(f"embed with {encoder}", done, of),
    )
    read = read_activities([each.activity for each in labelled], reader)
    reader.close()
    episodes = draw_all(labelled, read, seed=seed, progress=progress)
    fitted = fit(episodes)
    left_out = leave_groups_out(episodes)
    scores = np.concatenate([each for _, each in left_out])
    truth = np.concatenate([episode.member for episode, _ in left_out]).astype(float)
    weight = np.concatenate([episode.weight for episode, _ in left_out])
    calibrator = fit_calibrator(scores, truth, weights=weight, kinds=SMOOTH)
    post_weights, post_bias, post_level = _fit_posts(episodes)
    chosen = _reference(labelled, seed)
    manifest = Manifest(
        name="association",
        kind="association",
        version=version,
        encoders=(encoder,),
        trained_on=_trained_on(labelled),
        files={},
        calibrated=dict.fromkeys(LANGUAGES, ("association",)),
        parameters={
            "routes": {"minilm": "use", "use": "use"} if encoder == "use" else {encoder: encoder},
            "features": [*FEATURES, "posts"],
            "weights": fitted.weights.tolist(),
            "bias": fitted.bias,
            "centre": fitted.centre.tolist(),
            "scale": fitted.scale.tolist(),
            "calibrator": calibrator.model_dump(mode="json"),
            "spread": [each.model_dump(mode="json") for each in _spread(left_out)],
            "post_spread": _post_spread(fitted, episodes),
            "post_weights": post_weights.tolist(),
            "post_bias": post_bias,
            "post_level": post_level,
            "thresholds": _thresholds(
                calibrator(scores), truth, _crowd_level(labelled, episodes, calibrator)
            ).model_dump(mode="json"),
            "languages": list(LANGUAGES),
            "groups": sorted({episode.group for episode in episodes}),
            "seed": seed,
        },
    )
    reference = pack_crowd(Crowd.of(read.rows(chosen)))
    return write_pack(
        out,
        manifest=manifest,
        tensors={"reference.safetensors": reference},
        card=association_card(manifest),
    )


def draw_all(
    labelled: Sequence[Labelled],
    read: Any,
    *,
    seed: int,
    draws: int = DRAWS,
    progress: Progress = silent,
) -> list[Episode]:
    """Episodes of every group, number of seeds and draw."""
    plan = [
        (group, seeds)
        for seeds in SEEDS
        for group in groups_of(labelled, seeds)
        for _ in range(draws)
    ]
    rng = np.random.default_rng(seed)
    found = []
    for group, seeds in plan:
        found.append(draw(labelled, read, group, seeds, rng=rng))
        progress("episodes", len(found), len(plan))
    return found


def fit(episodes: Sequence[Episode], without: frozenset[int] = frozenset()) -> Fitted:
    """The model over all episodes; accounts in `without` are left out wherever they appear."""
    from sklearn.linear_model import LogisticRegression

    features, member, weight = [], [], []
    for episode in episodes:
        kept = ~np.isin(episode.account, list(without))
        features.append(episode.features[kept])
        member.append(episode.member[kept])
        weight.append(episode.weight[kept])
    rows, truth = np.vstack(features), np.concatenate(member)
    centre, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    set_to = (rows - centre) / scale
    counts = np.concatenate(weight)
    model: Any = LogisticRegression(C=_LOOSE, max_iter=500)
    model.fit(set_to, truth, sample_weight=counts)
    # Weights held back say everything too faintly: their sum is put back to the scale of log-odds.
    said = model.decision_function(set_to)[:, None]
    louder: Any = LogisticRegression(C=1e4).fit(said, truth, sample_weight=counts)
    slope = float(louder.coef_[0, 0])
    bias = slope * float(model.intercept_[0]) + float(louder.intercept_[0])
    return Fitted(slope * model.coef_[0], bias, centre, scale)


def leave_groups_out(
    episodes: Sequence[Episode], asked: Sequence[Episode] | None = None
) -> list[tuple[Episode, Floats]]:
    """Scores of each episode (of `asked`, where given) by a model that saw no account of its
    group in any role."""
    wanted = episodes if asked is None else asked
    found = []
    for group in sorted({episode.group for episode in wanted}):
        members = frozenset(
            int(account)
            for episode in (*episodes, *wanted)
            if episode.group == group
            for account in episode.account[episode.member]
        )
        rest = [episode for episode in episodes if episode.group != group]
        fitted = fit(rest or episodes, without=members)
        found += [
            (episode, fitted.log_odds(episode.features))
            for episode in wanted
            if episode.group == group
        ]
    return found


def _post_spread(fitted: Fitted, episodes: Sequence[Episode]) -> float:
    """How far log-odds stray if read from one post: from the same accounts read to a part and to
    all of their posts, the variance taken to fall with the number of posts."""
    strayed = []
    for each in episodes:
        posts, all_posts = each.posts, np.expm1(each.whole[:, -1])
        # Half a post apart at least: the logarithm does not come back exactly.
        fewer = posts + 0.5 < all_posts
        apart = fitted.log_odds(each.features[fewer]) - fitted.log_odds(each.whole[fewer])
        strayed.append(apart**2 / (1 / posts[fewer] - 1 / all_posts[fewer]))
    return float(np.sqrt(np.mean(np.concatenate(strayed))))


OTHERS_POSTS_COUNTED = 0.05


def _fit_posts(episodes: Sequence[Episode]) -> tuple[Floats, float, float]:
    """Weights, bias, and the likelihood that one in twenty posts of others reaches."""
    from sklearn.linear_model import LogisticRegression

    rows = np.vstack([episode.post_features for episode in episodes])
    truth = np.concatenate([episode.post_member for episode in episodes])
    weight = np.concatenate([episode.post_weight for episode in episodes])
    model: Any = LogisticRegression(C=1.0).fit(rows, truth, sample_weight=weight)
    others = model.predict_proba(rows[~truth])[:, 1]
    level = float(np.quantile(others, 1 - OTHERS_POSTS_COUNTED))
    return np.asarray(model.coef_[0]), float(model.intercept_[0]), level


def _spread(left_out: Sequence[tuple[Episode, Floats]]) -> list[Calibrator]:
    """One calibrator for each group: what the same score meant for it."""
    found = []
    for group in sorted({episode.group for episode, _ in left_out}):
        scores = np.concatenate([each for episode, each in left_out if episode.group == group])
        truth = np.concatenate([e.member for e, _ in left_out if e.group == group])
        weight = np.concatenate([e.weight for e, _ in left_out if e.group == group])
        made = fit_calibrator(scores, truth.astype(float), weights=weight, kinds=SMOOTH)
        found.append(made)
    return found


def _thresholds(said: Floats, so: Floats, crowds: float) -> Thresholds:
    pairs = [(float(each), bool(label)) for each, label in zip(said, so, strict=True)]
    act = act_threshold(pairs, precision=ACT_PRECISION, confidence=CONFIDENCE)
    dismiss = dismiss_threshold(pairs, miss_rate=MISS_RATE, confidence=CONFIDENCE)
    high = act.threshold if isinstance(act, Opened) else None
    dismiss = max(dismiss or 0.0, crowds)
    return Thresholds(act=high, dismiss=dismiss if high is None else min(dismiss, high))


def _crowd_level(
    labelled: Sequence[Labelled], episodes: Sequence[Episode], calibrator: Calibrator
) -> float:
    """The likelihood that no more than CROWD_REVIEWED of the worst crowd reach, each by a model
    without it."""
    levels = [0.0]
    for crowd in sorted({each.crowd for each in labelled if each.crowd}):
        places = frozenset(at for at, each in enumerate(labelled) if each.crowd == crowd)
        fitted = fit(episodes, without=places)
        rows = [each.features[np.isin(each.account, list(places))] for each in episodes]
        said = calibrator(fitted.log_odds(np.vstack(rows)))
        accounts = len({int(at) for each in episodes for at in each.account} & places)
        levels.append(float(np.quantile(said, 1 - _share_shown(accounts))))
    return max(levels)


def _share_shown(accounts: int) -> float:
    """The largest share of so many accounts that shows CROWD_REVIEWED not to be passed (Clopper
    and Pearson 1934); 0 where they are too few to show it."""
    from scipy.stats import beta

    count = np.arange(max(accounts, 1))
    upper = beta.ppf(CROWD_CONFIDENCE, count + 1, np.maximum(accounts - count, 1e-9))
    return float(max((upper <= CROWD_REVIEWED).sum() - 1, 0) / max(accounts, 1))


def _reference(labelled: Sequence[Labelled], seed: int) -> list[int]:
    crowd = [at for at, each in enumerate(labelled) if each.crowd is not None]
    rng = np.random.default_rng(seed)
    return sorted(rng.permutation(crowd)[:REFERENCE_ACCOUNTS].tolist())


def _trained_on(labelled: Sequence[Labelled]) -> dict[str, TrainedOn]:
    rows = Counter(each.dataset for each in labelled)
    return {
        name: TrainedOn(rows=count, license=_LICENSE.get(name, "restricted"))
        for name, count in sorted(rows.items())
    }
