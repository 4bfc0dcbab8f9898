"""The right case next: for one reviewer, by all the rules at once.

Label Studio cannot do that: it knows neither who may answer what, nor what somebody has seen today.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from pydantic import Field
from sqlalchemy import and_, exists, or_

from casework.house import house_rules
from casework.office import Office
from policy.care import DAY, Blur, Served, blur, is_severe, spared
from policy.cases import Case, CaseKind, CaseState
from policy.review_rules import ReviewRule
from policy.reviewers import barred
from policy.service import due_at
from policy.words import Refusal, UtcDatetime, Value
from store import tables
from store.work import Reading, Writing

PORTION = 200
"""Cases are looked at so many at a time: most often the first few are enough."""


class Lane(StrEnum):
    """Which material a reviewer wants to be served."""

    ANY = "any"
    BREAK = "break"
    """Nothing severe: a lane to rest in without stopping."""


class Next(Value):
    """What a reviewer is to look at next, or why there is nothing."""

    case_id: str | None = None
    round: int | None = None
    kind: CaseKind | None = None
    severe: bool = False
    blur: Blur = Blur.NONE
    due_at: UtcDatetime | None = None
    """When its service level is missed."""
    kept_until: UtcDatetime | None = None
    """Until then it is served to nobody else."""
    project_id: int | None = None
    task_id: int | None = None
    held_back: Mapping[str, int] = Field(default_factory=dict)
    """How many more urgent cases were passed over for the reviewer's own sake, by rule."""
    why: str = ""
    """Why there is no case, in words."""


def next_case(
    office: Office, reviewer_id: str, *, lane: Lane = Lane.ANY, skip: str | None = None
) -> Next:
    """Pick a reviewer's next case and keep it for them for a while.

    The most urgent open case that stands in Label Studio, that they may answer, that no other
    reviewer was served just now, and that care does not hold back. Asked again, the same case comes
    until it is answered or skipped; that, and that there is none, is told without writing anything.

    Args:
        skip: a case that they were served and would rather leave to others; not served to them
            again for a day. Nobody asks why.

    Raises:
        NotFound: nobody with this e-mail was ever invited.
        Refusal: they are no longer on the roster.
    """
    now, me = office.now(), reviewer_id.casefold()
    with office.store.reading() as work:
        # Read first: asking is most often asking again, and writers take turns.
        picker = _Picker(work, me, lane, now, skip=skip)
        case = picker.pick()
        if not picker.skips and not (case and picker.serves(case)):
            return picker.told(case)

    def do(work: Writing) -> Next:
        # Again from the start: another may have been served meanwhile.
        picker = _Picker(work, me, lane, work.now, skip=skip)
        for one in picker.skips:
            work.save(one, action="case.skipped")
        case = picker.pick()
        served = picker.serves(case) if case else None
        if case and served:
            # Read first, where it was served before: then it is written over, not a second time.
            work.servings.get(me, case.id, str(case.round))
            work.save(served, action="case.served")
        return picker.told(case)

    return office.store.transact(do, actor=f"person:{me}", now=now)


class _Picker:
    """Picks a case for one reviewer as of one moment; writes nothing."""

    def __init__(
        self, work: Reading, reviewer_id: str, lane: Lane, now: UtcDatetime, *, skip: str | None
    ) -> None:
        self._reviewer = reviewer = work.reviewers.need(reviewer_id)
        if not reviewer.active:
            raise Refusal(ReviewRule.ROSTER, f"{reviewer.id} is no longer on the roster")
        self._work = work
        self._lane = lane
        self._now = now
        found = work.servings.find(
            tables.servings.c.at > now - DAY,
            reviewer_id=reviewer.id,
            order_by=[tables.servings.c.at],
        )
        self.skips = [
            one.model_copy(update={"skipped": True})
            for one in found
            if one.case_id == skip and not one.skipped
        ]
        skipped = {(one.case_id, one.round): one for one in self.skips}
        self._served = [skipped.get((one.case_id, one.round), one) for one in found]
        self._mine = {(one.case_id, one.round): one for one in self._served}
        self._rules = house_rules(work)
        self._kept = timedelta(minutes=self._rules.kept_minutes)
        others = work.servings.find(
            tables.servings.c.at > now - self._kept,
            tables.servings.c.reviewer_id != reviewer.id,
        )
        self._others = {(one.case_id, one.round) for one in others if not one.skipped}
        self._held_back: Counter[str] = Counter()

    def pick(self) -> Case | None:
        """The most urgent case that fits."""
        last: Case | None = None
        while portion := _open_with_task(self._work, after=last):
            for case in portion:
                if self._fits(case):
                    return case
            last = portion[-1]
        return None

    def _fits(self, case: Case) -> bool:
        key = (case.id, case.round)
        mine = self._mine.get(key)
        if key in self._others or (mine is not None and mine.skipped):
            return False
        if barred(self._reviewer, case) is not None:
            return False
        if self._lane is Lane.BREAK and is_severe(case):
            return False
        spare = spared(self._reviewer, case, self._served, self._rules, self._now)
        if spare is not None:
            self._held_back[spare.rule] += 1
        return spare is None

    def serves(self, case: Case) -> Served | None:
        """What is to be kept, where the case is served anew; None where it is kept already."""
        standing = self._mine.get((case.id, case.round))
        if standing is not None and self._now < standing.at + self._kept:
            return None
        return Served(
            reviewer_id=self._reviewer.id,
            case_id=case.id,
            round=case.round,
            at=self._now,
            severe=is_severe(case),
        )

    def told(self, case: Case | None) -> Next:
        """What the reviewer is told of the case that was picked, or why there is none."""
        if case is None:
            why = (
                "what waits is held back for your own sake: rest, or take the break lane"
                if self._held_back
                else "no case waits for you"
            )
            return Next(held_back=self._held_back, why=why)
        served = self.serves(case) or self._mine[case.id, case.round]
        task = self._work.tasks.need(case.id, str(case.round))
        return Next(
            case_id=case.id,
            round=case.round,
            kind=case.kind,
            severe=is_severe(case),
            blur=blur(case),
            due_at=due_at(case, self._rules),
            kept_until=served.at + self._kept,
            project_id=task.project_id,
            task_id=task.task_id,
            held_back=self._held_back,
        )


def _open_with_task(work: Reading, *, after: Case | None) -> list[Case]:
    """The next portion of open cases that stand in Label Studio, most urgent first."""
    cases, tasks = tables.cases.c, tables.tasks.c
    has_task = exists().where(
        and_(tasks.case_id == cases.id, tasks.round == cases.round, tasks.bound.is_(True))
    )
    where = [has_task, cases.kind != CaseKind.LEGAL.value]
    if after is not None:
        behind = and_(cases.opened_at == after.opened_at, cases.id > after.id)
        level = and_(
            cases.priority == after.priority, or_(cases.opened_at > after.opened_at, behind)
        )
        where.append(or_(cases.priority < after.priority, level))
    return work.cases.find(
        *where,
        state=CaseState.OPEN.value,
        order_by=[cases.priority.desc(), cases.opened_at],
        limit=PORTION,
    )
