"""From pairs beyond chance to clusters: members, leaders, strength, stability."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.chance import poisson_tail
from coordination.clusters import partition, stability, with_the_lone
from coordination.result import Cluster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coordination.chance import Ints
    from coordination.findings import PostPair
    from coordination.tested import Tested

LEADERS = 3


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
    windows_s: Sequence[float],
    shuffles: Sequence[tuple[Ints, Ints]],
) -> list[Cluster]:
    """The clusters with all that is known of them, largest first.

    `shuffles` gives for each layer the pairs within each cluster as seen, and for each shuffled
    round (see `level.sample`).
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
        layers = tuple(sorted({pair.layer for pair in inside[cluster]}))
        found.append(
            Cluster(
                number=len(found),
                accounts=tuple(sorted(members[cluster])),
                layers=layers,
                ties=_ties(edges, names),
                pairs=tuple(inside[cluster]),
                p_timing=float(edges.p_timing.min()),
                p_audience=float(edges.p_audience.min()),
                q=float(edges.q.max()),
                p_timing_cluster=p,
                p_error=error,
                p_audience_cluster=float(poisson_tail(mean, np.array([edges.occasions.sum()]))[0]),
                stability=member.stable[cluster],
                window_s=max(windows_s[at] for at in edges.layer),
                leaders=_leaders(inside[cluster]),
            )
        )
    return found


def _ties(edges: Tested, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    both = zip(edges.source.tolist(), edges.target.tolist(), strict=True)
    return tuple(sorted({(names[a], names[b]) for a, b in both}))


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
