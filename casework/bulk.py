"""Bulk actions: many accounts limited or freed at once, by two people, and undone as one.

Each account is judged by the same rules as alone: what they refuse is left alone and named.
"""

from collections.abc import Sequence

from casework import enforce
from casework.ids import new_id
from casework.office import Office
from casework.standing import standing_of
from casework.steps import step
from policy.appeals import AppealState
from policy.bulk import BulkAction, BulkKind, propose_bulk
from policy.reapply import Seen
from policy.restrictions import GroundKind, Restriction
from policy.rules import Rule
from policy.statements import Found
from policy.words import Refusal, SubjectKind
from store import shelves
from store.work import Writing


def act_on_many(
    office: Office,
    kind: BulkKind,
    group_id: str,
    account_ids: Sequence[str],
    *,
    by: str,
    reason: str,
) -> BulkAction:
    """Limit or free many accounts; more than a few wait for a second person.

    Raises:
        NotFound: there is no such group.
        Refusal: no person gives a reason; too many accounts; the group is not designated.
    """
    seen = _seen(office, account_ids) if kind is BulkKind.LIMIT else {}

    def do(work: Writing) -> BulkAction:
        work.groups.need(group_id)
        made = propose_bulk(
            new_id("bulk"), kind, group_id, account_ids, by=by, reason=reason, at=work.now
        )
        work.save(made, action="bulk.proposed", why=reason)
        if made.needs_second:
            return made
        return _carry_out(work, office, made, seen, seconded_by=None)

    return office.store.transact(do, actor=by, now=office.now())


def approve(office: Office, bulk_id: str, *, by: str, reason: str) -> BulkAction:
    """Carry out, as the second person, what another proposed.

    Raises:
        NotFound: there is no such action.
        Refusal: it waits for nobody, or the same person proposed it.
    """
    with office.store.reading() as work:
        proposed = work.bulk_actions.need(bulk_id)
    seen = _seen(office, proposed.account_ids) if proposed.kind is BulkKind.LIMIT else {}

    def do(work: Writing) -> BulkAction:
        made = work.bulk_actions.need(bulk_id)
        made.check_second(by, reason)
        return _carry_out(work, office, made, seen, seconded_by=by)

    return office.store.transact(do, actor=by, now=office.now())


def decline(office: Office, bulk_id: str, *, by: str, reason: str) -> BulkAction:
    """Turn a proposed action down.

    Raises:
        NotFound: there is no such action.
        Refusal: it waits for nobody, or the same person proposed it.
    """

    return step(
        office,
        shelves.BULK_ACTIONS,
        bulk_id,
        lambda one, work: one.decline(by=by, reason=reason, at=work.now),
        by=by,
        action="bulk.declined",
        reason=reason,
    )


def undo(office: Office, bulk_id: str, *, by: str, reason: str) -> BulkAction:
    """Take back, as one, all that an action did: what it laid is lifted, what it lifted stands.

    What has ended by itself since, or fell with its ground, stays ended; and so does what was
    lifted while an appeal against it was open, or was found wrong by one.

    Raises:
        NotFound: there is no such action.
        Refusal: it was not carried out, or was undone.
    """

    def take_back(work: Writing, undone: BulkAction) -> None:
        touched = work.restrictions.get_many(undone.restriction_ids).values()
        if undone.kind is BulkKind.LIMIT:
            enforce.lift_standing(work, touched, why=f"the action was undone: {reason}", by=by)
        else:
            for one in touched:
                _restore(work, one)

    return step(
        office,
        shelves.BULK_ACTIONS,
        bulk_id,
        lambda one, work: one.undo(by=by, reason=reason, at=work.now),
        by=by,
        action="bulk.undone",
        reason=reason,
        then=take_back,
    )


def _carry_out(
    work: Writing,
    office: Office,
    made: BulkAction,
    seen: dict[str, list[Seen]],
    *,
    seconded_by: str | None,
) -> BulkAction:
    touched: list[str] = []
    left_alone: dict[str, str] = {}
    for account_id in made.account_ids:
        try:
            if made.kind is BulkKind.LIMIT:
                done = _limit(
                    work, office, made, account_id, seen[account_id], seconded_by=seconded_by
                )
            else:
                done = _lift(work, made, account_id)
        except Refusal as refusal:
            left_alone[account_id] = str(refusal)
            continue
        if not done:
            left_alone[account_id] = "there was nothing to do"
        touched.extend(one.id for one in done)
    changed = made.done(touched, left_alone, seconded_by=seconded_by)
    return work.save(changed, action="bulk.done", why=made.reason)


def _limit(
    work: Writing,
    office: Office,
    made: BulkAction,
    account_id: str,
    seen: list[Seen],
    *,
    seconded_by: str | None,
) -> list[Restriction]:
    designation = standing_of(work, made.group_id)
    if designation is None:
        raise Refusal(Rule.GROUND, f"group {made.group_id} is not designated")
    return enforce.limit(
        work,
        account_id,
        designation,
        group=work.groups.need(made.group_id),
        by=made.by,
        reason=made.reason,
        seconded_by=seconded_by,
        behaviour=seen,
        periods=office.periods,
    )


def _lift(work: Writing, made: BulkAction, account_id: str) -> list[Restriction]:
    own = [
        one
        for one in enforce.on_subject(work, SubjectKind.ACCOUNT, account_id)
        if one.ground.kind is GroundKind.DESIGNATION and one.ground.group_id == made.group_id
    ]
    return enforce.lift_standing(work, own, why=made.reason, by=made.by)


def _restore(work: Writing, lifted: Restriction) -> None:
    """Lay again what was lifted by mistake, to the same end; not what has ended meanwhile."""
    designation = standing_of(work, lifted.ground.group_id or "")
    others = enforce.on_subject(work, lifted.subject_kind, lifted.subject_id)
    twin = any(one.kind is lifted.kind and one.stands(work.now) for one in others)
    if designation is None or designation.id != lifted.ground.ref or twin:
        return
    if lifted.expires_at is not None and lifted.expires_at <= work.now:
        return
    # The appeal is about the one that was lifted: it would not reach the one that is laid again.
    appeals = work.appeals.find(restriction_id=lifted.id)
    if any(one.state is not AppealState.UPHELD for one in appeals):
        return
    again = lifted.model_copy(
        update={
            "id": new_id("restriction"),
            "starts_at": work.now,
            "lifted_at": None,
            "lifted_why": None,
            "lifted_by": None,
            "appeal_due": None,
        }
    )
    enforce.write(
        work, again, found=Found.PERSON, group_name=work.groups.need(designation.group_id).name
    )


def _seen(office: Office, account_ids: Sequence[str]) -> dict[str, list[Seen]]:
    """The latest posts of each account, which whoever acts has looked at."""
    posts = office.lake.posts_of(account_ids, limit=20)
    return {
        account_id: [
            Seen(post_id=post.post_id, at=post.created_at)
            for post in posts[account_id]
            if post.created_at is not None
        ]
        for account_id in account_ids
    }
