"""The yardstick on made-up accounts of a few directions: who counts as known, and as presumed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.activity import BUCKETS
from models.group_index import FEATURES, Crowd, GroupIndex, index_group
from models.ridge import Floats
from policy.groups import Group

GROUP = Group(id="g", name="G")
TOLD = FEATURES.index("meaning_told_apart")


def _near(rng: np.random.Generator, *directions: int, count: int) -> Floats:
    """Accounts whose posts point in these directions of twelve."""
    found = 0.15 * rng.normal(size=(count, 12))
    found[:, list(directions)] += 1.0
    return np.asarray(found)


def _crowd(vectors: Floats, name: str) -> Crowd:
    count = len(vectors)
    nothing = csr_matrix((count, BUCKETS), dtype=np.float32)
    return Crowd(
        vectors=vectors,
        words=nothing,
        objects=nothing,
        habits=np.zeros((count, 3)),
        posts=np.full(count, 10.0),
        ids=tuple(f"{name}{at}" for at in range(count)),
    )


def _others(rng: np.random.Generator, count: int = 90) -> Floats:
    return np.vstack([_near(rng, 3 + at % 9, count=1) for at in range(count)])


def _laid(background: Floats, seeds: Floats) -> GroupIndex:
    return index_group(GROUP, _crowd(seeds, "seed"), _crowd(background, "b"))


def test_who_is_like_hidden_members_is_found_through_them() -> None:
    rng = np.random.default_rng(3)
    seeds = _near(rng, 0, count=5)
    # Twelve say what the seeds say and something else beside; others say only that something else.
    index = _laid(np.vstack([_others(rng), _near(rng, 0, 1, count=12)]), seeds)
    asked = _crowd(np.vstack([_others(rng, 45), _near(rng, 1, count=5)]), "new")
    reached = index.raw(asked)[:, FEATURES.index("reached")]
    assert reached[45:].min() > reached[:45].max()
    # By the line alone, none of them would stand out.
    told = index.raw(asked)[:, TOLD]
    assert told[45:].max() < told[:45].max()


def test_hidden_members_like_the_seeds_teach_the_lines() -> None:
    rng = np.random.default_rng(8)
    index = _laid(np.vstack([_others(rng), _near(rng, 0, count=8)]), _near(rng, 0, count=5))
    wanted = index.known.lines[TOLD].wanted
    assert wanted[95:].min() > 0.0
    assert wanted[5:95].max() < -0.5


def test_nobody_is_presumed_where_nobody_is_like_the_seeds() -> None:
    rng = np.random.default_rng(4)
    index = _laid(_others(rng), _near(rng, 0, count=5))
    wanted = index.known.lines[TOLD].wanted
    assert wanted[:5].tolist() == [1.0] * 5
    assert wanted[5:].max() < -0.5


@pytest.mark.parametrize("seeds", [1, 2])
def test_seeds_that_are_not_alike_teach_nothing(seeds: int) -> None:
    rng = np.random.default_rng(5)
    apart = np.vstack([_near(rng, at, count=1) for at in range(seeds)])
    index = _laid(_others(rng), apart)
    assert index.known.lines[TOLD].wanted[seeds:].max() == -1.0


def test_nobody_is_new_for_being_like_members_that_were_left_out() -> None:
    rng = np.random.default_rng(6)
    index = _laid(_others(rng), _near(rng, 0, count=5))
    left_out = _crowd(_near(rng, 1, 2, count=20), "left")
    knowing = index.knowing(left_out, index.familiar)
    like_them = _crowd(_near(rng, 1, 2, count=4), "late")
    like_nobody = _crowd(_near(rng, 0, 5, 9, 11, count=4) * [-1.0], "odd")
    assert index.novel(like_them).all()
    assert not knowing.novel(like_them).any()
    assert knowing.novel(like_nobody).all()
    # Who was left out is not known for being like oneself.
    alone = index.knowing(replace(left_out.take(np.asarray([0]))), index.familiar)
    assert alone.novel(left_out.take(np.asarray([0]))).all()
