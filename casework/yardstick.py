"""The yardstick of a group: what one pack of models measures accounts by, and its act lane."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casework.act_lane import act_lane, blind_answers
from casework.office import Office
from casework.scoring import BACKGROUND, Models, activities
from models.packs import MANIFEST, Manifest, PackError, read_manifest
from models.routing import Opened, Shut
from policy.groups import Group
from policy.scores import Association

if TYPE_CHECKING:
    from models.activity import AccountActivity
    from models.association import AssociationModel, Index

POSTS_READ = 200
"""The latest posts of an account that are read."""

Answers = Mapping[str, bool]
"""By account that was decided blind: whether it is a member."""
ActLane = Opened | Shut


@dataclass(frozen=True)
class Yardstick:
    """A group as one model measures accounts against it."""

    model: "AssociationModel"
    index: "Index"
    lane: ActLane

    def score(self, accounts: Sequence["AccountActivity"]) -> list[Association]:
        """One association for each account, in the order given."""
        return self.model.score(self.model.read(accounts), self.index, lane=self.lane)


def yardstick(office: Office, group: Group, folder: str | None = None) -> Yardstick:
    """The yardstick of a group by the models in use, or by those of another folder.

    Both are made on today's dossier and blind answers.

    Raises:
        PackError: the folder holds no association pack, a damaged one, or one for other encoders.
        ValueError: the group cannot be measured: no confirmed member has posts, say.
    """
    model = office.models.association if folder is None else _candidate(office, folder)
    with office.store.reading() as work:
        answers = blind_answers(work, group)
    index = index_of(office, group, draw_background(office, group, answers), model)
    return Yardstick(model, index, lane_of(office, model, index, answers))


def candidate_manifest(folder: str) -> Manifest:
    """What the association pack in a folder of other models is.

    Raises:
        PackError: there is none, or it is damaged. Elsewhere the shipped pack stands in for one
            that a folder lacks; here that would be a comparison with itself.
    """
    pack = Path(folder) / "association"
    if not (pack / MANIFEST).is_file():
        raise PackError(f"models: {folder} holds no association pack ({pack / MANIFEST})")
    return read_manifest(pack)


def index_of(
    office: Office, group: Group, background: Sequence[str], model: "AssociationModel"
) -> "Index":
    """A group's index, against a background of accounts."""
    seeds = [account for account in known_accounts(office, group.seeds) if account.posts]
    return model.index(group, model.read(seeds), model.read(known_accounts(office, background)))


def lane_of(office: Office, model: "AssociationModel", index: "Index", answers: Answers) -> ActLane:
    """The act lane that a group's blind answers open for a model."""
    read = model.read(known_accounts(office, sorted(answers)))
    scored = model.score(read, index, lane=act_lane({}, {}))
    return act_lane(answers, {one.account_id: one.probability for one in scored})


def draw_background(office: Office, group: Group, answers: Answers) -> tuple[str, ...]:
    """Accounts drawn from all that are not known to belong to the group, the same each time."""
    members = {member.account_id for member in group.members}
    known = members | {account for account, member in answers.items() if member}
    others = [account for account in office.lake.active_after(0) if account not in known]
    return tuple(sorted(others, key=lambda one: hashlib.sha256(one.encode()).digest())[:BACKGROUND])


def known_accounts(office: Office, account_ids: Sequence[str]) -> list["AccountActivity"]:
    """Accounts with their latest posts, profile and linkages."""
    return activities(
        account_ids,
        office.lake.posts_of(account_ids, limit=POSTS_READ),
        office.lake.accounts(account_ids),
        office.lake.linkages(account_ids),
    )


def _candidate(office: Office, folder: str) -> "AssociationModel":
    candidate_manifest(folder)
    return Models(office.settings.model_copy(update={"models": Path(folder)})).association
