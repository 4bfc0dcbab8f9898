"""Measuring accounts against one designated group: who is to be measured, and with which lane."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casework.act_lane import act_lane, blind_answers
from casework.office import Office
from casework.outcomes import Candidate
from casework.scoring import BACKGROUND, activities
from models.routing import Opened, Shut
from policy.groups import Group
from policy.words import Value

if TYPE_CHECKING:
    from models.activity import AccountActivity
    from models.association import AssociationModel, Index

GROWTH = 1.25
"""When the confirmed members have grown by so much, everybody is measured anew."""
POSTS_READ = 200
"""The latest posts of an account that are read."""

Answers = Mapping[str, bool]
Lane = Opened | Shut


class Basis(Value):
    """What the last pass over a group stood on; if it changed, everybody is measured anew."""

    head: int
    """How far into the lake it came."""
    seeds: tuple[str, ...]
    rest: str
    """A digest of what else is known of the group, the blind answers, and the model."""
    lane: str

    def newer_than(self, before: "Basis") -> bool:
        """Whether everybody has to be measured anew, not only those with new posts."""
        now, then = set(self.seeds), set(before.seeds)
        return (
            self.rest != before.rest
            or self.lane != before.lane
            or not then <= now
            or len(now) >= GROWTH * len(then) + 1
        )


@dataclass(frozen=True)
class Measured:
    """A group that is ready for accounts to be measured against it."""

    office: Office
    group: Group
    model: "AssociationModel"
    index: "Index"
    lane: Lane
    account_ids: Sequence[str]
    """Who is to be measured in this pass."""
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
        accounts = _known(self.office, account_ids)
        scored = self.model.score(self.model.read(accounts), self.index, lane=self.lane)
        return [
            Candidate(
                association=association,
                posts=activity.posts,
                profile=activity.profile,
                language_calibrated=association.lang in self.model.languages,
            )
            for activity, association in zip(accounts, scored, strict=True)
        ]


def measure(office: Office, group_id: str, before: Basis | None) -> Measured | None:
    """Make ready to measure accounts against a group; None where nothing is new.

    Raises:
        ValueError: the group cannot be measured: no confirmed member has posts, say.
    """
    head = office.lake.head()
    with office.store.reading() as work:
        group = work.groups.need(group_id)
        answers = blind_answers(work, group)
    model_name = office.models.association.manifest.model
    basis = Basis(
        head=head,
        seeds=group.seeds,
        rest=_digest(group, answers, model_name),
        lane=before.lane if before else "",
    )
    if before is not None and head == before.head and not basis.newer_than(before):
        return None
    model, index = office.models.association, _index(office, group, answers)
    lane = _lane(office, model, index, answers)
    basis = basis.model_copy(update={"lane": lane.model_dump_json()})
    everybody = before is None or basis.newer_than(before)
    account_ids = office.lake.active_after(0 if everybody or before is None else before.head)
    return Measured(office, group, model, index, lane, account_ids, basis)


def _lane(office: Office, model: "AssociationModel", index: "Index", answers: Answers) -> Lane:
    read = model.read(_known(office, sorted(answers)))
    scored = model.score(read, index, lane=act_lane({}, {}))
    return act_lane(answers, {one.account_id: one.probability for one in scored})


def _index(office: Office, group: Group, answers: Answers) -> "Index":
    members = {member.account_id for member in group.members}
    known = members | {account for account, member in answers.items() if member}
    others = [account for account in office.lake.active_after(0) if account not in known]
    drawn = sorted(others, key=lambda one: hashlib.sha256(one.encode()).digest())[:BACKGROUND]
    model = office.models.association
    seeds = [account for account in _known(office, group.seeds) if account.posts]
    return model.index(group, model.read(seeds), model.read(_known(office, drawn)))


def _known(office: Office, account_ids: Sequence[str]) -> list["AccountActivity"]:
    return activities(
        account_ids,
        office.lake.posts_of(account_ids, limit=POSTS_READ),
        office.lake.accounts(account_ids),
        office.lake.linkages(account_ids),
    )


def _digest(group: Group, answers: Answers, model: str) -> str:
    told = group.model_dump(mode="json", exclude={"members"})
    text = json.dumps([told, sorted(answers), model], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
