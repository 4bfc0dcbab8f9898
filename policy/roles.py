"""Roles: what a person or a program that calls may do. Defined here once for reviewers and keys.

Source: Digital Services Act, Article 20 (6) (qualified staff decide), and least privilege: a key
opens what its work needs, no more.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from policy.review_rules import ReviewRule
from policy.words import Refusal


class Role(StrEnum):
    """A part that somebody plays. One may have several."""

    REVIEWER = "reviewer"
    """Answers cases."""
    LEAD = "lead"
    """A reviewer who also settles what two reviewers saw differently, and keeps the roster."""
    POLICY = "policy"
    """Assesses and designates groups and keeps their dossiers."""
    READ_ONLY = "read_only"
    """Sees everything that is not sealed, and changes nothing."""
    PLATFORM = "platform"
    """The platform's own services: scores, look-ups, events, and appeals that people bring."""
    ADMIN = "admin"
    """Everything, keys too. The first key of an installation has it."""


class Right(StrEnum):
    """What a call does, as coarse as the paths of the API and the commands are."""

    SCORE = "score"
    """Scores posts and accounts."""
    LOOK_UP = "look_up"
    """Asks what stands on a subject, and reads the events that tell the platform."""
    READ = "read"
    """Reads dossiers, designations, cases, restrictions and statements."""
    AUDIT = "audit"
    """Reads the audit log, the service's metrics and reports."""
    ANSWER = "answer"
    """Answers cases, as a reviewer who is on the roster."""
    SETTLE = "settle"
    """Gives a third opinion, keeps gold cases and the roster of reviewers."""
    DOSSIER = "dossier"
    """Writes groups, incidents and findings."""
    DESIGNATE = "designate"
    """Assesses, proposes, and takes each step of a designation."""
    RESTRICT = "restrict"
    """Lays and lifts by hand, and works the brakes."""
    APPEAL = "appeal"
    """Hands in an appeal for the person concerned."""
    MANAGE = "manage"
    """Makes and revokes keys, and changes settings that are kept in the store."""


_READS = frozenset({Right.LOOK_UP, Right.READ})

RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.REVIEWER: _READS | {Right.ANSWER},
        Role.LEAD: _READS | {Right.AUDIT, Right.ANSWER, Right.SETTLE},
        Role.POLICY: _READS
        | {Right.AUDIT, Right.SCORE, Right.ANSWER, Right.DOSSIER, Right.DESIGNATE, Right.RESTRICT},
        Role.READ_ONLY: _READS | {Right.AUDIT},
        Role.PLATFORM: frozenset({Right.SCORE, Right.LOOK_UP, Right.APPEAL}),
        Role.ADMIN: frozenset(Right),
    }
)
"""What each role may do; a caller with several may do what any of them may."""


def read_roles(names: Iterable[str]) -> tuple[Role, ...]:
    """Roles by their names, each once, in the order of `Role`.

    Raises:
        Refusal: a name is no role.
    """
    given = {name.strip().replace("-", "_") for name in names}
    unknown = sorted(given - {role.value for role in Role})
    if unknown or not given:
        known = ", ".join(Role)
        raise Refusal(ReviewRule.ROLE, f"roles: {', '.join(unknown) or 'none'}; there are {known}")
    return tuple(role for role in Role if role.value in given)


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    """All that these roles may do together. A role that nobody knows gives no right."""
    known = {role.value: role for role in Role}
    return frozenset().union(*(RIGHTS[known[role]] for role in roles if role in known))


def require_right(roles: Iterable[str], right: Right) -> None:
    """Check that one of the roles has a right.

    Raises:
        Refusal: none has it.
    """
    held = tuple(roles)
    if right not in rights_of(held):
        needed = ", ".join(role for role in Role if right in RIGHTS[role])
        raise Refusal(ReviewRule.ROLE, f"this needs one of the roles {needed}")
