"""What a reviewer is shown of a coordination finding: posts, pairs, times, chance, and its limits.

In the shape that labeling shows: clause, why_here, group, timeline, findings, posts, facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from coordination.findings import (
    AUTOMATED,
    BEYOND_CHANCE,
    LINKED,
    RULES,
    TECHNIQUES,
    CoordinationFinding,
    PostPair,
    layer_in_words,
)
from coordination.swarm_findings import RULES as SWARM_RULES
from coordination.swarm_findings import SWARM
from coordination.swarms import Swarm
from coordination.telling import telling
from policy.clauses import Clause
from policy.findings import Coordination, Finding
from policy.groups import Group
from policy.records import Post

SHOWN_PAIRS = 8
"""Pairs of posts that a reviewer reads: more tire more than they tell."""
LONGEST_OBJECT = 80

Json = dict[str, Any]

_LIMITS = {
    LINKED: "Who holds the keys, and any harm.",
    AUTOMATED: "Who runs the machine, and any harm.",
    BEYOND_CHANCE: "Common control, automation, intent, or any harm. People who agree to act "
    "together look the same, and so do readers of one source.",
    SWARM: "That the participants read the call, what each of them meant, and who was asked "
    "elsewhere. Some would have written anyway; whoever stood up for the target counts as well.",
}


def posts_of(found: Iterable[CoordinationFinding]) -> list[str]:
    """The posts that are shown of these findings."""
    pairs = [pair for one in found for pair in telling(one.pairs, SHOWN_PAIRS)]
    return sorted({post for pair in pairs for post in (pair.post_id, pair.other_post_id)})


def for_coordination(
    found: CoordinationFinding, finding: Finding, group: Group, posts: Mapping[str, Post]
) -> Json:
    """Whether accounts acted in concert, as a machine found: all that shows it, and its limits."""
    technical = finding.kind is Coordination.TECHNICAL
    clause = Clause.TECHNICAL if technical else Clause.SOCIAL
    pairs = telling(found.pairs, SHOWN_PAIRS)
    return {
        "clause": {"id": clause.value, "text": clause.says},
        "why_here": "A machine found this. What it is, only a person says; social coordination is "
        "no violation by itself, and this answer limits nobody.",
        "group": {"name": group.name, "kind": group.kind.value, "purpose": group.purpose},
        "findings": [finding.model_dump(mode="json")],
        "timeline": _timeline(found),
        "posts": _posts(found, pairs, posts),
        "facts": [[name, value] for name, value in _facts(found, group, len(pairs)) if value],
    }


def _timeline(found: CoordinationFinding) -> list[Json]:
    moments: dict[tuple[datetime, str], Json] = {}
    swarm = found.swarm is not None
    for pair in found.pairs:
        ends = (
            (pair.at, pair.account_id, pair.post_id, "called" if swarm else _on(pair)),
            (
                pair.other_at, pair.other_account_id, pair.other_post_id,
                f"to {pair.object}" if swarm else _on(pair),
            ),
        )  # fmt: skip
        for at, account, post, what in ends:
            moments[at, post] = {
                "at": at.isoformat(), "account": account, "what": what, "post_id": post,
            }  # fmt: skip
    return [moments[key] for key in sorted(moments)]


def _posts(
    found: CoordinationFinding, pairs: Sequence[PostPair], posts: Mapping[str, Post]
) -> list[Json]:
    """Pair after pair, the earlier post first, each post once with all its partners."""
    matched: dict[str, list[str]] = {}
    about: dict[str, tuple[str, datetime]] = {}
    for pair in pairs:
        lag = _lag((pair.other_at - pair.at).total_seconds())
        about.setdefault(pair.post_id, (pair.account_id, pair.at))
        about.setdefault(pair.other_post_id, (pair.other_account_id, pair.other_at))
        if found.swarm is not None:
            matched.setdefault(pair.post_id, ["the call"])
            matched.setdefault(pair.other_post_id, []).append(f"{lag} after the call")
        else:
            matched.setdefault(pair.post_id, []).append(
                f"{lag} before a post of {pair.other_account_id}, {_on(pair)}"
            )
            matched.setdefault(pair.other_post_id, []).append(
                f"{lag} after a post of {pair.account_id}, {_on(pair)}"
            )
    return [
        {
            "post_id": post_id,
            "account": account,
            "text": posts[post_id].text if post_id in posts else "",
            "created_at": at.isoformat(),
            "lang": (posts[post_id].lang or "") if post_id in posts else "",
            "matched": matched[post_id],
        }
        for post_id, (account, at) in sorted(about.items(), key=lambda item: (item[1][1], item[0]))
    ]


def _facts(found: CoordinationFinding, group: Group, pairs: int) -> Iterable[tuple[str, str]]:
    if found.swarm is not None:
        yield from _swarm(found.swarm)
    known = {member.account_id for member in group.members}.intersection(found.account_ids)
    named = f"{len(known)} of {len(found.account_ids)} accounts"
    yield "Known members of the group", f"{named}: {', '.join(sorted(known))}" if known else named
    drawn = "" if found.pair_count == len(found.pairs) else f", {len(found.pairs)} on the time line"
    yield "Pairs of posts", f"{found.pair_count}, of which {pairs} are shown{drawn}"
    if found.q is not None:
        chance = (
            f"q {found.q:.2g}, corrected for all that was looked at; p {found.p_timing:.2g} by "
            f"when they acted, {found.p_audience:.2g} by who acts at all"
        )
        yield "Against chance", chance
    words = {**RULES, **SWARM_RULES}.get(found.rule, "")
    for number, (kind, held) in enumerate(found.keys, start=1):
        yield f"Key {number}, one {kind}", f"{len(held)} accounts: {', '.join(held)}"
    yield "Rule", f"{found.rule}: {words}" if words else found.rule
    yield "Window", _lag(found.window_s)
    yield "DISARM", ", ".join(f"{one} ({TECHNIQUES[one]})" for one in found.techniques)
    yield "What it does not show", _LIMITS.get(found.rule, "Any harm.")


def _swarm(swarm: Swarm) -> Iterable[tuple[str, str]]:
    yield "Called by", f"{swarm.call.account_id}, with post {swarm.call.post_id}"
    others = sorted({call.account_id for call in swarm.other_calls} - {swarm.call.account_id})
    yield "Also called by", ", ".join(others)
    yield "Target", swarm.target
    burst = (
        f"{swarm.accounts} accounts, {swarm.expected:.1f} expected at the target's own base rate, "
        f"{swarm.before} in as long a time before"
    )
    yield "Burst", burst
    ties: dict[str, int] = {}
    for one in swarm.participants:
        for tie in one.ties:
            ties[tie] = ties.get(tie, 0) + 1
    tied = ", ".join(f"{count} by {tie}" for tie, count in sorted(ties.items()))
    own = (
        f"{len(swarm.participants)} of them tied to the caller before they acted ({tied}), "
        f"{swarm.expected_ties:.1f} expected; "
        f"{sum(one.answered for one in swarm.participants)} had passed the call on or answered it"
    )
    yield "The caller's own", own
    yield "Harm of what they wrote", _harm(swarm)


def _harm(swarm: Swarm) -> str:
    if swarm.harms is None:
        return "not scored"
    return "; ".join(
        f"{harm}: {share:.0%} likelier harmful than not (mean {mean:.2f})"
        for harm, (mean, share) in sorted(swarm.harms.items())
    )


def _on(pair: PostPair) -> str:
    same = f"same {layer_in_words(pair.layer)}"
    # The words themselves stand beside it.
    return same if pair.layer in {"text", "near_text"} else f"{same}: {_cut(pair.object)}"


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_OBJECT else f"{name[:LONGEST_OBJECT]}…"


def _lag(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
