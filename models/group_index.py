"""What a group looks like beside everybody else: the yardstick that accounts are held against.

Nothing here is learnt from other groups' members: a group needs only its seeds and a background,
so one that was never seen in training is measured like any other.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.activity import BUCKETS, Activities, hashed_words
from policy.groups import Group

Floats = NDArray[np.float64]

FEATURES = (
    "meaning",
    "meaning_whitened",
    "meaning_nearest",
    "words",
    "words_odds",
    "words_nearest",
    "objects",
    "objects_nearest",
    "habits",
)
"""What is measured between an account and a group, each then set against the background."""

NEAREST = 3
_PRIOR_WORDS = 200.0
_SHRINK = 0.3


@dataclass(frozen=True)
class Crowd:
    """Accounts in sums: vectors (n, d) and habits (n, h) as means over posts, words and objects
    (n, BUCKETS) as counts, and the number of posts (n,)."""

    vectors: Floats
    words: Any
    objects: Any
    habits: Floats
    posts: Floats

    @classmethod
    def of(cls, read: Activities) -> "Crowd":
        posts = read.counts()
        per = np.maximum(posts, 1.0)[:, None]
        return cls(
            vectors=np.asarray(read.summed(read.vectors), dtype=np.float64) / per,
            words=read.summed(read.words).tocsr(),
            objects=read.summed(read.objects).tocsr(),
            habits=np.asarray(read.summed(read.habits), dtype=np.float64) / per,
            posts=posts,
        )

    def __len__(self) -> int:
        return len(self.posts)

    def take(self, rows: Any) -> "Crowd":
        return Crowd(
            self.vectors[rows],
            self.words[rows],
            self.objects[rows],
            self.habits[rows],
            self.posts[rows],
        )

    def joined(self, other: "Crowd") -> "Crowd":
        from scipy.sparse import vstack

        return Crowd(
            np.vstack([self.vectors, other.vectors]),
            vstack([self.words, other.words], format="csr"),
            vstack([self.objects, other.objects], format="csr"),
            np.vstack([self.habits, other.habits]),
            np.concatenate([self.posts, other.posts]),
        )


@dataclass(frozen=True)
class _Seeds:
    """What is the same for every account that is measured: worked out once."""

    away: Floats
    centre: Floats
    direction: Floats
    words: Any
    words_centre: Floats
    things: Any
    things_centre: Floats


@dataclass(frozen=True)
class GroupIndex:
    """A group's seeds against a background, ready to measure any account."""

    group: Group
    seeds: Crowd
    middle: Floats
    """Mean vector of the background, (d,)."""
    whitening: Floats
    """Inverse of the background's covariance, shrunk, (d, d)."""
    word_rarity: Floats
    object_rarity: Floats
    word_odds: Floats
    """Log-odds of each word bucket among the seeds against the background, (BUCKETS,); zero for
    the group's own name, since to name a group is not to belong to it."""
    habit_scale: Floats
    level: Floats
    """Median of each feature over the background, (features,)."""
    spread: Floats
    narratives: Floats
    """Unit vectors of the group's narratives, (n, d)."""

    def raw(self, crowd: Crowd) -> Floats:
        """Features of accounts before they are set against the background, (n, features)."""
        seeds = self._seen
        away = _unit(crowd.vectors - self.middle)
        words = _tfidf(crowd.words, self.word_rarity)
        things = _tfidf(crowd.objects, self.object_rarity)
        grams = np.asarray(crowd.words.sum(axis=1)).ravel()
        habits = np.abs(crowd.habits - self.seeds.habits.mean(axis=0)) / self.habit_scale
        return np.column_stack(
            [
                away @ seeds.centre,
                (crowd.vectors - self.middle) @ seeds.direction,
                _nearest(away @ seeds.away.T),
                words @ seeds.words_centre,
                (crowd.words @ self.word_odds) / (grams + 20.0),
                _nearest((words @ seeds.words.T).toarray()),
                things @ seeds.things_centre,
                _nearest((things @ seeds.things.T).toarray()),
                -habits.mean(axis=1),
            ]
        )

    @cached_property
    def _seen(self) -> "_Seeds":
        middle = self.seeds.vectors.mean(axis=0)
        direction = self.whitening @ (middle - self.middle)
        words = _tfidf(self.seeds.words, self.word_rarity)
        things = _tfidf(self.seeds.objects, self.object_rarity)
        return _Seeds(
            away=_unit(self.seeds.vectors - self.middle),
            centre=_unit((middle - self.middle)[None])[0],
            direction=direction / max(float(np.linalg.norm(direction)), 1e-9),
            words=words,
            words_centre=_centre(words),
            things=things,
            things_centre=_centre(things),
        )

    def features(self, crowd: Crowd) -> Floats:
        """Features in spreads of the background above its median, clipped, and how much was
        read: (n, features + 1)."""
        measured = np.clip((self.raw(crowd) - self.level) / self.spread, -4.0, 12.0)
        return np.column_stack([measured, np.log1p(crowd.posts)])

    def post_features(self, vectors: Floats, words: Any, objects: Any) -> Floats:
        """Features of single posts: likeness in meaning (0 the background's middle, 1 the
        seeds'), in words, shared objects, and nearness to a narrative; (posts, 4)."""
        towards = self.seeds.vectors.mean(axis=0) - self.middle
        meaning = (vectors - self.middle) @ towards / max(float(towards @ towards), 1e-6)
        grams = np.asarray(words.sum(axis=1)).ravel()
        spoken = (words @ self.word_odds) / (grams + 4.0)
        ours = np.asarray((self.seeds.objects > 0).mean(axis=0)).ravel() * self.object_rarity
        shared = np.minimum(objects @ ours, 5.0)
        near = (
            np.max(vectors @ self.narratives.T, axis=1)
            if len(self.narratives)
            else np.zeros(len(vectors))
        )
        return np.column_stack([np.clip(meaning, -4, 8), spoken, shared, near])


def index_group(
    group: Group, seeds: Crowd, background: Crowd, narratives: Floats | None = None
) -> GroupIndex:
    """Lay the yardstick for one group.

    `background`: accounts of the same time and places, not sorted for this group; some members
    among them do no harm. Raises ValueError without a seed or a background.
    """
    if not len(seeds) or not len(background):
        raise ValueError(f"group {group.id}: needs posts of a confirmed member and a background")
    middle = background.vectors.mean(axis=0)
    seen = background.joined(seeds)
    index = GroupIndex(
        group=group,
        seeds=seeds,
        middle=middle,
        whitening=_whitening(background.vectors - middle),
        word_rarity=_rarity(seen.words),
        object_rarity=_rarity(seen.objects),
        word_odds=_unnamed(group, _odds(seeds.words, background.words)),
        habit_scale=background.habits.std(axis=0) + 0.1,
        level=np.zeros(len(FEATURES)),
        spread=np.ones(len(FEATURES)),
        narratives=np.zeros((0, len(middle))) if narratives is None else narratives,
    )
    measured = index.raw(background)
    low, level, high = np.quantile(measured, [0.16, 0.5, 0.84], axis=0)
    # Where most of the background shares nothing at all, the spread would be nothing too.
    spread = np.maximum((high - low) / 2, 0.25 * measured.std(axis=0))
    return replace(index, level=level, spread=np.maximum(spread, 1e-3))


def _unnamed(group: Group, odds: Floats) -> Floats:
    found = odds.copy()
    found[hashed_words([f"{group.name} {group.id}"]).indices] = 0.0
    return found


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _nearest(similar: Floats) -> Floats:
    count = min(NEAREST, similar.shape[1])
    return np.asarray(np.sort(similar, axis=1)[:, -count:].mean(axis=1))


def _whitening(away: Floats) -> Floats:
    # Ledoit and Wolf's idea with a fixed share: few accounts, many dimensions.
    covariance = away.T @ away / max(len(away), 1)
    mean = float(np.trace(covariance)) / len(covariance)
    shrunk = (1 - _SHRINK) * covariance + (_SHRINK * mean + 1e-6) * np.eye(len(covariance))
    return np.asarray(np.linalg.inv(shrunk))


def _rarity(counts: Any) -> Floats:
    held = np.bincount(counts.indices, minlength=BUCKETS)
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + held)) + 1.0)


def _tfidf(counts: Any, rarity: Floats) -> Any:
    from scipy.sparse import diags
    from sklearn.preprocessing import normalize

    found = counts.astype(np.float64)
    found.eliminate_zeros()
    found.data = 1.0 + np.log(found.data)
    return normalize((found @ diags(rarity)).tocsr())


def _centre(rows: Any) -> Floats:
    middle = np.asarray(rows.mean(axis=0)).ravel()
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9))


def _odds(seeds: Any, background: Any) -> Floats:
    """Log-odds with the background as an informative prior (Monroe et al. 2008)."""
    everywhere = np.asarray(background.sum(axis=0)).ravel() + 0.1
    usual = everywhere / everywhere.sum()
    # An account that posts a lot speaks for itself, not for the group: each seed counts alike.
    each = seeds.multiply(1.0 / np.maximum(np.asarray(seeds.sum(axis=1)), 1.0)).tocsr()
    share = np.asarray(each.mean(axis=0)).ravel()
    spoken = float(seeds.sum())
    prior = min(_PRIOR_WORDS, spoken) / max(spoken, 1.0) + 0.05
    return np.asarray(np.log((share + prior * usual) / ((1 + prior) * usual)))
