"""Episodes: one group, a few seeds of it, and accounts to find its other members among.

A model learnt on episodes of many groups learns how belonging looks, not what a group says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.activity import Activities
from models.group_index import Crowd, GroupIndex, index_group
from policy.groups import Group
from training.accounts import Labelled

SEEDS = (3, 10, 30)
POSTS = (1, 3, 10, 30)
FEWEST_TO_FIND = 10
CANDIDATES = 800
MOST_TO_FIND = 120

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Episode:
    """Features and truth of the candidates of one draw, and of a sample of their posts."""

    group: str
    seeds: int
    features: Floats
    member: NDArray[np.bool_]
    account: NDArray[np.int64]
    """Places in the list of labelled accounts."""
    weight: Floats
    """How much each candidate counts."""
    posts: NDArray[np.int64]
    """How many posts were read of each."""
    whole: Floats
    """Features of the same candidates read to all their posts, against the same yardstick."""
    floor: Floats
    """What a plain tf-idf of the seeds says: the mean cosine to them."""
    post_features: Floats
    post_member: NDArray[np.bool_]
    post_account: NDArray[np.int64]
    post_weight: Floats


def groups_of(labelled: Sequence[Labelled], seeds: int) -> list[str]:
    """Groups with enough accounts for so many seeds and some members left to find."""
    names = [each.group for each in labelled if each.group]
    return sorted({name for name in names if names.count(name) >= seeds + FEWEST_TO_FIND})


def draw(
    labelled: Sequence[Labelled],
    read: Activities,
    group: str,
    seeds: int,
    *,
    rng: np.random.Generator,
    posts: int | None = None,
) -> Episode:
    """One episode. Each candidate is read to 1, 3, 10 or 30 posts by chance, or to `posts`."""
    members = np.asarray([at for at, each in enumerate(labelled) if each.group == group])
    chosen = rng.permutation(members)[:seeds]
    rest = rng.permutation(np.setdiff1d(members, chosen))[:MOST_TO_FIND]
    # Who has no label may belong to any group: no proof of a mistake.
    told = [at for at, each in enumerate(labelled) if each.group or each.crowd]
    others = np.setdiff1d(np.asarray(told), members)
    others = rng.permutation(others)[: CANDIDATES - len(rest)]
    candidates = np.concatenate([rest, others])
    everything = read.rows(candidates.tolist())
    seen = _fewer_posts(everything, rng, posts)
    crowd = Crowd.of(seen)
    index = index_group(Group(id=group, name=group), Crowd.of(read.rows(chosen.tolist())), crowd)
    raw = index.raw(crowd)
    member = np.isin(candidates, members)
    weight = np.asarray([labelled[at].weight for at in candidates])
    rows = _sample_posts(seen, member, rng)
    return Episode(
        group=group,
        seeds=seeds,
        features=index.scaled(raw, crowd.posts),
        member=member,
        account=candidates,
        weight=weight,
        posts=crowd.posts.astype(np.int64),
        whole=index.features(Crowd.of(everything)),
        floor=index.floor(crowd),
        post_features=_post_features(index, seen, rows),
        post_member=member[seen.owner[rows]],
        post_account=candidates[seen.owner[rows]],
        post_weight=weight[seen.owner[rows]],
    )


def _post_features(index: GroupIndex, read: Activities, rows: NDArray[np.int64]) -> Floats:
    return index.post_features(
        read.vectors[rows].astype(np.float64), read.words[rows], read.objects[rows]
    )[:, :3]


def _sample_posts(
    read: Activities, member: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """As many posts of members as of others: whether a post reads like the group's is asked of
    one post, not of a population."""
    ours = np.flatnonzero(member[read.owner])
    theirs = np.flatnonzero(~member[read.owner])
    most = min(len(ours), len(theirs), 1000)
    return np.concatenate([rng.permutation(ours)[:most], rng.permutation(theirs)[:most]])


def _fewer_posts(read: Activities, rng: np.random.Generator, posts: int | None) -> Activities:
    kept: list[int] = []
    starts = np.searchsorted(read.owner, np.arange(len(read.accounts) + 1))
    for row in range(len(read.accounts)):
        rows = np.arange(starts[row], starts[row + 1])
        most = posts if posts is not None else int(rng.choice(POSTS))
        kept.extend(sorted(rng.permutation(rows)[:most].tolist()))
    rows = np.asarray(kept, dtype=np.int64)
    return Activities(
        accounts=read.accounts,
        posts=tuple(read.posts[int(row)] for row in rows),
        owner=read.owner[rows],
        vectors=read.vectors[rows],
        words=read.words[rows],
        objects=read.objects[rows],
        habits=read.habits[rows],
    )
