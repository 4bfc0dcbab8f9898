"""Laying a limit again: only on behaviour seen since the last one ended.

Source: limits "may be re-applied (either manually or automatically) if we determine that the
accounts have continued to engage in behavior associated with the designated group".
"""

from collections.abc import Iterable

from policy.grounds import LIMITS
from policy.restrictions import Ground, GroundKind, Restriction
from policy.rules import Rule
from policy.words import Id, Refusal, RestrictionKind, SubjectKind, UtcDatetime, Value


class Seen(Value):
    """A post that shows the behaviour, and when it was made."""

    post_id: Id
    at: UtcDatetime


def check_again(
    *,
    subject_kind: SubjectKind,
    subject_id: str,
    kind: RestrictionKind,
    ground: Ground,
    earlier: Iterable[Restriction],
    seen: Iterable[Seen],
    now: UtcDatetime,
) -> tuple[str, ...]:
    """Check that what was laid before does not stand in the way.

    Any limit that ended on the same ground asks for new behaviour, whichever its kind: otherwise
    one kind after the other could be laid for the same old posts.

    Returns:
        The ids of the posts that show new behaviour; empty where nothing was laid before.

    Raises:
        Refusal: the same stands already, or nothing was seen since the last limit ended.
    """
    same = [
        one
        for one in earlier
        if one.subject_kind is subject_kind
        and one.subject_id == subject_id
        and same_ground(one.ground, ground)
    ]
    if any(one.kind is kind and one.ended_at(now) is None for one in same):
        raise Refusal(Rule.STANDS_ALREADY, f"{kind} on {subject_kind} {subject_id} stands already")
    if kind not in LIMITS and kind is not RestrictionKind.BLOCK_TREND:
        return ()
    limits = (*LIMITS, RestrictionKind.BLOCK_TREND)
    ended = [at for one in same if one.kind in limits and (at := one.ended_at(now)) is not None]
    if not ended:
        return ()
    last = max(ended)
    since = tuple(one.post_id for one in seen if last < one.at <= now)
    if not since:
        raise Refusal(Rule.REAPPLY, f"seen: nothing was seen since the last limit ended ({last})")
    return since


def same_ground(one: Ground, other: Ground) -> bool:
    """Whether two restrictions stand on one ground, as the account that is limited sees it."""
    if one.kind is not other.kind:
        return False
    # A group designated anew is the same ground to the account that was limited for it.
    if one.kind is GroundKind.DESIGNATION:
        return one.group_id == other.group_id
    return one.ref == other.ref
