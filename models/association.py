"""How likely an account belongs to a group, for groups that were never seen in training.

The features say how far an account stands towards a group's confirmed members, in spreads of a
background (group_index); one small logistic model, learnt across groups, weighs them. It is
calibrated on groups that were left out of its training, and its interval is how far the same
score meant different things for different ones of them.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.activity import (
    AccountActivity,
    Activities,
    main_language,
    objects_of,
    read_activities,
)
from models.cache import CachedEncoder
from models.calibration import EDGE, Calibrator, Floats, sigmoid
from models.encoder import Encoder, load_encoder
from models.evidence import explain
from models.group_index import FEATURES, Crowd, GroupIndex, index_group
from models.packs import Manifest, PackError, read_manifest, read_tensors
from models.routing import (
    Opened,
    Shut,
    Thresholds,
    open_act_lane,
    route_association,
)
from models.text import normalise
from policy.groups import Group
from policy.records import Post
from policy.scores import Association, Share
from policy.use import wilson
from policy.words import Lane

SMALL_BACKGROUND = 50
"""Accounts; a smaller background is filled up to this with the pack's reference crowd. No more
than that: beside a foreign crowd all who share a place and a time look alike."""

CROWDED = 0.1
"""Share of likely members in a background from which they are left out of it. The models learnt
beside backgrounds of which at most .15 were members (training/episodes.py: 120 of 800), and of many
members in one only a part look likely at first."""
UNCROWDED = 0.01
"""Share of likely members at which leaving out ends; the last few do no harm."""

NARRATIVE_NEAR = 0.3
"""Cosine from which a post counts as carrying a narrative; unrelated texts lie below .1."""

MIDDLE = 1.2816
"""Standard deviations that hold the middle 80 % of a normal distribution."""

POST_HALF = 0.5
MEMBER_ABOVE = 0.5
"""Of a background, who is left out of it: a member more likely than not."""

FEWEST_SEEDS = 3
FEWEST_POSTS = 3


@dataclass(frozen=True)
class Index:
    """A group made ready: its yardstick, its seeds' posts, and who shares which object."""

    group: Group
    measure: GroupIndex
    seeds: Activities
    seed_objects: Mapping[str, int]
    """How many seeds share an object, the dossier's own hashtags and domains among them."""
    crowd_objects: Mapping[str, int]
    crowd_size: int
    seed_links: Mapping[str, str]
    """Hash of a technical link's key to its kind, for links of seeds."""
    background: Crowd


@dataclass
class AssociationModel:
    """The association pack, ready to index groups and to score accounts."""

    manifest: Manifest
    weights: Floats
    """(features + 1,): one for each feature and for the logarithm of the posts read."""
    bias: float
    centre: Floats
    scale: Floats
    calibrator: Calibrator
    spread: tuple[Calibrator, ...]
    """One calibrator for each group that was left out in training."""
    post_spread: float
    """How far log-odds stray from those of a long history if read from a single post."""
    post_weights: Floats
    post_bias: float
    post_level: float
    """From here a post counts as the group's; one in twenty posts of others does."""
    thresholds: Thresholds
    languages: frozenset[str]
    reference: Crowd
    encoder_name: str
    cache: Path | None = None
    _encoders: dict[str, Encoder] = field(default_factory=dict)

    @classmethod
    def load(
        cls, folder: Path, *, encoder: str = "minilm", cache: Path | None = None
    ) -> "AssociationModel":
        """Read a pack. `encoder` is the setting CONCERT_ENCODER; `cache` a file of embeddings.

        Raises:
            PackError: the pack is damaged, or was not trained for the encoder or on the features
                that are measured.
        """
        manifest = read_manifest(folder)
        if manifest.kind != "association":
            raise PackError(f"{folder} is a pack of kind {manifest.kind}, not association")
        about = cast(dict[str, Any], manifest.parameters)
        if encoder not in about["routes"]:
            raise PackError(
                f"CONCERT_ENCODER: {folder} was not trained for {encoder!r}, only for"
                f" {', '.join(sorted(about['routes']))}; train one for it"
            )
        if about["features"] != [*FEATURES, "posts"]:
            raise PackError(
                f"{folder} was trained on other features than are measured now; train it anew with"
                " `concert train association`"
            )
        tensors = read_tensors(folder, "reference.safetensors")
        return cls(
            manifest=manifest,
            weights=np.asarray(about["weights"]),
            bias=float(about["bias"]),
            centre=np.asarray(about["centre"]),
            scale=np.asarray(about["scale"]),
            calibrator=Calibrator.model_validate(about["calibrator"]),
            spread=tuple(Calibrator.model_validate(each) for each in about["spread"]),
            post_spread=float(about["post_spread"]),
            post_weights=np.asarray(about["post_weights"]),
            post_bias=float(about["post_bias"]),
            post_level=float(about["post_level"]),
            thresholds=Thresholds.model_validate(about["thresholds"]),
            languages=frozenset(about["languages"]),
            reference=unpack_crowd(tensors),
            encoder_name=about["routes"][encoder],
            cache=cache,
        )

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded on first use."""
        if self.encoder_name not in self._encoders:
            loaded = load_encoder(self.encoder_name)
            cached = CachedEncoder(loaded, self.cache) if self.cache else loaded
            self._encoders[self.encoder_name] = cached
        return self._encoders[self.encoder_name]

    def read(self, accounts: Sequence[AccountActivity]) -> Activities:
        """Read accounts once; the result serves as seeds, background and candidates."""
        return read_activities(accounts, self.encoder)

    def index(self, group: Group, read: Activities, background: Activities | None = None) -> Index:
        """Make a group ready. Its seeds' posts are taken from `read`; all other accounts of
        `read` are the background, unless one is given. Where more than CROWDED of a background
        are likely members, they are left out of it; this helps up to about one half.

        Raises:
            ValueError: no seed of the group has a post in `read` and it has no narrative.
        """
        seeds = read.only(group.seeds)
        # A narrative is what the group says in its own words: it counts as one more seed.
        said = [normalise(text) for text in (*group.narratives, group.purpose) if text.strip()]
        narratives = self.encoder.encode(said).astype(np.float64) if said else None
        others = (background or read).without(group.seeds)
        seed_crowd = Crowd.of(seeds) if len(seeds.owner) else None
        if seed_crowd is None and narratives is None:
            raise ValueError(f"group {group.id}: no posts of a confirmed member and no narrative")

        if seed_crowd is None:
            assert narratives is not None
            seed_crowd = _narrated(said, narratives, self._filled(others))
        crowd = everybody = self._filled(others)
        measure = index_group(group, seed_crowd, crowd, narratives)
        # Where a group is a large part of all, its members would be what is usual. Those that are
        # left out help to find the others, round by round; the seeds alone say who belongs.
        if self._likely(measure, crowd).mean() > CROWDED:
            familiar, wider = measure.familiar, measure
            while (likely := self._likely(wider, crowd)).mean() > UNCROWDED:
                others = others.without([crowd.ids[at] for at in np.flatnonzero(likely)])
                crowd = self._filled(others)
                left = everybody.without(crowd.ids)
                wider = index_group(group, seed_crowd.joined(left), crowd, narratives)
            # Nobody is new to a background for its having been made smaller.
            measure = index_group(group, seed_crowd, crowd, narratives).knowing(left, familiar)
        return Index(
            group=group,
            measure=measure,
            seeds=seeds,
            seed_objects=_shared(seeds)
            | {f"hashtag:{tag.lower().lstrip('#')}": len(group.seeds) for tag in group.hashtags}
            | {f"domain:{name.lower()}": len(group.seeds) for name in group.domains},
            crowd_objects=_shared(others),
            crowd_size=len(others.accounts),
            seed_links={
                link.key_hash: link.kind.value
                for account in seeds.accounts
                for link in account.linkages
            },
            background=crowd,
        )

    def _filled(self, others: Activities) -> Crowd:
        crowd = Crowd.of(others)
        if len(crowd) < SMALL_BACKGROUND:
            crowd = crowd.joined(self.reference.take(np.arange(SMALL_BACKGROUND - len(crowd))))
        return crowd

    def _likely(self, measure: GroupIndex, crowd: Crowd) -> NDArray[np.bool_]:
        """Who of a background is a member more likely than not, (accounts,)."""
        known = np.asarray([bool(each) for each in crowd.ids])
        said = self.calibrator(self.log_odds(measure, crowd))
        return np.asarray((said > MEMBER_ABOVE) & known, dtype=np.bool_)

    def log_odds(self, index: GroupIndex, crowd: Crowd) -> Floats:
        """Raw scores, (accounts,)."""
        measured = (index.features(crowd) - self.centre) / self.scale
        return np.asarray(measured @ self.weights + self.bias, dtype=np.float64)

    def interval(self, raw: Floats, posts: Floats) -> tuple[Floats, Floats]:
        """The middle 80 %: what scores as far off as so few posts may put them meant for each of
        the groups that were left out."""
        off = MIDDLE * self.post_spread / np.sqrt(np.maximum(posts, 1.0))
        spread = self.spread or (self.calibrator,)
        low = np.quantile(np.stack([each(raw - off) for each in spread]), 0.1, axis=0)
        high = np.quantile(np.stack([each(raw + off) for each in spread]), 0.9, axis=0)
        said = self.calibrator(raw)
        return np.minimum(low, said), np.maximum(high, said)

    def score(
        self, read: Activities, index: Index, *, lane: Opened | Shut | None = None
    ) -> list[Association]:
        """One association for each account, in the given order.

        `lane` is what the group's own blind decisions opened; without it, it is worked out here
        from those decisions of the group whose accounts are among the given ones. A seed is
        measured against the other seeds, never against itself.
        """
        if not read.accounts:
            return []
        crowd = Crowd.of(read)
        raw = self.log_odds(index.measure, crowd)
        said = self.calibrator(raw)
        low, high = self.interval(raw, crowd.posts)
        novel = index.measure.novel(crowd)
        if lane is None:
            lane = self._own_lane(index.group, read, said)
        shares = self._primary_use(read, index)
        counts = read.counts()
        found = []
        for row, account in enumerate(read.accounts):
            lang = main_language(account)
            calibrated = (
                lang in self.languages
                and len(index.seeds.accounts) >= FEWEST_SEEDS
                and counts[row] >= FEWEST_POSTS
            )
            where, rule = route_association(
                float(said[row]),
                thresholds=self.thresholds,
                group_lane=lane,
                calibrated=calibrated,
                novel=bool(novel[row]),
            )
            found.append(
                Association(
                    account_id=account.account_id,
                    group_id=index.group.id,
                    probability=float(said[row]),
                    low=float(low[row]),
                    high=float(high[row]),
                    primary_use=shares[row],
                    calibrated=calibrated,
                    # What nobody will look at needs no reasons; they cost most of the time.
                    evidence=()
                    if where is Lane.DISMISS
                    else explain(self, index, read, row, float(raw[row])),
                    lang=lang,
                    lane=where,
                    rule=rule,
                    model=self.manifest.model,
                )
            )
        return found

    def post_likelihoods(self, index: GroupIndex, read: Activities) -> Floats:
        """How much each post reads like the group's own rather than like anybody's, (posts,)."""
        measured = index.post_features(read.vectors.astype(np.float64), read.words, read.objects)
        like = sigmoid(measured[:, :3] @ self.post_weights + self.post_bias)
        # The same subject in other people's words is talk about the group, not the group's talk.
        like = np.where(measured[:, 1] > 0, like, 0.0)
        if len(index.narratives):
            # What the group is designated for is what its narratives say: likeness in other
            # things (greetings, dialect, football) is no propagation of it.
            like = np.where(measured[:, 3] >= NARRATIVE_NEAR, like, 0.0)
        return np.asarray(like, dtype=np.float64)

    def posts_of_groups(
        self, indexes: Mapping[str, Index], posts: Sequence[Post]
    ) -> list[dict[str, tuple[float, str]]]:
        """For each post, by group: how much it reads like the group's own, moved so that one half
        is where a post counts as the group's, and its lane, never `act`."""
        # Each post an account of its own, so that order and copies are kept.
        read = self.read(
            [
                AccountActivity(str(at), (post.model_copy(update={"account_id": str(at)}),))
                for at, post in enumerate(posts)
            ]
        )
        found: list[dict[str, tuple[float, str]]] = [{} for _ in posts]
        level = np.log(self.post_level / (1 - self.post_level))
        for group, index in indexes.items():
            like = np.clip(self.post_likelihoods(index.measure, read), EDGE, 1 - EDGE)
            said = np.clip(sigmoid(np.log(like / (1 - like)) - level), EDGE, 1 - EDGE)
            for row, each in zip(read.owner, said, strict=True):
                lane = Lane.REVIEW if each >= POST_HALF else Lane.DISMISS
                found[int(row)][group] = (float(each), lane.value)
        return found

    def _primary_use(self, read: Activities, index: Index) -> list[Share]:
        carries = self.post_likelihoods(index.measure, read) >= self.post_level
        is_post = np.asarray([post is not None for post in read.posts], dtype=bool)
        rows = len(read.accounts)
        hits = np.bincount(read.owner[carries & is_post], minlength=rows)
        posts = np.bincount(read.owner[is_post], minlength=rows)
        return [wilson(int(hit), int(of)) for hit, of in zip(hits, posts, strict=True)]

    def _own_lane(self, group: Group, read: Activities, said: Floats) -> Opened | Shut:
        place = {account.account_id: row for row, account in enumerate(read.accounts)}
        # A seed's own decision would judge the model on what it was built from.
        seeds: Collection[str] = set(group.seeds)
        return open_act_lane(
            (float(said[place[each.account_id]]), each.member)
            for each in group.decisions
            if each.account_id in place and each.account_id not in seeds
        )


def _narrated(said: Sequence[str], narratives: Floats, crowd: Crowd) -> Crowd:
    from scipy.sparse import csr_matrix

    from models.activity import BUCKETS, hashed_words

    return Crowd(
        vectors=narratives,
        words=hashed_words(said),
        objects=csr_matrix((len(said), BUCKETS), dtype=np.float32),
        # A narrative has no habits of its own: everybody's, so that none counts for or against.
        habits=np.tile(crowd.habits.mean(axis=0), (len(said), 1)),
        posts=np.ones(len(said)),
        ids=("",) * len(said),
    )


def _shared(read: Activities) -> dict[str, int]:
    """How many accounts share each object."""
    seen: dict[int, set[str]] = {}
    for owner, post in zip(read.owner, read.posts, strict=True):
        if post is not None:
            seen.setdefault(int(owner), set()).update(objects_of(post))
    return dict(Counter(each for objects in seen.values() for each in objects))


def pack_crowd(crowd: Crowd) -> dict[str, Any]:
    """A crowd as arrays for a pack: sums for each account, no text and no id."""
    return {
        "vectors": crowd.vectors.astype(np.float16),
        "habits": crowd.habits.astype(np.float32),
        "posts": crowd.posts.astype(np.float32),
        **{
            f"{name}_{part}": getattr(rows, part).astype(kind)
            for name, rows in (("words", crowd.words), ("objects", crowd.objects))
            for part, kind in (("data", np.uint8), ("indices", np.int32), ("indptr", np.int32))
        },
    }


def unpack_crowd(tensors: Mapping[str, Any]) -> Crowd:
    """The reverse of `pack_crowd`."""
    from scipy.sparse import csr_matrix

    from models.activity import BUCKETS

    rows = len(tensors["posts"])

    def sparse(name: str) -> Any:
        parts = tuple(tensors[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
        return csr_matrix((parts[0].astype(np.float32), *parts[1:]), shape=(rows, BUCKETS))

    return Crowd(
        vectors=tensors["vectors"].astype(np.float64),
        words=sparse("words"),
        objects=sparse("objects"),
        habits=tensors["habits"].astype(np.float64),
        posts=tensors["posts"].astype(np.float64),
        ids=("",) * rows,
    )


__all__ = ["FEATURES", "AccountActivity", "AssociationModel", "Index"]
