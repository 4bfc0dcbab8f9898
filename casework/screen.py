"""Screening: which new posts a person should see, and which people need help.

Concert is no general moderator: rule violations are looked for in the posts of accounts that are
in the act or review lane of a designated group ("Any account engaged in coordinated harmful
activity may also be subject to enforcement action under the Twitter Rules"). Danger to life, a
crisis and suspected child exploitation are looked for in everybody's posts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from casework import evidence as shown
from casework.cases import open_case
from casework.places import places_of
from models.routing import HARM_LANGUAGE, HARM_UNCALIBRATED, within_budget
from policy.at_risk import SafetyLane, safety_lane
from policy.care import SHOWN_FROM, gravity
from policy.cases import CaseKind
from policy.clauses import Clause
from policy.harms import CLAUSE_OF, harms_of
from policy.records import Post
from policy.rules import Rule
from policy.scores import PostScore
from policy.words import Lane, Policy, Severity, SubjectKind
from store import tables
from store.work import Writing

DAILY_GUESSES = 20
"""Cases a day that rest on a guess (a policy or language that was never calibrated)."""
DAILY_POSTS = 100
"""Cases a day about posts in all; danger to life, crises and child exploitation go beyond it."""

_ABOUT_POSTS = frozenset({CaseKind.POST_HARM, CaseKind.SUPPORT, CaseKind.LEGAL})

IMMINENT = 0.5
"""From this likelihood of violence on, a threat is taken for imminent until a person has looked."""


@dataclass(frozen=True)
class Screened:
    """What a batch of posts led to."""

    support: int
    legal: int
    asked: int
    over_budget: int
    """Posts that a person would see if there were more people; none of them restricts anybody."""


def screen(
    work: Writing,
    posts: Sequence[Post],
    scores: Sequence[PostScore],
    *,
    threads: Mapping[str, Post],
    associated: Mapping[str, Collection[str]],
    locations: Mapping[str, str] | None = None,
) -> Screened:
    """Open the cases that new posts give reason for.

    Args:
        posts, scores: in the same order.
        threads: by post id, the posts that others answer.
        associated: accounts in the act or review lane of designated groups, with the groups.
        locations: what authors' profiles say of where they are.
    """
    by_id = {post.post_id: post for post in posts}
    about = work.cases.find(subject_kind=SubjectKind.POST.value, subject_id=list(by_id))
    # A post is asked about once, whatever came of it: an appeal or new posts may change things.
    known = {case.subject_id for case in about if case.kind in _ABOUT_POSTS}
    support = legal = 0
    ordinary: list[PostScore] = []
    asked: set[str] = set()
    for score in scores:
        if score.post_id in known:
            continue
        post = by_id[score.post_id]
        # What the harm model has learned of self-harm is about the author (see docs/models.md).
        safety = safety_lane(score.policies, about_author=True)
        if safety is not None and safety.lane is SafetyLane.LEGAL:
            _seal(work, post)
            legal += 1
        elif safety is not None:
            _help(work, post, score)
            support += 1
        elif _imminent(score) or (score.lane is not Lane.DISMISS and post.account_id in associated):
            # The same words again are no second question.
            words = " ".join(post.text.split())
            if post.reposted_post_id is None and words not in asked:
                asked.add(words)
                ordinary.append(score)
    chosen, left = _within_budgets(work, ordinary)
    for score in chosen:
        post = by_id[score.post_id]
        where = _places(work, associated.get(post.account_id, ()), (locations or {}), post)
        _ask(work, post, score, threads, where)
    return Screened(support=support, legal=legal, asked=len(chosen), over_budget=len(left))


def _within_budgets(
    work: Writing, scores: Sequence[PostScore]
) -> tuple[list[PostScore], list[PostScore]]:
    threats = [one for one in scores if _imminent(one)]
    rest = [one for one in scores if not _imminent(one)]
    guesses = [one for one in rest if one.rule in (HARM_UNCALIBRATED, HARM_LANGUAGE)]
    known = [one for one in rest if one.rule not in (HARM_UNCALIBRATED, HARM_LANGUAGE)]
    today = work.now.replace(hour=0, minute=0, second=0, microsecond=0)
    opened = work.cases.find(
        tables.cases.c.opened_at >= today,
        kind=CaseKind.POST_HARM.value,
        gold=None,
        limit=DAILY_POSTS,
    )
    guessed = sum(case.rule in (HARM_UNCALIBRATED, HARM_LANGUAGE) for case in opened)
    some, over = within_budget(guesses, max(0, DAILY_GUESSES - guessed))
    kept, beyond = within_budget([*known, *some], max(0, DAILY_POSTS - len(opened)))
    return [*threats, *kept], [*over, *beyond]


def _imminent(score: PostScore) -> bool:
    return score.policies[Policy.VIOLENCE] >= IMMINENT and Policy.VIOLENCE not in score.uncalibrated


def _seal(work: Writing, post: Post) -> None:
    # The content is not copied into the case: whoever must report it opens it at its source.
    open_case(
        work,
        kind=CaseKind.LEGAL,
        subject_kind=SubjectKind.POST,
        subject_id=post.post_id,
        rule=Rule.LEGAL_LANE.value,
        severity=Severity.HIGH,
        evidence={"sealed": True, "account_id": post.account_id},
    )


def _help(work: Writing, post: Post, score: PostScore) -> None:
    evidence = shown.for_post(
        rule=Rule.SUPPORT_LANE.value,
        clause=Clause.DUTY_AT_RISK,
        post=post,
        thread=(),
        score=score,
    )
    open_case(
        work,
        kind=CaseKind.SUPPORT,
        subject_kind=SubjectKind.POST,
        subject_id=post.post_id,
        rule=Rule.SUPPORT_LANE.value,
        probability=score.policies[Policy.SELF_HARM],
        severity=gravity(score.policies),
        material=gravity(score.policies),
        policies=_in_question(score),
        evidence=evidence,
    )


def _places(
    work: Writing, groups: Collection[str], locations: Mapping[str, str], post: Post
) -> list[str]:
    """What a post means is read where its author's groups do harm."""
    location = locations.get(post.account_id, "")
    asked: Collection[str | None] = groups or [None]
    found = [places_of(work, group_id, {}, location) for group_id in asked]
    return list(dict.fromkeys(place for places in found for place in places))


def _ask(
    work: Writing,
    post: Post,
    score: PostScore,
    threads: Mapping[str, Post],
    places: Sequence[str],
) -> None:
    answered = threads.get(post.replied_to_post_id or "")
    likeliest = max(score.policies, key=lambda policy: score.policies[policy])
    open_case(
        work,
        kind=CaseKind.POST_HARM,
        subject_kind=SubjectKind.POST,
        subject_id=post.post_id,
        rule=score.rule,
        probability=score.policies[likeliest],
        harm=harms_of(likeliest)[0],
        severity=gravity(score.policies),
        material=gravity(score.policies),
        policies=_in_question(score),
        imminent=_imminent(score),
        places=places,
        evidence=shown.for_post(
            rule=score.rule,
            clause=CLAUSE_OF[harms_of(likeliest)[0]],
            post=post,
            thread=[answered] if answered else (),
            score=score,
        ),
    )


def _in_question(score: PostScore) -> list[Policy]:
    return [policy for policy, likelihood in score.policies.items() if likelihood >= SHOWN_FROM]
