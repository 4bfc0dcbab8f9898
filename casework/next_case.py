"""The right case next: for one reviewer, by all the rules at once.

Label Studio cannot do that: it knows neither who may answer what, nor what somebody has seen today.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from pydantic import Field
from sqlalchemy import and_, exists, or_

from casework.house import house_rules
from casework.office import Office
from policy.care import DAY, Blur, Served, blur, is_severe, spared
from policy.cases import Case, CaseKind, CaseState
from policy.review_rules import ReviewRule
from policy.reviewers import Reviewer, barred
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
    until it is answered or skipped.

    Args:
        skip: a case that they were served and would rather leave to others; not served to them
            again for a day. Nobody asks why.

    Raises:
        NotFound: nobody with this e-mail was ever invited.
        Refusal: they are no longer on the roster.
    """

    def do(work: Writing) -> Next:
        reviewer = work.reviewers.need(reviewer_id.casefold())
        if not reviewer.active:
            raise Refusal(ReviewRule.ROSTER, f"{reviewer.id} is no longer on the roster")
        served = work.servings.find(
            tables.servings.c.at > work.now - DAY,
            reviewer_id=reviewer.id,
            order_by=[tables.servings.c.at],
        )
        if skip is not None:
            served = [_skipped(work, one) if one.case_id == skip else one for one in served]
        return _Picker(work, reviewer, lane, served).pick()

    return office.store.transact(do, actor=f"person:{reviewer_id.casefold()}", now=office.now())


def _skipped(work: Writing, served: Served) -> Served:
    if served.skipped:
        return served
    return work.save(served.model_copy(update={"skipped": True}), action="case.skipped")


class _Picker:
    def __init__(
        self, work: Writing, reviewer: Reviewer, lane: Lane, served: Sequence[Served]
    ) -> None:
        self._work = work
        self._reviewer = reviewer
        self._lane = lane
        self._served = served
        self._mine = {(one.case_id, one.round): one for one in served}
        self._rules = house_rules(work)
        self._kept = timedelta(minutes=self._rules.kept_minutes)
        others = work.servings.find(
            tables.servings.c.at > work.now - self._kept,
            tables.servings.c.reviewer_id != reviewer.id,
        )
        self._others = {(one.case_id, one.round) for one in others if not one.skipped}
        self._held_back: Counter[str] = Counter()

    def pick(self) -> Next:
        last: Case | None = None
        while portion := _open_with_task(self._work, after=last):
            for case in portion:
                if self._fits(case):
                    return self._serve(case)
            last = portion[-1]
        why = (
            "what waits is held back for your own sake: rest, or take the break lane"
            if self._held_back
            else "no case waits for you"
        )
        return Next(held_back=self._held_back, why=why)

    def _fits(self, case: Case) -> bool:
        key = (case.id, case.round)
        mine = self._mine.get(key)
        if key in self._others or (mine is not None and mine.skipped):
            return False
        if barred(self._reviewer, case) is not None:
            return False
        if self._lane is Lane.BREAK and is_severe(case):
            return False
        spare = spared(self._reviewer, case, self._served, self._rules, self._work.now)
        if spare is not None:
            self._held_back[spare.rule] += 1
        return spare is None

    def _serve(self, case: Case) -> Next:
        served = self._mine.get((case.id, case.round))
        if served is None or self._work.now >= served.at + self._kept:
            served = Served(
                reviewer_id=self._reviewer.id,
                case_id=case.id,
                round=case.round,
                at=self._work.now,
                severe=is_severe(case),
            )
            # Read first, where it was served before: then it is written over, not a second time.
            self._work.servings.get(served.reviewer_id, served.case_id, str(served.round))
            self._work.save(served, action="case.served")
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
