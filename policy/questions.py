"""The four questions of an assessment, answered in earnest and kept with their evidence.

Source: "For these assessments, we ask ourselves several questions". Two answers are added to the
four: who is affected, and which lesser measure was considered. An empty or boilerplate answer is
refused; what boilerplate is, is said in `boilerplate.py`.
"""

from enum import StrEnum

from pydantic import Field

from policy.words import Harm, Id, Nature, Value


class Right(StrEnum):
    """A right or good that acting may cost."""

    SPEECH = "speech"
    ASSOCIATION = "association"
    INFORMATION = "information"
    OTHER = "other"


class Conflict(Value):
    """Where preventing a harm endangers another, or a right: stated and weighed in writing."""

    prevents: Harm
    endangers: Harm | Right
    weighing: str = Field(min_length=1)


class Answer(Value):
    text: str = ""
    evidence_ids: tuple[Id, ...] = ()
    """Ids of posts, findings, incidents or documents that the answer rests on."""


class FourQuestions(Value):
    """The answers of the person who assesses."""

    purpose: Answer
    """Is it an identifiable group with a unified purpose, or a one-time campaign with a goal?"""
    coordination: Answer
    """In what ways is its behaviour, on or off the platform, coordinated?"""
    harm: Answer
    """In what ways have those associated with it caused harm, of which of the three forms?"""
    risks: Answer
    """What are the risks of applying the policy, to speech and association above all?"""
    people_affected: Answer
    """Whom it harms, and whom acting would touch."""
    lesser_measure: Answer
    """Which lesser measure was considered, and why it is not enough."""
    nature: Nature
    """Whether it is activism or the like, so that the guard applies."""
    conflicts: tuple[Conflict, ...] = ()
