"""Who is of a group: each member against the group without it.

Pairs are tested two by two, so whoever shares a press release, a feed or something viral with some
of a ring is joined to them. Of the ring is only who is so without what everybody had: by times that
chance does not give, or by texts that are the ring's own when its own posts are left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from coordination.copying import COPYING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coordination.result import Cluster

    Text = tuple[str, str]
    """Layer and object."""

MIN_TIES = 2
"""Members of a group to whom each member must be joined beyond chance. One link alone says that two
met; a person who copies one member of a ring is then not of the ring."""
MIN_TEXTS = 4
"""Own texts that a group must share whose times show nothing. Its pairs are no independent
witnesses: seven people who posted the same three headlines are twenty-one pairs at once."""


def core(ties: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The members that are joined to at least MIN_TIES others of them (Seidman's k-core, 1983)."""
    joined: dict[str, set[str]] = defaultdict(set)
    for a, b in ties:
        joined[a].add(b)
        joined[b].add(a)
    falling = [one for one, others in joined.items() if len(others) < MIN_TIES]
    while falling:
        one = falling.pop()
        for other in joined.pop(one, ()):
            joined[other].discard(one)
            if len(joined[other]) < MIN_TIES:
                falling.append(other)
    return frozenset(joined)


def belonging(
    cluster: Cluster, group: frozenset[str], audience: Mapping[Text, int]
) -> frozenset[str]:
    """The group without those who are in it by what others share as well; empty where none is left.

    `audience` says how many accounts posted a text at all; one that it does not name, nobody else
    did. A member stays that is joined to MIN_TIES others by times that speak, or shares MIN_TEXTS
    of the group's own texts with others of it (half of them, where there are fewer than twice as
    many). A group that stands on texts alone has at least MIN_TEXTS of its own.
    """
    while group:
        kept = _by_times(cluster, group) | _by_texts(cluster, group, audience)
        left = core((a, b) for a, b in cluster.ties if a in kept and b in kept)
        if left == group:
            break
        group = left
    return group


def _by_times(cluster: Cluster, group: frozenset[str]) -> set[str]:
    met = Counter(one for a, b in cluster.timed if a in group and b in group for one in (a, b))
    return {one for one, others in met.items() if others >= MIN_TIES}


def _by_texts(cluster: Cluster, group: frozenset[str], audience: Mapping[Text, int]) -> set[str]:
    holders: dict[Text, set[str]] = defaultdict(set)
    for pair in cluster.pairs:
        if pair.layer in COPYING and pair.account_id in group and pair.other_account_id in group:
            holders[pair.layer, pair.object] |= {pair.account_id, pair.other_account_id}
    texts: Counter[str] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    for (layer, name), held in holders.items():
        everybody = max(audience.get((layer, name), 0), len(held))
        if 2 * len(held) < everybody:
            continue
        texts[layer] += 1
        # Left out at both ends: with its own post, anybody's text is a little more the group's.
        if 2 * (len(held) - 1) >= everybody - 1:
            shared.update((layer, one) for one in held)
    return {
        one
        for (layer, one), count in shared.items()
        if texts[layer] >= MIN_TEXTS and count >= min(MIN_TEXTS, texts[layer] / 2)
    }
