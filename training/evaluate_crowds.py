"""Crowds that a model never saw: how much of them goes to people or would be acted on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from models.association import AssociationModel
from models.routing import Opened
from training.accounts import Labelled
from training.association import fit, leave_groups_out
from training.episodes import Episode
from training.years import a_year

CROWD_YEARS = 20
"""Of each left-out group, with each crowd left out too."""
SURE = 0.95


def measure_crowds(
    model: AssociationModel,
    labelled: Sequence[Labelled],
    episodes: Sequence[Episode],
    asked: Sequence[Episode],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Each crowd by models that never saw it: how much of it goes to people, and how much would
    be in the act lanes that a year's blind decisions on each left-out group open."""
    found = []
    for crowd in sorted({each.crowd for each in labelled if each.crowd}):
        places = frozenset(at for at, each in enumerate(labelled) if each.crowd == crowd)
        fitted = fit(episodes, without=places)
        rows = [episode.features[np.isin(episode.account, list(places))] for episode in episodes]
        said = model.calibrator(fitted.log_odds(np.vstack(rows)))
        seen = {int(at) for each in (*episodes, *asked) for at in each.account} & places
        opened, acted = _acted(model, episodes, asked, places, rng)
        found.append(
            {
                "crowd": crowd,
                "scores": len(said),
                "accounts": len(seen),
                "above_dismiss": float((said >= (model.thresholds.dismiss or 0.0)).mean()),
                "above_95": int((said >= SURE).sum()),
                "lanes": opened,
                "acted": len(acted),
                "acted_at_most": upper_bound(len(acted), len(seen)),
            }
        )
    return sorted(found, key=lambda row: -float(row["above_dismiss"]))


def _acted(
    model: AssociationModel,
    episodes: Sequence[Episode],
    asked: Sequence[Episode],
    places: frozenset[int],
    rng: np.random.Generator,
) -> tuple[int, set[int]]:
    """Lanes that opened on decisions about all but these accounts, and who of these accounts was
    in any of them. The models saw neither the group nor these accounts."""
    rest = [_without(each, places) for each in episodes]
    opened = 0
    acted: set[int] = set()
    for episode, scores in leave_groups_out(rest, asked):
        said = model.calibrator(scores)
        crowd = np.isin(episode.account, list(places))
        for _ in range(CROWD_YEARS):
            lane, _ = a_year(episode.member[~crowd], said[~crowd], rng)
            if isinstance(lane, Opened):
                opened += 1
                acted |= set(episode.account[crowd & (said >= lane.threshold)].tolist())
    return opened, acted


def _without(episode: Episode, places: frozenset[int]) -> Episode:
    """The episode as a model is fitted on it, without these accounts."""
    kept = ~np.isin(episode.account, list(places))
    return replace(
        episode,
        features=episode.features[kept],
        member=episode.member[kept],
        account=episode.account[kept],
        weight=episode.weight[kept],
    )


def upper_bound(found: int, of: int) -> float:
    """The largest share that is not refuted at 95 % by `found` in `of` (Clopper and Pearson 1934).

    >>> round(upper_bound(0, 59), 3)
    0.05
    """
    from scipy.stats import beta

    return float(beta.ppf(0.95, found + 1, of - found)) if found < of else 1.0
