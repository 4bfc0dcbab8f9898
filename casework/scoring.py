"""The models as the use cases need them: loaded at first use, sharing one cache of embeddings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from models.packs import locate
from policy.records import Account, Linkage, Post
from policy.settings import Settings

if TYPE_CHECKING:
    from models.activity import AccountActivity
    from models.association import AssociationModel
    from models.harm import HarmModel

BACKGROUND = 400
"""So many accounts, drawn from all, tell what is usual where a group is looked for."""


@dataclass(frozen=True)
class Models:
    """The harm and the association model of an installation."""

    settings: Settings

    @cached_property
    def harm(self) -> "HarmModel":
        """The harm model.

        Raises:
            PackError: its pack is missing or damaged, or has no head for CONCERT_ENCODER.
        """
        from models.harm import HarmModel

        return HarmModel.load(
            locate("harm", self.settings.models),
            encoder=self.settings.encoder,
            cache=self.settings.home / "embeddings.db",
            compressed=self.settings.home / "models",
        )

    @cached_property
    def association(self) -> "AssociationModel":
        """The association model.

        Raises:
            PackError: its pack is missing or damaged.
        """
        from models.association import AssociationModel

        return AssociationModel.load(
            locate("association", self.settings.models),
            encoder=self.settings.encoder,
            cache=self.settings.home / "embeddings.db",
        )


def activities(
    account_ids: Iterable[str],
    posts: Mapping[str, Sequence[Post]],
    profiles: Mapping[str, Account],
    linkages: Iterable[Linkage],
) -> list["AccountActivity"]:
    """Accounts with what is known of them, in the order of the ids."""
    from models.activity import AccountActivity

    linked: dict[str, list[Linkage]] = {}
    for linkage in linkages:
        linked.setdefault(linkage.account_id, []).append(linkage)
    return [
        AccountActivity(
            account_id=account_id,
            posts=tuple(posts.get(account_id, ())),
            profile=profiles.get(account_id),
            linkages=tuple(linked.get(account_id, ())),
        )
        for account_id in account_ids
    ]
