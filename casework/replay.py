"""Replay: history run again under other settings, to see the difference before anybody is touched.

Each day of a span is walked as the rolling pass would have walked it: accounts that posted on that
day are measured by what they had posted until then. Both sides, as it is and as it would be, stand
on today's dossier and yardstick and on people's answers as they came; only the knobs differ.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import Field

from casework.enforce import behaviour_of
from casework.office import Office
from casework.outcomes import ABOUT_TIES
from casework.scoring import activities
from casework.yardstick import POSTS_READ, Yardstick, candidate_manifest, yardstick
from policy.groups import Group
from policy.life_rules import LifeRule
from policy.records import Post
from policy.scores import Association
from policy.shadow import Knobs, Would, would
from policy.verdicts import AssociationChoice
from policy.words import Refusal, UtcDatetime, Value

DAY = timedelta(days=1)
MOST_DIFFERENT = 1000
"""So many accounts that fare otherwise are named one by one."""

Tell = Callable[[str, int, int], None]


class Fared(Value):
    """How one account fares, over the whole span."""

    limits: int = Field(default=0, ge=0)
    """How often limits would have been laid on it by machine."""
    days_limited: float = 0.0
    asked: int = Field(default=0, ge=0)
    """On how many days a person would have been asked about it."""

    @property
    def most(self) -> Would:
        """The most that was done."""
        return Would.LIMIT if self.limits else Would.ASK if self.asked else Would.NOTHING


class Differs(Value):
    """One account that fares otherwise."""

    account_id: str
    group_id: str
    lang: str
    as_is: Fared
    would_be: Fared


class Row(Value):
    """Accounts of one group and language, by the most that is done to them."""

    group_id: str
    lang: str
    accounts: int
    as_is: dict[Would, int]
    would_be: dict[Would, int]


class Replayed(Value):
    """The difference by group and language, and the accounts that it is made of."""

    since: UtcDatetime
    until: UtcDatetime
    knobs: Knobs
    rows: tuple[Row, ...]
    differ: tuple[Differs, ...] = ()
    differing: int = 0
    """How many accounts fare otherwise, named or not."""
    not_measured: dict[str, str] = Field(default_factory=dict)
    """By group: why it could not be measured."""


@dataclass
class _Life:
    """One account on one side of the comparison."""

    until: datetime | None = None
    limits: int = 0
    limited: timedelta = timedelta(0)
    asked: int = 0

    def step(
        self, wanted: Would, newest: datetime | None, now: datetime, period: timedelta
    ) -> None:
        if wanted is Would.ASK:
            self.asked += 1
        if wanted is not Would.LIMIT or (self.until is not None and now < self.until):
            return
        # Laid again only on behaviour since the last limit ended.
        if self.until is not None and (newest is None or newest <= self.until):
            return
        self.until = now + period
        self.limits += 1
        self.limited += period

    @property
    def fared(self) -> Fared:
        return Fared(limits=self.limits, days_limited=self.limited / DAY, asked=self.asked)


@dataclass
class _Both:
    lang: str = "und"
    as_is: _Life = field(default_factory=_Life)
    would_be: _Life = field(default_factory=_Life)


@dataclass(frozen=True)
class _Side:
    yardstick: Yardstick
    knobs: Knobs
    period: timedelta

    def score(self, accounts: Sequence[str], posts: Mapping[str, Sequence[Post]]) -> "_Scored":
        found = self.yardstick.score(activities(accounts, posts, {}, ()))
        return {one.account_id: one for one in found}


_Scored = dict[str, Association]


def replay(
    office: Office,
    *,
    since: datetime,
    until: datetime,
    knobs: Knobs,
    group_ids: Sequence[str],
    tell: Tell = lambda *_: None,
) -> Replayed:
    """Replay a span of days for some groups, designated or not.

    Raises:
        NotFound: there is no such group.
        PackError: the knobs name models that cannot be read.
        Refusal: the span is empty.
    """
    if not since < until:
        raise Refusal(LifeRule.SHADOW, "until: the span is empty")
    if knobs.models is not None:
        # At once, and not told of each group as if it were the group's fault.
        candidate_manifest(knobs.models)
    rows: list[Row] = []
    differ: list[Differs] = []
    not_measured: dict[str, str] = {}
    for group_id in group_ids:
        with office.store.reading() as work:
            group = work.groups.need(group_id)
        try:
            both = _replay_group(office, group, since=since, until=until, knobs=knobs, tell=tell)
        except ValueError as error:
            not_measured[group_id] = str(error)
            continue
        rows.extend(_rows(group_id, both))
        differ.extend(_differing(group_id, both))
    return Replayed(
        since=since,
        until=until,
        knobs=knobs,
        rows=tuple(rows),
        differ=tuple(differ[:MOST_DIFFERENT]),
        differing=len(differ),
        not_measured=not_measured,
    )


def _replay_group(
    office: Office,
    group: Group,
    *,
    since: datetime,
    until: datetime,
    knobs: Knobs,
    tell: Tell,
) -> dict[str, _Both]:
    said = _answers(office, group.id)
    usual = timedelta(days=office.settings.limit_days)
    as_is = _Side(yardstick(office, group), Knobs(), usual)
    would_be = _Side(
        yardstick(office, group, knobs.models) if knobs.models else as_is.yardstick,
        knobs,
        timedelta(days=knobs.limit_days) if knobs.limit_days else usual,
    )
    both: dict[str, _Both] = {}
    days = list(_days(since, until))
    for number, (begin, end) in enumerate(days):
        tell(f"days of {group.name}", number, len(days))
        active = office.lake.active_between(begin, end)
        if not active:
            continue
        found = office.lake.posts_of(active, limit=5 * POSTS_READ)
        posts = {
            account: [one for one in found[account] if one.created_at and one.created_at < end][
                :POSTS_READ
            ]
            for account in active
        }
        now_is = as_is.score(active, posts)
        same = would_be.yardstick is as_is.yardstick
        now_would = now_is if same else would_be.score(active, posts)
        for account in active:
            lives = both.setdefault(account, _Both())
            lives.lang = now_is[account].lang
            no = any(at < end and not yes for at, yes in said.get(account, ()))
            for side, life, association in (
                (as_is, lives.as_is, now_is[account]),
                (would_be, lives.would_be, now_would[account]),
            ):
                wanted = Would.NOTHING if no else would(association, side.knobs)
                seen = [one.at for one in behaviour_of(posts[account], association)]
                life.step(wanted, max(seen, default=None), end, side.period)
    return both


def _answers(office: Office, group_id: str) -> dict[str, list[tuple[datetime, bool]]]:
    """By account: when people said whether it belongs to the group."""
    found: dict[str, list[tuple[datetime, bool]]] = {}
    with office.store.reading() as work:
        cases = work.cases.find(kind=ABOUT_TIES, group_id=group_id, state="decided", gold=None)
        ids = {f"decision_{case.id}_{case.round}": case.subject_id for case in cases}
        for id_, decision in work.decisions.get_many(ids).items():
            if decision.answer != AssociationChoice.CANNOT_TELL:
                yes = decision.answer == AssociationChoice.ASSOCIATED
                found.setdefault(ids[id_], []).append((decision.at, yes))
    return found


def _days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    begin = since
    while begin < until:
        end = min(begin + DAY, until)
        yield begin, end
        begin = end


def _rows(group_id: str, both: Mapping[str, _Both]) -> Iterator[Row]:
    for lang in sorted({one.lang for one in both.values()}):
        those = [one for one in both.values() if one.lang == lang]
        as_is = Counter(one.as_is.fared.most for one in those)
        would_be = Counter(one.would_be.fared.most for one in those)
        yield Row(
            group_id=group_id,
            lang=lang,
            accounts=len(those),
            as_is={each: as_is[each] for each in Would},
            would_be={each: would_be[each] for each in Would},
        )


def _differing(group_id: str, both: Mapping[str, _Both]) -> Iterator[Differs]:
    for account, one in sorted(both.items()):
        if one.as_is.fared != one.would_be.fared:
            yield Differs(
                account_id=account,
                group_id=group_id,
                lang=one.lang,
                as_is=one.as_is.fared,
                would_be=one.would_be.fared,
            )
