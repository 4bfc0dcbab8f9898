"""Which few of many pairs of posts tell most: as many objects and accounts as they can."""

from __future__ import annotations

from collections.abc import Sequence

from coordination.findings import PostPair


def telling(pairs: Sequence[PostPair], most: int) -> list[PostPair]:
    """At most `most` pairs, in order of time.

    Each next one brings the most that is new (an object, an account on either side); the earliest
    where several bring as much.
    """
    left = sorted(pairs, key=lambda one: (one.at, one.other_at, one.post_id, one.other_post_id))
    seen: set[tuple[str, str]] = set()
    chosen: list[PostPair] = []
    while left and len(chosen) < most:
        best = max(left, key=lambda pair: len(_about(pair) - seen))
        seen |= _about(best)
        left.remove(best)
        chosen.append(best)
    return sorted(chosen, key=lambda one: (one.at, one.other_at, one.post_id, one.other_post_id))


def _about(pair: PostPair) -> set[tuple[str, str]]:
    return {("", pair.account_id), ("", pair.other_account_id), (pair.layer, pair.object)}
