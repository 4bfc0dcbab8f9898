"""Cases that grow more urgent move up: ranks follow age, in quarters of the service level.

Only cases that passed a quarter since the last look are read, so that a queue of ten thousand costs
no more than what became more urgent in it.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_

from casework.house import RANKED_AT, house_rules
from casework.office import Office
from policy.cases import Case, CaseKind, CaseState
from policy.house import HouseRules
from policy.service import IMMINENT, STEPS, level_of, rank
from policy.words import UtcDatetime
from store import tables
from store.work import Reading, Writing

ACTOR = "system:priorities"
EVERY = timedelta(minutes=1)
AT_ONCE = 500
"""So many at a pass, the most urgent first: writers take turns, and none should wait for long."""


def reprioritise(office: Office) -> int:
    """Rank anew what grew more urgent; how many cases moved.

    Asking again within a minute moves none: the shortest quarter of a level takes 15 minutes.
    """
    now = office.now()
    with office.store.reading() as work:
        kept = work.cursors.get(RANKED_AT)
        if kept and now - datetime.fromisoformat(kept) < EVERY:
            return 0

    def do(work: Writing) -> int:
        moved = sorted(_moved(work, work.now), key=lambda case: -case.priority)
        now_ = moved[:AT_ONCE]
        work.save_all(now_, action="case.ranked", why="its age against the service level")
        if now_ == moved:
            work.cursors.set(RANKED_AT, work.now.isoformat())
        return len(now_)

    return office.store.transact(do, actor=ACTOR, now=now)


def _moved(work: Reading, now: UtcDatetime) -> list[Case]:
    rules = house_rules(work)
    kept = work.cursors.get(RANKED_AT)
    since = [_passed_a_step(rules, datetime.fromisoformat(kept), now)] if kept else []
    moved = []
    for case in work.cases.find(*since, state=CaseState.OPEN.value):
        value = rank(case, rules, now).value
        if value != case.priority:
            moved.append(case.model_copy(update={"priority": value}))
    return moved


def _passed_a_step(rules: HouseRules, since: datetime, now: UtcDatetime) -> ColumnElement[bool]:
    """Opened at a time for which a quarter of a service level ended between the two moments."""
    cases = tables.cases.c
    passed = []
    for kind in CaseKind:
        usual = level_of(kind, rules).total_seconds()
        # Whether a life is in danger is no column: for all, the short level is looked at too.
        for seconds in {usual, IMMINENT.total_seconds()}:
            for step in range(1, STEPS + 1):
                behind = seconds * step / STEPS
                passed.append(
                    and_(
                        cases.kind == kind.value,
                        cases.opened_at > _before(since, behind),
                        cases.opened_at <= _before(now, behind),
                    )
                )
    return or_(*passed)


def _before(moment: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() - seconds, tz=moment.tzinfo)
