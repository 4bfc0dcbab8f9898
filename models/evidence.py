"""Why an account got its score: what the score loses when a post or an object is left out."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.activity import Activities, hashed_objects, objects_of
from models.group_index import Crowd
from policy.scores import Evidence

if TYPE_CHECKING:
    from models.association import AssociationModel, Index

MOST_POSTS = 5
MOST_OBJECTS = 5
LEAST = 0.01
"""Of log-odds; below that a thing carried nothing."""
_TRIED = 8


def explain(
    model: "AssociationModel", index: "Index", read: Activities, row: int, whole: float
) -> tuple[Evidence, ...]:
    """What carried the score of the account at `row`, heaviest first; technical links before all.

    `whole` is its log-odds with everything. Only what the score falls without is named.
    """
    own = read.rows([row])
    account = own.accounts[0]
    links = tuple(
        Evidence(
            kind="linkage",
            ref=link.key_hash,
            why=f"the same {link.kind.value} as a confirmed member of the group; not part of"
            " the likelihood, a person weighs it",
        )
        for link in account.linkages
        if link.key_hash in index.seed_links
    )
    if not len(own.owner):
        return links
    posts = _posts(model, index, own, whole)
    found = sorted([*posts, *_objects(model, index, own, whole)], key=lambda one: -one.weight)
    carried = tuple(each for each in found if each.weight > LEAST)
    return links + (carried or _together(posts))


def _together(posts: list[Evidence]) -> tuple[Evidence, ...]:
    """Where no single thing carries the score, a person still needs something to look at."""
    return tuple(
        each.model_copy(
            update={"why": f"{each.why}; no single post carries the score", "weight": 0.0}
        )
        for each in posts[:1]
    )


def _posts(
    model: "AssociationModel", index: "Index", own: Activities, whole: float
) -> list[Evidence]:
    likely = model.post_likelihoods(index.measure, own)
    tried = np.argsort(-likely, kind="stable")[:_TRIED]
    if len(own.owner) == 1:
        # Without its only post there is no account to score: all of the score is that post's.
        weights = [whole - float(model.log_odds(index.measure, _empty(own))[0])]
    else:
        weights = list(whole - model.log_odds(index.measure, _without_each(own, tried)))
    found = []
    for at, weight in zip(tried, weights, strict=True):
        post = own.posts[int(at)]
        nearest = _nearest(index, own, int(at))
        found.append(
            Evidence(
                kind="profile" if post is None else "post",
                ref=own.accounts[0].account_id if post is None else post.post_id,
                why=f"reads like the group's own posts ({likely[int(at)]:.0%}){nearest}",
                weight=float(weight),
            )
        )
    return sorted(found, key=lambda each: -each.weight)[:MOST_POSTS]


def _without_each(own: Activities, tried: NDArray[np.int64]) -> Crowd:
    """The account once for each tried post, without that post: (tried,) accounts."""
    whole = Crowd.of(own)
    left = len(own.owner) - 1
    vectors = own.vectors.astype(np.float64)
    habits = own.habits.astype(np.float64)
    return Crowd(
        vectors=(vectors.sum(axis=0) - vectors[tried]) / left,
        words=_less(whole.words, own.words[tried]),
        objects=_less(whole.objects, own.objects[tried]),
        habits=(habits.sum(axis=0) - habits[tried]) / left,
        posts=np.full(len(tried), float(left)),
        ids=(own.accounts[0].account_id,) * len(tried),
    )


def _less(whole: Any, parts: Any) -> Any:
    """One row of counts, once for each part, less that part."""
    from scipy.sparse import vstack

    rest = (vstack([whole] * parts.shape[0], format="csr") - parts).tocsr()
    rest.eliminate_zeros()
    return rest


def _empty(own: Activities) -> Crowd:
    whole = Crowd.of(own)
    return Crowd(
        whole.vectors * 0,
        whole.words * 0,
        whole.objects * 0,
        whole.habits * 0,
        whole.posts * 0,
        whole.ids,
    )


def _nearest(index: "Index", own: Activities, at: int) -> str:
    if not len(index.seeds.owner):
        return ""
    close = index.seeds.vectors @ own.vectors[at]
    best = int(np.argmax(close))
    post = index.seeds.posts[best]
    if post is None or close[best] < 0.4:
        return ""
    member = index.seeds.accounts[int(index.seeds.owner[best])].account_id
    return f"; nearest is post {post.post_id} of the confirmed member {member}"


def _objects(
    model: "AssociationModel", index: "Index", own: Activities, whole: float
) -> list[Evidence]:
    mine = {each for post in own.posts if post is not None for each in objects_of(post)}
    shared = sorted(
        mine & index.seed_objects.keys(),
        key=lambda each: (-index.seed_objects[each], index.crowd_objects.get(each, 0), each),
    )[:_TRIED]
    if not shared:
        return []
    crowd = Crowd.of(own)
    times = np.zeros(len(shared), dtype=np.int64)
    bare = hashed_objects([frozenset({each}) for each in shared])
    without = Crowd(
        crowd.vectors[times],
        crowd.words[times],
        # All of an object's count goes, however often it was shared.
        _less(crowd.objects, bare.multiply(crowd.objects[times])),
        crowd.habits[times],
        crowd.posts[times],
        crowd.ids * len(shared),
    )
    weights = whole - model.log_odds(index.measure, without)
    found = []
    for each, weight in zip(shared, weights, strict=True):
        kind, _, name = each.partition(":")
        found.append(
            Evidence(
                kind="object",
                ref=each,
                why=f"shares the {kind} {name} with {index.seed_objects[each]} of"
                f" {len(index.seeds.accounts)} confirmed members; of {index.crowd_size} other"
                f" accounts {index.crowd_objects.get(each, 0)} do",
                weight=float(weight),
            )
        )
    return sorted(found, key=lambda one: -one.weight)[:MOST_OBJECTS]
