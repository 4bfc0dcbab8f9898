"""Measuring accounts against one designated group: who is to be measured, and with which lane."""

import hashlib
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from casework.act_lane import blind_answers
from casework.office import Office
from casework.outcomes import Candidate
from casework.standing import standing_of
from casework.yardstick import (
    ActLane,
    Answers,
    draw_background,
    index_of,
    known_accounts,
    lane_of,
)
from intake.items import Kind
from models.routing import Opened
from policy.groups import Group
from policy.scores import Association
from policy.words import Value
from store import tables
from store.work import Reading

if TYPE_CHECKING:
    from models.association import AssociationModel, Index

GROWTH = 1.25
"""When the confirmed members, or the posts in the lake, have grown by so much, it is all anew."""


class Basis(Value):
    """What a pass over a group stands on; if it changed, everybody is measured anew."""

    head: int
    """How far into the lake it came."""
    seeds: tuple[str, ...]
    rest: str
    """A digest of what else is known of the group, the blind answers, and the model."""
    lane: str
    holds: str = ""
    """Versions of what may hold machines back; once they change, what was held is taken up."""
    background: tuple[str, ...] = ()
    """The accounts that tell what is usual; drawn anew only when the lake has grown."""
    posts: int = 0
    """Posts in the lake when the background was drawn."""

    def newer_than(self, before: "Basis") -> bool:
        """Whether everybody has to be measured anew, not only those with new posts."""
        now, then = set(self.seeds), set(before.seeds)
        return (
            self.rest != before.rest
            or self.lane != before.lane
            or not then <= now
            or len(now) >= GROWTH * len(then) + 1
        )


class Progress(Value):
    """How far a pass over a group has come: one that was cut off goes on from there."""

    basis: Basis
    """What the pass stands on; on another one it begins anew."""
    last: str
    """The last account, in the order of ids, that was followed up."""


@dataclass(frozen=True)
class Measured:
    """A group that is ready for accounts to be measured against it."""

    office: Office
    group: Group
    model: "AssociationModel"
    index: "Index"
    lane: ActLane
    account_ids: Sequence[str]
    """Who is to be measured in this pass, by id."""
    fresh: AbstractSet[str] | None
    """Those of them with new posts; None for all."""
    basis: Basis

    @property
    def told(self) -> str:
        """The state of the act lane, in words."""
        if isinstance(self.lane, Opened):
            return (
                f"open from {self.lane.threshold:.3f}: {self.lane.errors} of {self.lane.rows} "
                f"blind decisions there were wrong (precision {self.lane.precision:.0%} shown at "
                f"confidence {self.lane.confidence:.0%})"
            )
        return f"shut: {self.lane.reason}"

    def candidates(self, account_ids: Sequence[str]) -> list[Candidate]:
        """Some accounts, measured."""
        accounts = known_accounts(self.office, account_ids)
        scored = self.model.score(self.model.read(accounts), self.index, lane=self.lane)
        return [
            Candidate(
                association=association,
                posts=activity.posts,
                profile=activity.profile,
                language_calibrated=association.lang in self.model.languages,
                fresh=self.fresh is None or association.account_id in self.fresh,
            )
            for activity, association in zip(accounts, scored, strict=True)
        ]


def measure(
    office: Office, group_id: str, before: Basis | None, doing: Progress | None = None
) -> Measured | None:
    """Make ready to measure accounts against a group; None where nothing is new.

    Args:
        office: the office.
        group_id: a designated group.
        before: what the last whole pass stood on.
        doing: how far a pass came that was cut off.

    Raises:
        ValueError: the group cannot be measured: no confirmed member has posts, say.
    """
    head = office.lake.head()
    with office.store.reading() as work:
        group = work.groups.need(group_id)
        answers = blind_answers(work, group)
        holds = _holds(work, group_id)
        freed = before is not None and before.holds != holds
        held = sorted(one.account_id for one in _held(work, group_id)) if freed else []
    basis = Basis(
        head=head,
        seeds=group.seeds,
        rest=_digest(group, answers, office.models.association.manifest.model),
        lane=before.lane if before else "",
        holds=holds,
    )
    if before is not None and not held and head == before.head and not basis.newer_than(before):
        return None
    basis = _with_background(office, group, answers, basis, before)
    model = office.models.association
    index = index_of(office, group, basis.background, model)
    lane = lane_of(office, model, index, answers)
    basis = basis.model_copy(update={"lane": lane.model_dump_json()})
    everybody = before is None or basis.newer_than(before)
    # Those with new posts are told from the others, for only they may have done something new.
    fresh = None if before is None else set(office.lake.active_after(before.head))
    found = office.lake.active_after(0) if everybody or fresh is None else sorted(fresh)
    if held:
        found = sorted({*found, *held})
    if doing is not None and doing.basis == basis.model_copy(update={"head": doing.basis.head}):
        # What came into the lake since that pass began is for the next one, which this head asks.
        basis = doing.basis
        found = [account for account in found if account > doing.last]
    return Measured(office, group, model, index, lane, found, fresh, basis)


def _with_background(
    office: Office, group: Group, answers: Answers, basis: Basis, before: Basis | None
) -> Basis:
    posts = office.lake.counts()[Kind.POSTS]
    known = {member.account_id for member in group.members}
    known |= {account for account, member in answers.items() if member}
    if (
        before is not None
        and posts < GROWTH * before.posts
        and not known.intersection(before.background)
    ):
        return basis.model_copy(update={"background": before.background, "posts": before.posts})
    drawn = draw_background(office, group, answers)
    return basis.model_copy(update={"background": drawn, "posts": posts})


def _held(work: Reading, group_id: str) -> list[Association]:
    return work.associations.find(
        tables.associations.c.held.is_not(None), group_id=group_id, closed_at=None
    )


def _holds(work: Reading, group_id: str) -> str:
    """Versions of what may hold machines back: the designation, and brakes, released ones too.

    A brake that pulled itself within a pass was not there when the pass began; its release is news.
    """
    designation = standing_of(work, group_id)
    version = work.designations.version(designation.id) if designation else 0
    brakes = work.connection.scalar(select(func.max(tables.brakes.c.version)))
    return f"{version}|{brakes or 0}"


def _digest(group: Group, answers: Answers, model: str) -> str:
    told = group.model_dump(mode="json", exclude={"members"})
    text = json.dumps([told, sorted(answers), model], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
