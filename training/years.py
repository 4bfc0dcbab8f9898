"""A year of blind decisions on one group, simulated: does its act lane open, and does it hold?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats
from models.routing import Opened, Shut, open_act_lane

PRECISION = 0.95
YEARS = 200
DECISIONS = 150
"""Blind decisions on a group in a simulated year."""
POPULATION = 3000
QUEUE = 400
"""The surest accounts of a year: those that come first in the queue."""


def a_year(
    member: NDArray[np.bool_], said: Floats, rng: np.random.Generator
) -> tuple[Opened | Shut, NDArray[np.int64]]:
    """A year brings POPULATION accounts like the episode's. Of the surest QUEUE of them people
    decide DECISIONS blind, drawn at random; the others are what the lane is judged on."""
    year = rng.integers(0, len(said), POPULATION)
    top = year[np.argsort(-said[year], kind="stable")][:QUEUE]
    asked = rng.permutation(len(top)) < DECISIONS
    lane = open_act_lane((float(said[at]), bool(member[at])) for at in top[asked])
    return lane, top[~asked]


def many_years(
    group: str, member: NDArray[np.bool_], said: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    """Many years of one group: how often its lane opens, and what the others in it are."""
    opened, held, shares, right = 0, 0, [], 0
    for _ in range(YEARS):
        lane, rest = a_year(member, said, rng)
        if not isinstance(lane, Opened):
            continue
        opened += 1
        rest = rest[said[rest] >= lane.threshold]
        precision = float(member[rest].mean()) if len(rest) else 1.0
        held += precision >= PRECISION
        shares.append(len(rest))
        right += int(member[rest].sum())
    return {
        "group": group,
        "members": int(member.sum()),
        "opened": opened / YEARS,
        "held": held / opened if opened else None,
        "broken": (opened - held) / YEARS,
        "undecided_in_lane": float(np.mean(shares)) if shares else 0.0,
        "precision": right / sum(shares) if sum(shares) else None,
    }
