"""Trends: which of the hashtags that associated accounts use are the group's own.

Source: "Preventing trends from appearing which are directly linked with groups engaged in
coordinated harmful activity". Associated are here only accounts that a person confirmed, or that
are limited on the group's ground: the share is a count of decisions, not of likelihoods.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from casework import enforce
from casework.ids import new_id
from casework.office import Office
from policy.designation import Designation
from policy.lay import Opinion, Order, lay
from policy.reapply import Seen
from policy.records import Post
from policy.restrictions import GroundKind
from policy.statements import Found
from policy.trends import POSTS_NEEDED, TrendFacts, TrendResult, judge_trend
from policy.use import wilson
from policy.words import Lane, Refusal, RestrictionKind, SubjectKind, UtcDatetime
from store import tables
from store.work import Reading, Writing

if TYPE_CHECKING:
    from models.encoder import Encoder

Vectors = NDArray[np.float64]

WINDOW = timedelta(days=7)
"""What is a trend is recent: posts of this time are counted."""
MOST_TAGS = 50
"""So many of the hashtags that associated accounts use most are looked at."""
MOST_ACCOUNTS = 1000
"""Of each trend, so many accounts tell what it is about: those who posted last."""
BY = "model:trends-1"

_SURE = Opinion(lane=Lane.ACT, calibrated=True, language_calibrated=True)
"""Both levels are counts of what people and guaranteed lanes decided; nothing is guessed."""


def judge_trends(office: Office, group_id: str) -> list[TrendResult]:
    """Judge the hashtags that a group's associated accounts used lately, most used first.

    Raises:
        NotFound: there is no such group.
    """
    now = office.now()
    with office.store.reading() as work:
        group = work.groups.need(group_id)
        associated = _associated(work, group_id, now) | set(group.seeds)
    if not group.narratives or not associated:
        return []
    since = now - WINDOW
    own = office.lake.posts_of(sorted(associated), since=since)
    used = Counter(tag for posts in own.values() for post in posts for tag in set(post.hashtags))
    tags = [tag for tag, _ in used.most_common(MOST_TAGS)]
    tagged = office.lake.posts_tagged(tags, since=since, until=now)
    enough = [(tag, tagged[tag]) for tag in tags if len(tagged[tag]) >= POSTS_NEEDED]
    if not enough:
        return []
    encoder = office.models.association.encoder
    narratives = _vectors(encoder, group.narratives)
    return [
        judge_trend(
            _facts(f"#{tag}", group_id, posts, associated, encoder=encoder, narratives=narratives)
        )
        for tag, posts in enough
    ]


def block_trends(office: Office, designation: Designation) -> int:
    """Block the trends that are the designated group's own; how many are new.

    Judged only where posts have come since the last time.
    """
    if RestrictionKind.BLOCK_TREND not in designation.measures:
        return 0
    mark, head = f"roll.trends.{designation.id}", str(office.lake.head())
    with office.store.reading() as work:
        if work.cursors.get(mark) == head:
            return 0
    linked = [one for one in judge_trends(office, designation.group_id) if one.linked]

    def do(work: Writing) -> int:
        work.cursors.set(mark, head)
        standing = work.designations.need(designation.id)
        return sum(_block(work, office, standing, one) for one in linked)

    return office.store.transact(do, actor=BY, now=office.now())


def _block(work: Writing, office: Office, designation: Designation, found: TrendResult) -> bool:
    facts = found.facts
    earlier = enforce.on_subject(work, SubjectKind.TREND, facts.trend)
    try:
        restriction = lay(
            Order(
                restriction_id=new_id("restriction"),
                subject_kind=SubjectKind.TREND,
                subject_id=facts.trend,
                kind=RestrictionKind.BLOCK_TREND,
                by=BY,
                reason=found.why,
                evidence=tuple(one.post_id for one in facts.evidence),
            ),
            designation,
            now=work.now,
            protected=False,
            periods=office.periods,
            opinion=_SURE,
            earlier=earlier,
            seen=facts.evidence,
            brakes=enforce.pulled(work),
        )
    except Refusal:
        # It stands already, or a brake or an overdue review holds the machine.
        return False
    name = work.groups.need(designation.group_id).name
    enforce.write(work, restriction, found=Found.MACHINE, group_name=name)
    return True


def _associated(work: Reading, group_id: str, now: UtcDatetime) -> set[str]:
    column = tables.restrictions.c
    limited = work.restrictions.find(
        column.starts_at <= now, group_id=group_id, ground_kind=GroundKind.DESIGNATION.value
    )
    return {
        one.subject_id
        for one in limited
        if one.subject_kind is SubjectKind.ACCOUNT and one.stands(now)
    }


def _facts(
    trend: str,
    group_id: str,
    posts: Sequence[Post],
    associated: set[str],
    *,
    encoder: "Encoder",
    narratives: Vectors,
) -> TrendFacts:
    theirs = [post for post in posts if post.account_id in associated]
    said: dict[str, list[str]] = defaultdict(list)
    for post in reversed(posts):
        if post.account_id in said or len(said) < MOST_ACCOUNTS:
            said[post.account_id].append(post.text)
    owners = [account for account, texts in said.items() for _ in texts]
    vectors = _vectors(encoder, [text for texts in said.values() for text in texts])
    near = np.clip(vectors @ narratives.T, 0.0, 1.0).max(axis=1)
    each: dict[str, list[float]] = defaultdict(list)
    for account, how_near in zip(owners, near, strict=True):
        each[account].append(float(how_near))
    accounts = {post.account_id for post in posts}
    return TrendFacts(
        trend=trend,
        group_id=group_id,
        associated=wilson(len(theirs), len(posts)),
        accounts=len(accounts),
        associated_accounts=len(accounts & associated),
        nearness=float(np.median([np.mean(found) for found in each.values()])),
        evidence=tuple(
            Seen(post_id=post.post_id, at=post.created_at)
            for post in theirs[-20:]
            if post.created_at is not None
        ),
    )


def _vectors(encoder: "Encoder", texts: Sequence[str]) -> Vectors:
    from models.text import normalise

    return np.asarray(encoder.encode([normalise(text) for text in texts]), dtype=np.float64)
