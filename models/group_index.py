"""What a group looks like beside everybody else: the yardstick that accounts are held against.

Nothing here is learnt from other groups' members: a group needs only its seeds and a background,
so one that was never seen in training is measured like any other.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.activity import BUCKETS, Activities, hashed_words
from models.likeness import Blocks, Known
from models.ridge import NOWHERE, Places
from policy.groups import Group

Floats = NDArray[np.float64]

FEATURES = (
    "meaning_told_apart",
    "words_told_apart",
    "objects_told_apart",
    "habits_told_apart",
    "told_apart_nearby",
    "reached",
    "reached_by_words",
    "reached_by_meaning",
)
"""What is measured between an account and a group, each then set against the background.
`told_apart`: by a line between the seeds and the background (models/ridge.py), `nearby` by a
bending one, since a group may pose as several things. `reached`: how surely a walk among accounts
like each other comes to a seed (models/walk.py)."""

MOST_BACKGROUND = 900
"""Accounts that the lines are drawn against; more cost the cube of it and change little."""

_PRIOR_WORDS = 200.0
_NOVEL = 0.01


@dataclass(frozen=True)
class Crowd:
    """Accounts in sums: vectors (n, d) and habits (n, h) as means over posts, words and objects
    (n, BUCKETS) as counts, the number of posts (n,), and ids (n,), empty where unknown."""

    vectors: Floats
    words: Any
    objects: Any
    habits: Floats
    posts: Floats
    ids: tuple[str, ...]

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
            ids=tuple(account.account_id for account in read.accounts),
        )

    def __len__(self) -> int:
        return len(self.posts)

    def take(self, rows: NDArray[np.int64]) -> "Crowd":
        return Crowd(
            self.vectors[rows],
            self.words[rows],
            self.objects[rows],
            self.habits[rows],
            self.posts[rows],
            tuple(self.ids[int(row)] for row in rows),
        )

    def without(self, ids: Collection[str]) -> "Crowd":
        """All whose id is known but these."""
        dropped = {*ids, ""}
        kept = [at for at, each in enumerate(self.ids) if each not in dropped]
        return self.take(np.asarray(kept, dtype=np.int64))

    def joined(self, other: "Crowd") -> "Crowd":
        from scipy.sparse import vstack

        return Crowd(
            np.vstack([self.vectors, other.vectors]),
            vstack([self.words, other.words], format="csr"),
            vstack([self.objects, other.objects], format="csr"),
            np.vstack([self.habits, other.habits]),
            np.concatenate([self.posts, other.posts]),
            (*self.ids, *other.ids),
        )


@dataclass(frozen=True)
class GroupIndex:
    """A group's seeds against a background, ready to measure any account."""

    group: Group
    seeds: Crowd
    middle: Floats
    """Mean vector of the background, (d,)."""
    word_rarity: Floats
    """(BUCKETS,); zero for the group's own name, since to name a group is not to belong to it."""
    object_rarity: Floats
    word_odds: Floats
    """Log-odds of each word bucket among the seeds against the background, (BUCKETS,)."""
    habit_middle: Floats
    habit_scale: Floats
    level: Floats
    """Median of each feature over the background, (features,)."""
    spread: Floats
    narratives: Floats
    """Unit vectors of the group's narratives, (n, d)."""
    places: dict[str, int] = field(default_factory=dict)
    """Which row of seeds and background an account is."""
    fitted: Known | None = None
    """Seeds and background, row by row those of `places`."""
    familiar: float = -1.0
    """Likeness to the nearest other account that 99 % of the background have."""
    beside: Floats | None = None
    """Meaning of accounts left out of the background as likely members, (n, d): nobody is new for
    being like them."""
    beside_ids: tuple[str, ...] = ()

    def raw(self, crowd: Crowd, places: Places | None = None) -> Floats:
        """Features of accounts before they are set against the background, (n, features). What
        stands at `places` is measured as if it had been left out."""
        if places is None:
            places = np.asarray([self.places.get(each, NOWHERE) for each in crowd.ids], np.int64)
        by_line, by_walk = self.known.alike(self.blocks(crowd))
        told = [line(each, places) for line, each in zip(self.known.lines, by_line, strict=True)]
        reached = [walk(each, places) for walk, each in zip(self.known.walks, by_walk, strict=True)]
        return np.column_stack([*told, *reached])

    def floor(self, crowd: Crowd) -> Floats:
        """What a plain tf-idf of the seeds says: mean cosine of words to them, (n,)."""
        rows, seeds = self.blocks(crowd), self.blocks(self.seeds)
        return np.asarray((rows.words @ seeds.words.T).mean(axis=1), dtype=np.float64).ravel()

    @property
    def known(self) -> Known:
        if self.fitted is None:
            raise ValueError(f"group {self.group.id}: the yardstick is not laid yet")
        return self.fitted

    def blocks(self, crowd: Crowd) -> Blocks:
        away = np.clip((crowd.habits - self.habit_middle) / self.habit_scale, -3.0, 3.0)
        return Blocks(
            meaning=_unit(crowd.vectors - self.middle),
            words=_tfidf(crowd.words, self.word_rarity),
            objects=_tfidf(crowd.objects, self.object_rarity),
            habits=away / np.sqrt(max(away.shape[1], 1)),
        )

    def features(self, crowd: Crowd) -> Floats:
        """Features in spreads of the background above its median, far ones drawn in, and how
        much was read: (n, features + 1)."""
        return self.scaled(self.raw(crowd), crowd.posts)

    def scaled(self, raw: Floats, posts: Floats) -> Floats:
        """Raw features as `features` gives them."""
        measured = np.arcsinh(np.clip((raw - self.level) / self.spread, -6.0, 24.0))
        return np.column_stack([measured, np.log1p(posts)])

    def novel(self, crowd: Crowd) -> NDArray[np.bool_]:
        """Whether an account is unlike everybody that the group was told apart from, (n,)."""
        places = np.asarray([self.places.get(each, NOWHERE) for each in crowd.ids], np.int64)
        meaning = _unit(crowd.vectors - self.middle)
        likeness = _likeness(meaning, self.known.rows.meaning, places)
        if self.beside is not None:
            at = {each: place for place, each in enumerate(self.beside_ids)}
            places = np.asarray([at.get(each, NOWHERE) for each in crowd.ids], np.int64)
            likeness = np.maximum(likeness, _likeness(meaning, self.beside, places))
        return likeness < self.familiar

    def knowing(self, left_out: Crowd, familiar: float) -> "GroupIndex":
        """The same yardstick, to which accounts like `left_out` are as little new as they were in
        the background that `familiar` was taken from."""
        if len(left_out) > MOST_BACKGROUND:
            left_out = left_out.take(_spaced(len(left_out)))
        meaning = _unit(left_out.vectors - self.middle)
        return replace(self, familiar=familiar, beside=meaning, beside_ids=left_out.ids)

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
    if len(background) > MOST_BACKGROUND:
        background = background.take(_spaced(len(background)))
    middle = background.vectors.mean(axis=0)
    seen = seeds.joined(background)
    index = GroupIndex(
        group=group,
        seeds=seeds,
        middle=middle,
        word_rarity=_unnamed(group, _rarity(seen.words)),
        object_rarity=_rarity(seen.objects),
        word_odds=_unnamed(group, _odds(seeds.words, background.words)),
        habit_middle=background.habits.mean(axis=0),
        habit_scale=background.habits.std(axis=0) + 0.05,
        level=np.zeros(len(FEATURES)),
        spread=np.ones(len(FEATURES)),
        narratives=np.zeros((0, len(middle))) if narratives is None else narratives,
        places={each: place for place, each in enumerate(seen.ids) if each},
    )
    rows = index.blocks(seen)
    index = replace(index, fitted=Known.fit(rows, len(seeds)))
    places = np.arange(len(seeds), len(seen), dtype=np.int64)
    measured = index.raw(background, places)
    usual = measured[~index.known.presumed()]
    low, level, high = np.quantile(usual, [0.16, 0.5, 0.84], axis=0)
    # Where most of the background shares nothing at all, the spread would be nothing too.
    spread = np.maximum((high - low) / 2, 0.25 * usual.std(axis=0))
    likeness = _likeness(index.blocks(background).meaning, rows.meaning, places)
    return replace(
        index,
        level=level,
        spread=np.maximum(spread, 1e-3),
        familiar=float(np.quantile(likeness, _NOVEL)),
    )


def _spaced(count: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, MOST_BACKGROUND).astype(np.int64)


def _likeness(meaning: Floats, others: Floats, places: Places) -> Floats:
    """Likeness to the nearest of others but oneself, (n,)."""
    alike = meaning @ others.T
    here = np.flatnonzero(places != NOWHERE)
    alike[here, places[here]] = -1.0
    return np.asarray(alike.max(axis=1), dtype=np.float64)


def _unnamed(group: Group, weights: Floats) -> Floats:
    found = weights.copy()
    found[hashed_words([f"{group.name} {group.id}"]).indices] = 0.0
    return found


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


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
