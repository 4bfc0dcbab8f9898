"""Brakes: pulled by a person or by themselves, released by a person; they stop machines at once.

What stands already stays, unless whoever pulls the brake also wants lifted what machines laid.
"""

from sqlalchemy import func, select

from casework import enforce
from casework.ids import new_id
from casework.office import Office
from casework.steps import step
from policy.brake import AUTOMATIC, Brake, BrakeScope, Rate, pull, surfaces_of
from policy.restrictions import Restriction
from policy.words import SubjectKind, UtcDatetime
from store import shelves, tables
from store.work import Reading, Writing


def pull_brake(
    office: Office, scope: BrakeScope, key: str, *, by: str, reason: str, lift: bool = False
) -> tuple[Brake, int]:
    """Stop machines; the brake, and how many restrictions were lifted.

    Args:
        lift: also lift, in the same transaction, all limits in its scope that machines laid.

    Raises:
        Refusal: no person gives a reason, or there is no such surface.
    """

    def do(work: Writing) -> tuple[Brake, int]:
        standing = work.brakes.find(scope=scope.value, key=key, released_at=None)
        if standing:
            made = standing[0]
        else:
            made = pull(new_id("brake"), scope, key, by=by, reason=reason, at=work.now)
            work.save(made, action="brake.pulled", why=made.reason)
        return made, _lift(work, made, reason) if lift else 0

    return office.store.transact(do, actor=by, now=office.now())


def release_brake(office: Office, brake_id: str, *, by: str, reason: str) -> Brake:
    """Let machines act again; what was held is taken up by the next pass.

    Raises:
        NotFound: there is no such brake.
        Refusal: it is released already, or no person gives a reason.
    """

    return step(
        office,
        shelves.BRAKES,
        brake_id,
        lambda one, work: one.release(by=by, reason=reason, at=work.now),
        by=by,
        action="brake.released",
        reason=reason,
    )


class Allowance:
    """How many accounts machines may still limit for a group before they stop by themselves."""

    def __init__(self, work: Writing, group_id: str, rate: Rate) -> None:
        self._work = work
        self._group_id = group_id
        self._rate = rate
        self._limited: int | None = None

    def check(self) -> None:
        """Pull the group's brake where machines have limited as many accounts as they may."""
        work, rate = self._work, self._rate
        if self._limited is None:
            since = max([work.now - rate.within, *_released(work, self._group_id)])
            self._limited = limited_by_machine(work, self._group_id, since)
        if not rate.exceeded(self._limited):
            return
        if work.brakes.find(scope=BrakeScope.GROUP.value, key=self._group_id, released_at=None):
            return
        hours = rate.within.total_seconds() / 3600
        made = pull(
            new_id("brake"),
            BrakeScope.GROUP,
            self._group_id,
            by=AUTOMATIC,
            reason=f"machines limited {self._limited} accounts within {hours:g} hours; "
            f"{rate.accounts} are the most before a person looks",
            at=work.now,
        )
        work.save(made, action="brake.pulled", why=made.reason)

    def used(self) -> None:
        """Note that one account more was limited."""
        if self._limited is not None:
            self._limited += 1


def limited_by_machine(work: Reading, group_id: str, since: UtcDatetime) -> int:
    """How many accounts machines limited on a group's ground after a moment."""
    table = tables.restrictions.c
    query = select(func.count(table.subject_id.distinct())).where(
        table.group_id == group_id,
        table.starts_at > since,
        table.laid_by.startswith("model:"),
        table.subject_kind == SubjectKind.ACCOUNT.value,
    )
    return int(work.connection.execute(query).scalar_one())


def _released(work: Reading, group_id: str) -> list[UtcDatetime]:
    """When people released brakes of this group: what was before that, they have looked at."""
    known = work.brakes.find(scope=BrakeScope.GROUP.value, key=group_id)
    return [one.released_at for one in known if one.released_at is not None]


def _lift(work: Writing, brake: Brake, reason: str) -> int:
    found = [
        one
        for one in work.restrictions.find(
            tables.restrictions.c.laid_by.startswith("model:"), lifted_at=None
        )
        if _in_scope(brake, one)
    ]
    # The machine was stopped, not the account freed by hand: no shield follows from it.
    return len(enforce.lift_standing(work, found, why=reason))


def _in_scope(brake: Brake, one: Restriction) -> bool:
    if brake.scope is BrakeScope.SURFACE:
        return brake.key in surfaces_of(one.kind)
    return brake.stops(one.cause.by, one.ground.group_id, one.kind)
