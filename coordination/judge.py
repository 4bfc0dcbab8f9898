"""From tested pairs to findings: which rule each cluster meets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from statistics import pstdev
from types import MappingProxyType

from coordination.findings import (
    AS_BY_CHANCE,
    AUTOMATED,
    BEYOND_CHANCE,
    LINKED,
    MAX_PAIRS_SHOWN,
    TOO_FEW_ACCOUNTS,
    TOO_FEW_TEXTS,
    TOO_LOOSE,
    CoordinationFinding,
    Kind,
    PostPair,
    layer_in_words,
    techniques,
)
from coordination.members import MIN_TEXTS, belonging, core
from coordination.result import Cluster
from coordination.telling import telling

PROOF_KINDS = frozenset({"device", "phone", "payment"})
"""Links that one person or operation holds. Networks are shared by households, newsrooms and
carriers, clients by millions, creation times by anybody who joined that day."""
MAX_HOLDERS = 10
"""Accounts of one key above which it is a counter's, a kiosk's or a reseller's."""
MIN_SEQUENCE = 5
MAX_LAG_SPREAD_S = 2.0
MIN_GROUP = 3


def judge(
    cluster: Cluster,
    keys: Iterable[tuple[str, str, str]],
    clients: Mapping[str, str],
    audience: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> list[CoordinationFinding]:
    """The findings of one cluster.

    `keys` are linkages (kind, key_hash, account_id) of the whole input; `clients` gives the client
    of posts that name one; `audience` says how many accounts of the input posted a text (layer,
    object), where that is known. Members with proof of common control or automation make technical
    findings of their own. Members that are each of the group by the rules of `belonging` are social
    together, unless the proof covers all of them; without such members a cluster is no group.
    """
    found = []
    proven: set[str] = set()
    for members, held in _linked(cluster.accounts, keys):
        kinds = tuple(sorted({kind for kind, _ in held}))
        linked = _technical(cluster, members, LINKED, _by_linkage(members, kinds))
        found.append(replace(linked, linkage_kinds=kinds, keys=held))
        proven |= members
    own = _without_releases(cluster, audience)
    automated = [pair for pair, met in _by_pair(own).items() if _is_automated(met, clients)]
    for members in _components(automated):
        found.append(_technical(cluster, members, AUTOMATED, _by_automation(members)))
        proven |= members
    if proven >= set(cluster.accounts):
        return found
    group = core(cluster.ties)
    if len(cluster.accounts) < MIN_GROUP:
        found.append(_finding(cluster, Kind.INSUFFICIENT, TOO_FEW_ACCOUNTS, _two(cluster)))
    elif not group:
        found.append(_finding(cluster, Kind.INSUFFICIENT, TOO_LOOSE, _loose(cluster)))
    elif not (left := belonging(cluster, group, audience)):
        found.append(_finding(cluster, Kind.INSUFFICIENT, TOO_FEW_TEXTS, _few_texts(group), group))
    elif not proven >= left:
        group = left
        found.append(_finding(cluster, Kind.SOCIAL, BEYOND_CHANCE, _social(cluster, group), group))
    return found


def by_chance(
    accounts: Sequence[str], layers: tuple[str, ...], q: float, window_s: float
) -> CoordinationFinding:
    """Accounts that met repeatedly and no more than chance gives."""
    return CoordinationFinding(
        id=_id(AS_BY_CHANCE, accounts, layers),
        kind=Kind.CHANCE,
        rule=AS_BY_CHANCE,
        layers=layers,
        account_ids=tuple(sorted(accounts)),
        pairs=(),
        pair_count=0,
        p_timing=None,
        p_audience=None,
        q=q,
        window_s=window_s,
        started=None,
        ended=None,
        techniques=(),
        summary=(
            f"{len(accounts)} accounts met repeatedly on {_words(layers)} within {window_s:g} s, "
            "and no more than a shared audience and shared moments give. This is no evidence of "
            "concert, nor proof that there was none."
        ),
    )


def nothing(
    kind: Kind, rule: str, layers: tuple[str, ...], window_s: float, summary: str
) -> CoordinationFinding:
    """An answer about a layer as a whole, naming no account."""
    return CoordinationFinding(
        id=_id(rule, (), layers), kind=kind, rule=rule, layers=layers, account_ids=(), pairs=(),
        pair_count=0, p_timing=None, p_audience=None, q=None, window_s=window_s, started=None,
        ended=None, techniques=(), summary=summary,
    )  # fmt: skip


def _finding(
    cluster: Cluster, kind: Kind, rule: str, summary: str, members: frozenset[str] | None = None
) -> CoordinationFinding:
    accounts = tuple(sorted(members)) if members else cluster.accounts
    inside = [
        pair
        for pair in cluster.pairs
        if members is None or (pair.account_id in members and pair.other_account_id in members)
    ]
    layers = tuple(sorted({pair.layer for pair in inside})) or cluster.layers
    # Of whom it names; what joined others to them says nothing here.
    links = cluster.between(accounts) or cluster.links
    return CoordinationFinding(
        id=_id(rule, accounts, layers),
        kind=kind,
        rule=rule,
        layers=layers,
        account_ids=accounts,
        pairs=tuple(telling(inside, MAX_PAIRS_SHOWN)),
        pair_count=len(inside),
        p_timing=min(link.p_timing for link in links),
        p_audience=min(link.p_audience for link in links),
        q=max(link.q for link in links),
        window_s=cluster.window_s,
        started=min((pair.at for pair in inside), default=cluster.started),
        ended=max((pair.other_at for pair in inside), default=cluster.ended),
        techniques=techniques(layers, rule),
        summary=summary,
    )


def _technical(
    cluster: Cluster, members: frozenset[str], rule: str, summary: str
) -> CoordinationFinding:
    return _finding(cluster, Kind.TECHNICAL, rule, summary, members)


def _linked(
    accounts: Sequence[str], keys: Iterable[tuple[str, str, str]]
) -> list[tuple[frozenset[str], tuple[tuple[str, tuple[str, ...]], ...]]]:
    """Members joined by keys that prove common control; each key's kind, and who holds it."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, key, account in keys:
        if kind in PROOF_KINDS:
            holders[kind, key].add(account)
    members = set(accounts)
    proof = sorted(
        (kind, tuple(sorted(held & members)))
        for (kind, _), held in holders.items()
        if len(held) <= MAX_HOLDERS and len(held & members) >= 2
    )
    ties = [pair for _, held in proof for pair in pairwise(held)]
    return [
        (part, tuple((kind, held) for kind, held in proof if held[0] in part))
        for part in _components(ties)
    ]


def _components(ties: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    part: dict[str, set[str]] = {}
    for a, b in ties:
        merged = part.get(a, {a}) | part.get(b, {b})
        for account in merged:
            part[account] = merged
    return sorted({frozenset(p) for p in part.values()}, key=sorted)


def _without_releases(cluster: Cluster, audience: Mapping[tuple[str, str], int]) -> list[PostPair]:
    """Without texts that more accounts posted outside the cluster than inside: what an agency or a
    press office hands to everybody comes from one source in one order, and proves no one hand."""
    inside: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pair in cluster.pairs:
        inside[pair.layer, pair.object] |= {pair.account_id, pair.other_account_id}
    released = {key for key, held in inside.items() if audience.get(key, 0) > 2 * len(held)}
    return [pair for pair in cluster.pairs if (pair.layer, pair.object) not in released]


def _by_pair(pairs: Iterable[PostPair]) -> dict[tuple[str, str], list[PostPair]]:
    found: dict[tuple[str, str], list[PostPair]] = defaultdict(list)
    for pair in pairs:
        a, b = sorted((pair.account_id, pair.other_account_id))
        found[a, b].append(pair)
    return found


def _is_automated(pairs: Sequence[PostPair], clients: Mapping[str, str]) -> bool:
    """Same objects in the same order, one client, and a lag too regular for hands."""
    first = min(pairs[0].account_id, pairs[0].other_account_id)
    nearest: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    used = set()
    for pair in sorted(pairs, key=lambda p: (p.other_at - p.at, p.at)):
        mine, theirs = pair.at, pair.other_at
        if pair.account_id != first:
            mine, theirs = theirs, mine
        nearest.setdefault((pair.layer, pair.object), (mine, theirs))
        used |= {clients.get(pair.post_id), clients.get(pair.other_post_id)}
    moments = sorted(set(nearest.values()))
    if len(moments) < MIN_SEQUENCE or len(used) != 1 or used == {None}:
        return False
    if all(a.second == 0 and b.second == 0 for a, b in moments):
        return False  # Clocks to the minute cannot show a regular lag.
    in_order = all(before[1] < after[1] for before, after in pairwise(moments))
    return in_order and pstdev((b - a).total_seconds() for a, b in moments) <= MAX_LAG_SPREAD_S


def _id(rule: str, accounts: Iterable[str], layers: Iterable[str]) -> str:
    """The same accounts under the same rule on the same layers keep their id from run to run."""
    text = "\x00".join([rule, *sorted(layers), "", *sorted(accounts)])
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"finding-{digest.hexdigest()}"


def _words(layers: Sequence[str]) -> str:
    return ", ".join(layer_in_words(layer) for layer in layers)


def _social(cluster: Cluster, group: frozenset[str]) -> str:
    inside = sum(p.account_id in group and p.other_account_id in group for p in cluster.pairs)
    q = max(link.q for link in cluster.between(group))
    return (
        f"{len(group)} accounts shared the same {_words(cluster.layers)} within "
        f"{cluster.window_s:g} s in {inside} pairs of posts, more often than a shared "
        f"audience and shared moments give (q at most {q:.2g} for each link). "
        f"{_without_times(cluster, group)}It does not show common control, automation, intent, or "
        "any harm; people who agree to act together look the same."
    )


def _without_times(cluster: Cluster, group: frozenset[str]) -> str:
    if any(link.timed for link in cluster.between(group)):
        return ""
    return "The times alone do not show it: that hardly anybody else wrote these texts does. "


def _few_texts(group: frozenset[str]) -> str:
    return (
        f"{len(group)} accounts shared fewer than {MIN_TEXTS} texts that hardly anybody else "
        "posted, at times that show nothing. More of it could tell a group that copies each other "
        "from people who read the same page."
    )


def _loose(cluster: Cluster) -> str:
    return (
        f"{len(cluster.accounts)} accounts hang together on {_words(cluster.layers)} by single "
        f"links beyond chance (q at most {cluster.q:.2g}), in a chain or a star. Two at a time "
        "they met more often than chance gives; as a group they did not."
    )


def _two(cluster: Cluster) -> str:
    return (
        f"Two accounts shared the same {_words(cluster.layers)} within {cluster.window_s:g} s "
        f"more often than chance gives (q {cluster.q:.2g}). Two are no group, and nothing proves "
        "common control; more posts or linkages could tell."
    )


def _by_linkage(members: frozenset[str], kinds: Sequence[str]) -> str:
    return (
        f"{len(members)} accounts that act in concert beyond chance are joined by shared "
        f"{' and '.join(kinds)} keys. That shows common control, not who holds them, nor any harm."
    )


def _by_automation(members: frozenset[str]) -> str:
    return (
        f"{len(members)} accounts that act in concert beyond chance post the same things in the "
        f"same order from one client, with a lag that varies by at most {MAX_LAG_SPREAD_S:g} s. "
        "That shows automation, not who runs it, nor any harm."
    )
