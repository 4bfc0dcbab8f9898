"""A swarm as a value: who called, against whom, what burst came of it, and who took part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Harms = Mapping[str, float]
"""Harm id (physical, psychological, informational) to likelihood, 0 to 1."""


@dataclass(frozen=True)
class Call:
    """A post that names the target, before the burst."""

    post_id: str
    account_id: str
    at: datetime
    asked: tuple[str, ...]
    """What its words ask for (`calls.Asked`); nothing where it was only told by what followed."""
    harms: Harms | None
    """None where nothing scored it."""


@dataclass(frozen=True)
class Participant:
    """An account tied to the caller that acted towards the target in the window."""

    account_id: str
    ties: tuple[str, ...]
    """How it was tied before it acted: follow, repost, quote, reply, mention."""
    answered: bool
    """Whether it reposted, quoted or answered the call itself before it acted."""
    post_ids: tuple[str, ...]
    """Its acts towards the target in the window, in order of time."""
    first: datetime
    known: int
    """Its acts towards the target before the call: those who always write to it."""
    harms: Harms | None
    """The highest likelihood among its acts, for each harm."""


@dataclass(frozen=True)
class Swarm:
    """A burst of acts towards one account after a call, by accounts tied to the caller."""

    target: str
    call: Call
    other_calls: tuple[Call, ...]
    """Further calls within the window that the test holds for as well."""
    window_s: float
    ended: datetime
    accounts: int
    """Accounts that acted towards the target in the window."""
    expected: float
    """As many as its own base rate gives in such a window."""
    before: int
    """As many as acted in as long a time before the call."""
    p_burst: float
    participants: tuple[Participant, ...]
    expected_ties: float
    """Tied accounts among as many who act in those days at random."""
    p_ties: float
    acts: Mapping[str, int]
    """Acts of the participants by kind: reply, mention, quote."""
    harms: Mapping[str, tuple[float, float]] | None
    """For each harm, the mean likelihood over the participants' acts and the share of one half or
    more; None where nothing scored them."""
    others_harms: Mapping[str, tuple[float, float]] | None
    """The same over the acts of those who are not tied to the caller."""
