"""Coordination findings as the framework takes them: technical or social, with their evidence.

Source: "How do we define coordination?". Found by machine, or entered by a person (off-platform
coordination is seen by people only).
"""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field

from policy.life_rules import LifeRule
from policy.people import require_person
from policy.words import Id, Likelihood, LinkageKind, Refusal, UtcDatetime, Value


class Coordination(StrEnum):
    """What a finding says. Only the first two are coordination."""

    TECHNICAL = "technical"
    SOCIAL = "social"
    CHANCE = "not_distinguishable_from_chance"
    INSUFFICIENT = "insufficient_data"


class Proof(StrEnum):
    """What proves common control or automation, beyond timing and same text."""

    LINKAGE = "linkage"
    ADMISSION = "admission"
    FORENSIC_MATCH = "forensic_match"


class Finding(Value):
    """One coordination finding about a group or a cluster of accounts."""

    id: Id
    group_id: str | None = None
    kind: Coordination
    on_platform: bool = True
    account_ids: tuple[str, ...] = ()
    summary: str = Field(min_length=1)
    """What was seen and what it does not show, in plain words."""
    post_pairs: tuple[tuple[str, str], ...] = ()
    """Pairs of post ids that show it."""
    layers: tuple[str, ...] = ()
    significance: Likelihood | None = None
    """The corrected p-value (q) under the chance model; None where no test applies."""
    proofs: tuple[Proof, ...] = ()
    linkage_kinds: tuple[LinkageKind, ...] = ()
    """What is shared, where a linkage is the proof: a network, client or time alone proves none."""
    sources: tuple[str, ...] = ()
    """Where a person's finding comes from; a machine's stands on its post pairs."""
    techniques: tuple[str, ...] = ()
    """DISARM technique ids."""
    started_at: UtcDatetime | None = None
    ended_at: UtcDatetime | None = None
    found_at: UtcDatetime
    found_by: str = Field(min_length=1)
    origin: Literal["machine", "person"] = "machine"
    rule: str = Field(min_length=1)
    """The rule, named and versioned, that chose the kind."""
    refuted: str = ""
    """Who found that it shows no coordination, and why: then it stays, and counts for nothing."""
    imported_from: str = ""
    """Who else knew it, where it came from elsewhere; it then counts for nothing by itself."""
    confirmed_by: str | None = None
    """`person:<name>` who corroborated here what was imported."""

    @property
    def counts(self) -> bool:
        """Whether it may count at all: found here, or imported and corroborated by a person, and
        not refuted by one."""
        return not self.refuted and (not self.imported_from or self.confirmed_by is not None)

    def confirm(self, *, by: str, source: str) -> Self:
        """Corroborate an imported finding, with a source of one's own.

        Raises:
            Refusal: it was not imported, is confirmed already, or no person names a source that it
                did not bring along.
        """
        require_person(by, f"confirmed by {source.strip()}", LifeRule.IMPORTED)
        if self.counts or self.refuted:
            raise Refusal(LifeRule.IMPORTED, f"finding {self.id} waits for no confirmation")
        if not source.strip() or source.strip() in self.sources:
            raise Refusal(LifeRule.IMPORTED, "source: name one that it did not bring along")
        return self.model_copy(
            update={"confirmed_by": by, "sources": (*self.sources, source.strip())}
        )
