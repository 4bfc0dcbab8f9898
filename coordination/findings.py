"""What is found, as values: technical, social, chance, or too little to tell; each by a rule.

A rule has a name and a version. What a finding does not show stands in its own summary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordination.swarms import Swarm


class Kind(StrEnum):
    TECHNICAL = "technical"
    """Proof of common control or automation beyond timing and same text."""
    SOCIAL = "social"
    """More acting together than chance gives; what stands behind it is not shown."""
    CHANCE = "not_distinguishable_from_chance"
    INSUFFICIENT = "insufficient_data"


LINKED = "coordination.technical.linkage/1"
AUTOMATED = "coordination.technical.automation/2"
BEYOND_CHANCE = "coordination.social.beyond_chance/3"
AS_BY_CHANCE = "coordination.chance.not_rejected/1"
TOO_FEW_ACCOUNTS = "coordination.insufficient.accounts/1"
TOO_LOOSE = "coordination.insufficient.ties/1"
TOO_FEW_TEXTS = "coordination.insufficient.texts/2"
TOO_FEW_OCCASIONS = "coordination.insufficient.occasions/1"
NO_LAYER_DATA = "coordination.insufficient.layer/1"

RULES = {
    LINKED: (
        "Members of a cluster beyond chance share a device, phone or payment key that at most "
        "10 accounts of the data hold. A shared network, client or creation time never suffices."
    ),
    AUTOMATED: (
        "Two members of a cluster beyond chance post the same objects in the same order at least "
        "5 times, always from one and the same client, with a lag that varies by at most 2 "
        "seconds, in data whose times are finer than a minute. Texts that mostly others posted "
        "do not count: an agency or a press office hands them to everybody in one order."
    ),
    BEYOND_CHANCE: (
        "At least 3 accounts, each joined to at least 2 others of them, by pairs that met more "
        "often than a shared audience gives, "
        "and than shared moments give (or, on texts, that copied at least 3 which hardly anybody "
        "else wrote), with q at most the level set; no proof of common control or automation. "
        "Who is joined by texts alone is named only for sharing 4 of the group's own texts with "
        "others of it, or half of them: own is a text of which, without that account, at least "
        "half of those who posted it are in the group."
    ),
    AS_BY_CHANCE: "Pairs met repeatedly, and as often as the nulls give; this is no finding.",
    TOO_FEW_ACCOUNTS: "Two accounts met more often than chance gives; two are no group.",
    TOO_LOOSE: (
        "Accounts in a chain or a star: each link is beyond chance, but no 3 or more of them are "
        "joined to 2 others each. Two who share a source look like that, and so do two pairs."
    ),
    TOO_FEW_TEXTS: (
        "A group that shares fewer than 4 texts of its own (most who posted them are in it), and "
        "whose times show nothing: that few headlines, quotes or jokes make the round of any "
        "circle of friends, and what runs widely anybody may share with anybody."
    ),
    TOO_FEW_OCCASIONS: "No two accounts met on at least 2 occasions: there is nothing to test.",
    NO_LAYER_DATA: "The layer has no action with a time in this input.",
}
"""The rules and their words; the number after the slash is the version."""

MAX_PAIRS_SHOWN = 50
"""Pairs of posts that a finding carries; the rest are counted, and stand in evidence.parquet."""


@dataclass(frozen=True)
class PostPair:
    """Two posts on one object within the window, the earlier one first."""

    layer: str
    object: str
    post_id: str
    account_id: str
    at: datetime
    other_post_id: str
    other_account_id: str
    other_at: datetime


@dataclass(frozen=True)
class CoordinationFinding:
    """One answer of `detect`, with the posts and times that show it."""

    id: str
    kind: Kind
    rule: str
    layers: tuple[str, ...]
    account_ids: tuple[str, ...]
    pairs: tuple[PostPair, ...]
    """At most MAX_PAIRS_SHOWN: those that tell most, in order of time."""
    pair_count: int
    """All pairs of posts behind the finding."""
    p_timing: float | None
    """Least p of its edges under the timing null; None where nothing was tested."""
    p_audience: float | None
    q: float | None
    """The largest q among its edges: the expected share of false ones is at most this."""
    window_s: float
    """The widest window of its layers, in seconds."""
    started: datetime | None
    ended: datetime | None
    techniques: tuple[str, ...]
    """DISARM technique ids that fit what was seen."""
    summary: str
    """In plain words, what it does not show included."""
    linkage_kinds: tuple[str, ...] = ()
    """The kinds of key that its accounts share, where that is the proof."""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each of these keys: its kind, and which of the accounts hold it."""
    swarm: Swarm | None = None
    """The call, the burst and who took part, where that is what was found."""

    @property
    def is_concert(self) -> bool:
        """Whether it says that accounts act in concert."""
        return self.kind in {Kind.TECHNICAL, Kind.SOCIAL}


_WORDS = {
    "near_text": "text (with edits)",
    "hashtag_sequence": "hashtags in one order",
    "reply": "post replied to",
    "reply_account": "account replied to",
}


def layer_in_words(layer: str) -> str:
    """What two posts have in common on a layer, after "the same"."""
    return _WORDS.get(layer, layer.removeprefix("column:").replace("_", " "))


TECHNIQUES = {
    "T0048": "harass",
    "T0049.002": "flood an existing hashtag",
    "T0049.003": "bots amplify by automated reposting",
    "T0049.005": "conduct swarming",
    "T0084.001": "use copypasta",
    "T0116.001": "post inauthentic comments",
    "T0118": "amplify an existing narrative",
}
"""DISARM's names of the techniques that a finding may carry."""

_BY_LAYER = {
    "repost": ("T0118",),
    "quote": ("T0118",),
    "url": ("T0118",),
    "domain": ("T0118",),
    "media": ("T0118",),
    "text": ("T0084.001",),
    "near_text": ("T0084.001",),
    "hashtag": ("T0049.002",),
    "hashtag_sequence": ("T0049.002",),
    "reply": ("T0049.005",),
    "reply_account": ("T0049.005",),
}


def techniques(layers: tuple[str, ...], rule: str) -> tuple[str, ...]:
    """The DISARM techniques that fit: amplifying (T0118), copypasta (T0084.001), flooding a hashtag
    (T0049.002), swarming (T0049.005). What says inauthentic needs proof of it: comments
    (T0116.001) by one hand or a machine, reposting (T0049.003) by a machine."""
    found = {t for layer in layers for t in _BY_LAYER.get(layer, ())}
    if rule == AUTOMATED and {"repost", "quote"} & set(layers):
        found.add("T0049.003")
    if rule in {LINKED, AUTOMATED} and {"reply", "reply_account"} & set(layers):
        found.add("T0116.001")
    return tuple(sorted(found))
