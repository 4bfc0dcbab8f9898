"""What a reviewer is shown, built once when a case is opened and frozen with it.

Plain JSON in the shape that labeling shows: clause, why_here, group, profile, post, posts, thread,
facts, opinion, proposal, statement. A blind case bears no opinion at all.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from policy.clauses import Clause
from policy.groups import Group
from policy.protected import ProtectedAccount
from policy.records import Account, Post
from policy.rules import RULES
from policy.scores import Association, PostScore
from policy.words import Policy

SHOWN_POSTS = 12
"""So many posts are shown; more tire more than they tell."""
SEVERE = frozenset({Policy.VIOLENCE, Policy.EXTREMISM, Policy.HATE, Policy.SELF_HARM})

Json = dict[str, Any]


def for_association(
    *,
    rule: str,
    group: Group,
    profile: Account | None,
    posts: Sequence[Post],
    association: Association,
    protected: ProtectedAccount | None,
    blind: bool,
) -> Json:
    """Whether an account is associated with a group: its profile, its posts and what matched."""
    shown: Json = {
        "clause": _clause(Clause.ROLLING),
        "why_here": _why_here(rule),
        "group": _group(group),
        "profile": _profile(association.account_id, profile, protected),
        "posts": _posts(posts, association, blind=blind),
    }
    if not blind:
        shown["facts"] = [
            [_FACT[one.kind], f"{one.ref}: {one.why}"]
            for one in association.evidence
            if one.kind != "post"
        ]
        shown["opinion"] = {
            "statement": "the account is associated with the group",
            "likelihood": association.probability,
            "low": association.low,
            "high": association.high,
            "calibrated": association.calibrated,
            "reasons": [_primary_use(association)],
            "model": association.model,
        }
    return shown


def for_post(
    *, rule: str, clause: Clause, post: Post, thread: Sequence[Post], score: PostScore
) -> Json:
    """Whether a post breaks a rule: the post, what it answers, and which rules are in question."""
    likely = sorted(score.policies.items(), key=lambda item: -item[1])[:3]
    return {
        "clause": _clause(clause),
        "why_here": _why_here(rule),
        "post": _post(post, severe=_severe(score)),
        "thread": [_post(one, severe=False) for one in thread],
        "opinion": {
            "statement": f"the post breaks the rule on {likely[0][0].replace('_', ' ')}",
            "likelihood": likely[0][1],
            "calibrated": likely[0][0] not in score.uncalibrated,
            "reasons": [
                f"{policy.replace('_', ' ')}: {likelihood:.0%}"
                + (" (a guess: never calibrated)" if policy in score.uncalibrated else "")
                for policy, likelihood in likely
            ],
            "model": score.model,
            # Not shown: what answers are held against later, policy by policy.
            "policies": {policy.value: score.policies[policy] for policy in score.policies},
        },
    }


def for_second_look(first: Mapping[str, Any], *, account_id: str, proposal: str) -> Json:
    """Whether a proposed suspension is right: what the first reviewer saw, without opinions."""
    kept = ("clause", "group", "profile", "posts", "post", "thread", "facts")
    shown = {name: first[name] for name in kept if name in first}
    shown.setdefault("profile", {"account_id": account_id})
    return shown | {"clause": _clause(Clause.SUSPENSION), "proposal": proposal}


def for_technical(
    *,
    rule: str,
    account_id: str,
    profile: Account | None,
    posts: Sequence[Post],
    proposal: str,
) -> Json:
    """Whether an account of a proven technical finding is to be suspended."""
    return {
        "clause": _clause(Clause.TECHNICAL_PROVEN),
        "why_here": _why_here(rule),
        "profile": _profile(account_id, profile, None),
        "posts": [_post(post) for post in sorted(posts, key=_when)],
        "proposal": proposal,
    }


def for_appeal(*, proposal: str, statement: str, clause: Clause) -> Json:
    """Whether a restriction was right: what was laid and why, and what the person says."""
    return {"clause": _clause(clause), "proposal": proposal, "statement": statement}


_FACT = {
    "object": "Shared with known members",
    "profile": "Profile",
    "linkage": "Technical link",
    "coordination": "Coordination",
}


def _clause(clause: Clause) -> Json:
    return {"id": clause.value, "text": clause.says}


def _why_here(rule: str) -> str:
    known = RULES.get(rule)
    return known.says if known else _ROUTING.get(rule, rule)


_ROUTING = {
    "routing.association.shut.v1": "The score is high, but too few blind decisions on this group "
    "have shown that high scores are right.",
    "routing.association.review.v1": "The score is too uncertain to act on.",
    "routing.association.uncalibrated.v1": "The score was never calibrated for accounts like this.",
    "routing.association.novel.v1": "The score is high, but the account is unlike all others that "
    "the group was told apart from.",
    "routing.harm.novel.v1": "The score is high, but the post is unlike all that it was tried on.",
    "routing.harm.act.v1": "The score is high; only a person requires a removal.",
    "routing.harm.review.v1": "The score is too uncertain to act on.",
    "routing.harm.language.v1": "The model was never calibrated in this language.",
    "routing.harm.uncalibrated.v1": "The model only guesses at this rule.",
    "review.sample.v1": "A share of all accounts is reviewed blind, to keep the scores honest.",
}


def _group(group: Group) -> Json:
    return {
        "name": group.name,
        "kind": group.kind.value,
        "purpose": group.purpose,
        "narratives": list(group.narratives),
        "hashtags": list(group.hashtags),
        "domains": list(group.domains),
    }


def _profile(account_id: str, profile: Account | None, protected: ProtectedAccount | None) -> Json:
    known = profile.model_dump(mode="json") if profile else {}
    return known | {
        "account_id": account_id,
        "protected": protected.kind.value if protected else "",
    }


def _posts(posts: Sequence[Post], association: Association, *, blind: bool) -> list[Json]:
    """The posts that carried the score first, then the newest, then all by time."""
    matched: dict[str, list[str]] = {}
    for one in association.evidence:
        if one.kind == "post":
            matched.setdefault(one.ref, []).append(one.why)
    newest = sorted(posts, key=_when, reverse=True)
    chosen = sorted(newest, key=lambda post: post.post_id not in matched)[:SHOWN_POSTS]
    return [
        _post(post, matched=() if blind else matched.get(post.post_id, ()))
        for post in sorted(chosen, key=_when)
    ]


def _when(post: Post) -> float:
    return post.created_at.timestamp() if post.created_at else 0.0


def _post(post: Post, *, matched: Sequence[str] = (), severe: bool = False) -> Json:
    return {
        "post_id": post.post_id,
        "account": post.account_id,
        "text": post.text,
        "created_at": post.created_at.isoformat() if post.created_at else None,
        "lang": post.lang or "",
        "matched": list(matched),
        "severe": severe,
    }


def _severe(score: PostScore) -> bool:
    return any(score.policies.get(policy, 0.0) >= 0.5 for policy in SEVERE)


def _primary_use(association: Association) -> str:
    use = association.primary_use
    return (
        f"{use.share:.0%} of its {use.posts} recent posts spread or encourage the group's harmful "
        f"activity (between {use.low:.0%} and {use.high:.0%})"
    )
