"""How much each post of a file reads like a group's own, beside its harm scores.

A group's confirmed members are looked for among the authors of the same file; a group none of
whose members wrote there is measured by its narratives.
"""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from casework.scoring import BACKGROUND, activities
from casework.yardstick import POSTS_READ
from intake.errors import FileError
from intake.items import Kind
from intake.lake import Lake
from policy.groups import Group
from policy.records import Post
from policy.words import Refusal

if TYPE_CHECKING:
    from models.association import AssociationModel, Index

UNMEASURABLE = "score.group.v1"


class PostGroups:
    """Groups made ready to measure single posts against."""

    def __init__(self, model: "AssociationModel", indexes: Mapping[str, "Index"]) -> None:
        self._model = model
        self._indexes = indexes

    def __call__(self, posts: Sequence[Post]) -> list[dict[str, tuple[float, str]]]:
        """For each post and group: a likelihood above one half where the post reads more like the
        group's own than nineteen of twenty posts of others do, and its lane: `review` there, else
        `dismiss`. Never `act`: one post makes nobody a member, and nothing calibrates it."""
        return self._model.posts_of_groups(self._indexes, posts)


def post_groups(
    model: "AssociationModel",
    path: Path,
    groups: Sequence[Group],
    *,
    form: str | None = None,
    column_map: Mapping[str, str] | None = None,
) -> PostGroups:
    """Make groups ready from a file of posts.

    Raises:
        FileError: the file is not posts.
        Refusal: a group has neither posts of a confirmed member nor a narrative.
    """
    with tempfile.TemporaryDirectory(prefix="concert-score-") as scratch:
        lake = Lake(Path(scratch))
        report = lake.ingest([path], format=form, column_map=column_map)
        for error in report.errors:
            raise FileError(path, error.removeprefix(f"{path}: "))
        if report.tallies and Kind.POSTS not in report.tallies:
            raise FileError(path, f"holds {', '.join(report.tallies)}, not {Kind.POSTS}")
        active = lake.active_after(0)
        return PostGroups(model, {each.id: _index(model, lake, active, each) for each in groups})


def _index(model: "AssociationModel", lake: Lake, active: Sequence[str], group: Group) -> "Index":
    members = {member.account_id for member in group.members}
    others = [account for account in active if account not in members]
    drawn = sorted(others, key=lambda one: hashlib.sha256(one.encode()).digest())[:BACKGROUND]
    wanted = [*group.seeds, *drawn]
    known = activities(wanted, lake.posts_of(wanted, limit=POSTS_READ), lake.accounts(wanted), ())
    seeds = [each for each in known if each.account_id in group.seeds and each.posts]
    background = [each for each in known if each.account_id not in group.seeds]
    try:
        return model.index(group, model.read(seeds), model.read(background))
    except ValueError as error:
        raise Refusal(UNMEASURABLE, str(error)) from None
