"""Whether a trend is directly linked with a group: who carries it, and what it is about.

Source: "Preventing trends from appearing which are directly linked with groups engaged in
coordinated harmful activity". Both have to be above a stated level: the share of its posts that
come from associated accounts, and its nearness to the group's narratives. Nearness is the median
over accounts, each counted once: a general hashtag that the group floods stays general, because
those whom it belongs to are many and speak of other things.
"""

from pydantic import Field

from policy.life_rules import LifeRule
from policy.reapply import Seen
from policy.scores import Share
from policy.words import Id, Likelihood, Value

POSTS_NEEDED = 20
"""Fewer posts are no trend, and say nothing."""
SHARE_LEVEL = 0.5
"""The share of posts from associated accounts has to lie above it with its whole interval."""
NEAR_LEVEL = 0.3
"""The median account's nearness has to lie above it; unrelated texts lie below .1."""


class TrendFacts(Value):
    """What was counted about one trend within the time looked at."""

    trend: Id
    """As the platform names it, such as `#tag`."""
    group_id: Id
    associated: Share
    """The share of its posts that come from accounts associated with the group."""
    accounts: int = Field(ge=0)
    associated_accounts: int = Field(ge=0)
    nearness: Likelihood
    """Median over accounts of the mean cosine of their posts to the nearest narrative."""
    evidence: tuple[Seen, ...] = ()
    """The newest posts of associated accounts."""


class TrendResult(Value):
    """Whether a trend is the group's, and the rule that says so."""

    facts: TrendFacts
    linked: bool
    rule: str
    clause: str
    why: str


def judge_trend(facts: TrendFacts) -> TrendResult:
    """Tell whether a trend is directly linked with the group."""
    share, near = facts.associated, facts.nearness
    told = (
        f"{share.share:.0%} of {share.posts} posts by {facts.associated_accounts} associated of "
        f"{facts.accounts} accounts (at least {share.low:.0%}); nearness {near:.2f}"
    )
    linked = share.posts >= POSTS_NEEDED and share.low > SHARE_LEVEL and near > NEAR_LEVEL
    rule = LifeRule.TREND_LINKED if linked else LifeRule.TREND_GENERAL
    return TrendResult(facts=facts, linked=linked, rule=rule, clause=rule.clause, why=told)
