"""Which few of many pairs of posts tell most: as many objects, accounts and posts as they can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from coordination.findings import PostPair


def telling(pairs: Sequence[PostPair], most: int) -> list[PostPair]:
    """At most `most` pairs, in order of time.

    Each next one brings the most that is new (an object, an account and a post on either side);
    each of these counts half as much with every time that it was shown. The earliest where several
    bring as much.
    """
    left = sorted(pairs, key=lambda one: (one.at, one.other_at, one.post_id, one.other_post_id))
    shown: Counter[tuple[str, str, str]] = Counter()

    def brings(at: int) -> float:
        return -sum(0.5 ** shown[what] for what in _about(left[at]))

    heap = [(brings(at), at) for at in range(len(left))]
    heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < most:
        before, at = heappop(heap)
        now = brings(at)
        if now > before:
            # What was shown since has made it worth less; nothing is ever worth more.
            heappush(heap, (now, at))
            continue
        shown.update(_about(left[at]))
        chosen.append(at)
    return [left[at] for at in sorted(chosen)]


def _about(pair: PostPair) -> set[tuple[str, str, str]]:
    return {
        ("object", pair.layer, pair.object),
        ("account", "", pair.account_id),
        ("account", "", pair.other_account_id),
        ("post", "", pair.post_id),
        ("post", "", pair.other_post_id),
    }
