"""An assessment: coordination and harm put together, and what the policy proposes.

Source: "How do we use our framework to assess harm?". The answer names the rule that decided, what
is missing, and what would change it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from policy.cause import LeftOut
from policy.conflicts import ConflictResult
from policy.coordinated import CoordinationResult
from policy.questions import FourQuestions
from policy.rules import Rule
from policy.severity import HarmAssessment, Outlook
from policy.words import Harm, Id, Nature, Severity, UtcDatetime, Value

SEVERAL_MODERATE = 2
"""So many forms of harm of moderate severity are several."""


class Outcome(StrEnum):
    """What the policy proposes to people; it is never itself a designation."""

    DESIGNATE = "designate"
    NOT = "do_not_designate"


class GuardResult(Value):
    """What the activism guard says: whether it applies, and whether it lets a proposal pass."""

    applies: bool
    passed: bool
    incident_ids: tuple[Id, ...] = ()
    """The incidents by organisers that two independent sources attribute."""
    sources: int = Field(default=0, ge=0)
    """How many independent sources without a stake attribute them."""
    left_out: tuple[LeftOut, ...] = ()
    """The incidents that the guard kept from counting, each with its reason."""
    rule: str
    clause: str
    why: str


class Assessment(Value):
    """One look at one group, with every clause answered."""

    id: Id
    group_id: Id
    assessed_at: UtcDatetime
    nature: Nature | None = None
    """What a person judged the group to be; None while nobody has, and the guard applies."""
    questions: FourQuestions | None = None
    """The answers that it was made with; new evidence is assessed with the same ones."""
    outlooks: tuple[Outlook, ...] = ()
    """People's views of how likely more harm is, that it was made with."""
    coordination: CoordinationResult
    harms: tuple[HarmAssessment, ...] = Field(min_length=3, max_length=3)
    """Physical, psychological, informational, in that order."""
    guard: GuardResult
    conflicts: tuple[ConflictResult, ...] = ()
    outcome: Outcome
    rule: str
    clause: str
    why: str
    missing: tuple[str, ...] = ()
    """What is not known or not answered."""
    would_change: tuple[str, ...] = ()
    """What evidence would change the outcome: for a proposal, what it rests on and would fall
    without; else, which test would have to show more."""

    @model_validator(mode="after")
    def _carried(self) -> Self:
        if [one.harm for one in self.harms] != list(Harm):
            raise ValueError("harms: one assessment for each form of harm, in order")
        # Whoever builds an assessment, a proposal without both findings and their link cannot be.
        if self.outcome is Outcome.DESIGNATE:
            found = set(self.coordination.finding_ids) if self.coordination.found else set()
            linked = {one.harm: one.severity for one in self.harms if found & set(one.finding_ids)}
            if not self.guard.passed or rule_of(linked) is Rule.HARM_TOO_LOW:
                raise ValueError("outcome: coordination, harm and their link are all needed")
        return self

    @property
    def counted(self) -> frozenset[str]:
        """The ids of the incidents and findings that count."""
        incidents = (one for harm in self.harms for one in harm.incident_ids)
        return frozenset((*incidents, *self.coordination.finding_ids))

    @property
    def severities(self) -> dict[Harm, Severity]:
        """The severity of each form of harm."""
        return {one.harm: one.severity for one in self.harms}


def rule_of(severities: Mapping[Harm, Severity]) -> Rule:
    """The rule of designation that severities meet: one high, several moderate, or too low."""
    levels = list(severities.values())
    if Severity.HIGH in levels:
        return Rule.DESIGNATE_ONE_HIGH
    if levels.count(Severity.MODERATE) >= SEVERAL_MODERATE:
        return Rule.DESIGNATE_MODERATES
    return Rule.HARM_TOO_LOW
