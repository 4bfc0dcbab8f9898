"""How severe a form of harm is: the policy's three tests, and a table of all 27 outcomes.

Source: "How do we define harm?", Low, Moderate, High. Each level has three lines there: what is
documented (number, frequency, gravity), which sources confirm it, and how likely more of it is if
left unchecked. Where the lines disagree the policy is silent; the table says what we hold, and why.
"""

from pydantic import Field

from policy.words import Harm, Id, Severity, UtcDatetime, Value


class Outlook(Value):
    """A person's reasoned view of how likely more harm is; replaces the counted one."""

    harm: Harm
    level: Severity
    by: str
    reason: str
    evidence_ids: tuple[Id, ...] = ()


class Test(Value):
    """One of the three tests: its level and what it was counted from."""

    level: Severity
    rule: str
    why: str


class LeftOut(Value):
    """An incident that does not count, and the rule that says so."""

    incident_id: Id
    rule: str
    clause: str
    why: str


class HarmAssessment(Value):
    """One form of harm, assessed: a severity with its tests, citing incidents and the clause."""

    harm: Harm
    severity: Severity
    documented: Test
    sources: Test
    likelihood: Test
    incident_ids: tuple[Id, ...] = ()
    """The incidents that count."""
    finding_ids: tuple[Id, ...] = ()
    """The coordination findings that these are results of."""
    left_out: tuple[LeftOut, ...] = ()
    places: tuple[str, ...] = ()
    """Where the harm was, since harm differs between places and cultures."""
    independent_sources: int = Field(default=0, ge=0)
    rule: str
    clause: str
    why: str
    assessed_at: UtcDatetime
