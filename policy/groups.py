"""A group: the actor that the framework assesses, as its dossier describes it.

Source: "Coordinated harmful activity is an actor-level framework". The JSON form is the design's
contract: members may be bare account ids, decisions are blind ones of people.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from policy.words import GroupKind, Id, Likelihood, Nature, Value


class Member(Value):
    """A known member: who says so, how sure, and which person confirmed it."""

    account_id: Id
    source: str = "dossier"
    confidence: Likelihood = 1.0
    confirmed_by: str | None = None
    """Only a member that a person confirmed may seed the search for others: no snowball."""


def _member(given: Any) -> Any:
    # A bare id in a dossier is a member that whoever wrote the dossier vouches for.
    if isinstance(given, str):
        return {"account_id": given, "source": "dossier", "confirmed_by": "dossier"}
    return given


class BlindDecision(Value):
    """A person's answer on an account, given without sight of the model's opinion."""

    account_id: Id
    member: bool


class Group(Value):
    """A group, movement or campaign with its purpose, members, narratives and own objects."""

    id: Id
    name: str = Field(min_length=1)
    kind: GroupKind = GroupKind.GROUP
    purpose: str = ""
    description: str = ""
    members: tuple[Annotated[Member, BeforeValidator(_member)], ...] = ()
    narratives: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    decisions: tuple[BlindDecision, ...] = ()
    nature: Nature | None = None
    """Whether it is activism or the like; until a person says `other`, the guard applies."""

    @property
    def seeds(self) -> tuple[str, ...]:
        """The account ids that a person confirmed, in the dossier's order."""
        return tuple(member.account_id for member in self.members if member.confirmed_by)
