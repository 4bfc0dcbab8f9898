"""From pairs beyond chance to clusters: members, leaders, strength, stability."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.chance import benjamini_hochberg, poisson_tail
from coordination.clusters import partition, stability, with_the_lone
from coordination.copying import COPYING
from coordination.result import Cluster, Link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from coordination.chance import Ints
    from coordination.findings import PostPair
    from coordination.tested import Tested

LEADERS = 3
SPEAKING_TIMES = 0.05
"""Expected share of false ones among the ties of a cluster of texts that its times show."""


@dataclass(frozen=True)
class Membership:
    """Which account number is in which cluster (-1: none), and how stable clusters are."""

    of: Ints
    stable: Mapping[int, float]


def membership(reported: Tested, accounts: int, seed: int) -> Membership:
    """Cluster the pairs beyond chance; layers add up to one graph."""
    of = np.full(accounts, -1, dtype=np.int64)
    if len(reported) == 0:
        return Membership(of, {})
    span = np.int64(accounts)
    pair = np.unique(reported.source * span + reported.target)
    source, target = pair // span, pair % span
    members, community = partition(source, target, seed)
    of[members] = with_the_lone(source, target, members, community)
    return Membership(of, stability(source, target, seed))


def clusters(
    reported: Tested,
    member: Membership,
    names: Sequence[str],
    *,
    pairs: Sequence[PostPair],
    layers: Sequence[str],
    windows_s: Sequence[float],
    shuffles: Sequence[tuple[Ints, Ints]],
) -> list[Cluster]:
    """The clusters with all that is known of them, largest first.

    `layers` and `windows_s` are those of the run, in its order. `shuffles` gives for each layer
    the pairs within each cluster as seen, and for each shuffled round (see `level.sample`).
    """
    number = {names[at]: int(member.of[at]) for at in np.flatnonzero(member.of >= 0)}
    members: dict[int, list[str]] = defaultdict(list)
    for name, cluster in number.items():
        members[cluster].append(name)
    inside: dict[int, list[PostPair]] = defaultdict(list)
    for pair in pairs:
        cluster = number[pair.account_id]
        if cluster == number[pair.other_account_id]:
            inside[cluster].append(pair)
    found: list[Cluster] = []
    for cluster in sorted(members, key=lambda c: (-len(members[c]), c)):
        of_source = member.of[reported.source] == cluster
        edges = reported.where(of_source & (member.of[reported.target] == cluster))
        p, error = _sampled(cluster, shuffles)
        mean = np.array([edges.expected.sum()])
        found.append(
            Cluster(
                number=len(found),
                accounts=tuple(sorted(members[cluster])),
                layers=tuple(sorted({pair.layer for pair in inside[cluster]})),
                links=_links(edges, _speak(edges, layers), names),
                pairs=tuple(inside[cluster]),
                p_timing_cluster=p,
                p_error=error,
                p_audience_cluster=float(poisson_tail(mean, np.array([edges.occasions.sum()]))[0]),
                stability=member.stable[cluster],
                window_s=max(windows_s[at] for at in edges.layer),
                leaders=_leaders(inside[cluster]),
            )
        )
    return found


def _speak(edges: Tested, layers: Sequence[str]) -> NDArray[np.bool_]:
    """Which edges of one cluster its times show.

    Where copying is no evidence, nothing but times joined the two; else Benjamini-Hochberg over the
    cluster's edges under the timing null alone.
    """
    by_copying = np.array([name in COPYING for name in layers])[edges.layer]
    return ~by_copying | (benjamini_hochberg(edges.p_timing, len(edges)) <= SPEAKING_TIMES)


def _links(edges: Tested, speak: NDArray[np.bool_], names: Sequence[str]) -> tuple[Link, ...]:
    """One for each pair of accounts, over all layers on which it was reported."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, (a, b) in enumerate(zip(edges.source.tolist(), edges.target.tolist(), strict=True)):
        rows[names[a], names[b]].append(at)
    return tuple(
        Link(
            ends=ends,
            p_timing=float(edges.p_timing[some].min()),
            p_audience=float(edges.p_audience[some].min()),
            q=float(edges.q[some].max()),
            timed=bool(speak[some].any()),
        )
        for ends, some in sorted(rows.items())
    )


def _sampled(
    cluster: int, shuffles: Sequence[tuple[Ints, Ints]]
) -> tuple[float | None, float | None]:
    """p of the pairs within a cluster over all layers, with the standard error of the sample."""
    rounds = min((len(shuffled) for _, shuffled in shuffles), default=0)
    if rounds == 0:
        return None, None
    seen = sum(int(counts[cluster]) for counts, _ in shuffles)
    drawn = np.sum([shuffled[:rounds, cluster] for _, shuffled in shuffles], axis=0)
    p = (1 + int(np.count_nonzero(drawn >= seen))) / (rounds + 1)
    return p, float(np.sqrt(p * (1 - p) / rounds))


def _leaders(pairs: Sequence[PostPair]) -> tuple[str, ...]:
    """Accounts that came first more often than second, most of all first."""
    ahead: Counter[str] = Counter()
    for pair in pairs:
        if pair.at != pair.other_at:
            ahead[pair.account_id] += 1
            ahead[pair.other_account_id] -= 1
    first = sorted((name for name, net in ahead.items() if net > 0), key=lambda n: (-ahead[n], n))
    return tuple(first[:LEADERS])
