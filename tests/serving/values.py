"""What the tests put into a store: restrictions with their statements, a group."""

from datetime import datetime, timedelta

from policy.groups import Group
from policy.restrictions import Cause, Ground, GroundKind, Restriction
from policy.statements import Found, state_reasons
from policy.words import RestrictionKind, SubjectKind
from store.store import Store
from store.work import Writing

DAY = timedelta(days=1)

GROUP = Group(id="owls", name="Owls of the North", narratives=("night is ours",))


def restriction(
    id_: str,
    subject_id: str,
    kind: RestrictionKind,
    *,
    starts_at: datetime,
    expires_at: datetime | None,
    subject_kind: SubjectKind = SubjectKind.ACCOUNT,
    lifted_at: datetime | None = None,
) -> Restriction:
    return Restriction(
        id=id_,
        subject_kind=subject_kind,
        subject_id=subject_id,
        kind=kind,
        ground=Ground(kind=GroundKind.DESIGNATION, ref="designation_1", group_id="owls"),
        cause=Cause(by="person:ada", rule="person.unsure.v1", clause="enforcement.visibility"),
        starts_at=starts_at,
        expires_at=expires_at,
        lifted_at=lifted_at,
        lifted_why="appeal won" if lifted_at else None,
    )


def lay(store: Store, *restrictions: Restriction, now: datetime) -> None:
    """Write restrictions with their statements of reasons."""

    def do(work: Writing) -> None:
        work.save_all(restrictions, action="restriction.laid")
        statements = [
            state_reasons(
                one, statement_id=f"statement_{one.id}", notice_at=now, found=Found.PERSON
            )
            for one in restrictions
        ]
        work.save_all(statements, action="statement.made")

    store.transact(do, actor="person:ada", now=now)


def typical(now: datetime) -> tuple[Restriction, ...]:
    """One of each fate: standing, expired, to come, lifted; a suspension; a post; a trend."""
    limit, search = RestrictionKind.LIMIT_REPLIES, RestrictionKind.LIMIT_SEARCH
    soon, past = now + 30 * DAY, now - DAY
    return (
        restriction("r_search", "a1", search, starts_at=past, expires_at=soon),
        restriction("r_replies", "a1", limit, starts_at=past, expires_at=soon),
        restriction("r_expired", "a2", search, starts_at=past - 30 * DAY, expires_at=past),
        restriction("r_to_come", "a3", search, starts_at=now + DAY, expires_at=soon),
        restriction("r_lifted", "a4", search, starts_at=past, expires_at=soon, lifted_at=past),
        restriction(
            "r_suspended", "a5", RestrictionKind.SUSPEND_ACCOUNT, starts_at=past, expires_at=None
        ),
        restriction(
            "r_post",
            "at://did:plc:x/post/1",
            search,
            starts_at=past,
            expires_at=soon,
            subject_kind=SubjectKind.POST,
        ),
        restriction(
            "r_trend",
            "#owls",
            RestrictionKind.BLOCK_TREND,
            starts_at=past,
            expires_at=soon,
            subject_kind=SubjectKind.TREND,
        ),
    )
