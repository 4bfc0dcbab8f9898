"""Conflicts between harms, or between a harm and a right: safety first, the rest weighed by people.

Source: "When such conflicts arise, we prioritize physical and psychological safety".
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from policy.questions import Conflict, Right
from policy.rules import Rule
from policy.words import Harm, Severity, Value


class Ruling(StrEnum):
    """What a conflict means for a proposal."""

    ACT = "act"
    """What is prevented comes first."""
    REFRAIN = "refrain"
    """What is endangered comes first: the harm prevented does not carry a proposal."""
    WEIGH = "weigh"
    """Of one rank: the person's written weighing decides."""


_P, _S, _I = Harm.PHYSICAL, Harm.PSYCHOLOGICAL, Harm.INFORMATIONAL

RULINGS: Mapping[tuple[Harm, Harm | Right], Ruling] = MappingProxyType(
    {
        (_P, _P): Ruling.WEIGH,
        (_P, _S): Ruling.WEIGH,
        (_P, _I): Ruling.ACT,
        (_P, Right.SPEECH): Ruling.ACT,
        (_P, Right.ASSOCIATION): Ruling.ACT,
        (_P, Right.INFORMATION): Ruling.ACT,
        (_P, Right.OTHER): Ruling.ACT,
        (_S, _P): Ruling.WEIGH,
        (_S, _S): Ruling.WEIGH,
        (_S, _I): Ruling.ACT,
        (_S, Right.SPEECH): Ruling.ACT,
        (_S, Right.ASSOCIATION): Ruling.ACT,
        (_S, Right.INFORMATION): Ruling.ACT,
        (_S, Right.OTHER): Ruling.ACT,
        (_I, _P): Ruling.REFRAIN,
        (_I, _S): Ruling.REFRAIN,
        (_I, _I): Ruling.WEIGH,
        (_I, Right.SPEECH): Ruling.REFRAIN,
        (_I, Right.ASSOCIATION): Ruling.REFRAIN,
        (_I, Right.INFORMATION): Ruling.REFRAIN,
        (_I, Right.OTHER): Ruling.REFRAIN,
    }
)
"""By what acting prevents and what it endangers."""


class ConflictResult(Value):
    """A conflict with its ruling."""

    conflict: Conflict
    ruling: Ruling
    rule: str
    clause: str


def rule_on(conflict: Conflict, severity: Severity) -> ConflictResult:
    """Rule on one conflict.

    Args:
        conflict: what is prevented, what is endangered, and the written weighing.
        severity: of the harm prevented; a high informational harm against a right is weighed.
    """
    ruling = RULINGS[conflict.prevents, conflict.endangers]
    if (
        ruling is Ruling.REFRAIN
        and isinstance(conflict.endangers, Right)
        and severity is Severity.HIGH
    ):
        ruling = Ruling.WEIGH
    return ConflictResult(
        conflict=conflict, ruling=ruling, rule=Rule.CONFLICT, clause=Rule.CONFLICT.clause
    )
