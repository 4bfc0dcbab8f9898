"""How severe a form of harm is: the policy's three tests, and a table of all 27 outcomes.

Source: "How do we define harm?", Low, Moderate, High. Each level has three lines there: what is
documented (number, frequency, gravity), which sources confirm it, and how likely more of it is if
left unchecked. Where the lines disagree the policy is silent; the table says what we hold, and why.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import chain

from pydantic import Field

from policy.cause import LeftOut, Linked, link
from policy.findings import Finding
from policy.harms import CLAUSE_OF
from policy.incidents import Incident
from policy.people import require_person
from policy.rules import Rule
from policy.severity_table import TABLE, clause_of
from policy.sources import independent
from policy.words import Harm, Id, Refusal, Severity, UtcDatetime, Value

SEVERAL = 3
"""So many incidents are documented harm even where each is slight."""
EXTREME_NUMBER = 10
"""So many incidents are extreme in number."""
MULTIPLE_SOURCES = 2
NUMEROUS_SOURCES = 5
NUMEROUS_EXAMPLES = 3
LATELY = timedelta(days=180)
"""Harm that came `RECURRING` times in this time goes on almost certainly, if left unchecked."""
RECURRING = 3
WITHIN_A_YEAR = timedelta(days=365)
"""Without harm in this time, more of it is almost out of the question."""


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


class HarmAssessment(Value):
    """One form of harm, assessed: a severity with its tests, citing incidents and the clause."""

    harm: Harm
    harm_clause: str
    """The clause that defines this form of harm."""
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
    contexts: tuple[str, ...] = ()
    """What it means there, as whoever entered it said."""
    independent_sources: int = Field(default=0, ge=0)
    rule: str
    clause: str
    """The clause that describes this level of severity."""
    why: str
    assessed_at: UtcDatetime


def assess(
    harm: Harm,
    incidents: Iterable[Incident],
    now: UtcDatetime,
    *,
    findings: Mapping[str, Finding],
    outlook: Outlook | None = None,
) -> HarmAssessment:
    """Assess one form of harm.

    Args:
        harm: the form of harm.
        incidents: those of one group; the ones that do not speak of `harm` are passed over.
        now: the present moment.
        findings: the group's coordination findings by id; an incident counts as a result of one.
        outlook: a person's view of how likely more harm is, in place of the counted one.

    Raises:
        Refusal: the outlook is a machine's, gives no reason, or is about another harm.
    """
    counted: list[Linked] = []
    left_out: list[LeftOut] = []
    for incident in sorted(incidents, key=lambda one: (one.when, one.id)):
        if harm is incident.harm or harm in incident.effects:
            weighed = link(incident, harm, findings, now)
            if isinstance(weighed, Linked):
                counted.append(weighed)
            else:
                left_out.append(weighed)
    those = [one.incident for one in counted]
    documented, sources = _documented(those), _sources(those)
    likelihood = _likelihood(those, now) if outlook is None else _seen_by(outlook, harm)
    severity, why = TABLE[documented.level, sources.level, likelihood.level]
    return HarmAssessment(
        harm=harm,
        harm_clause=CLAUSE_OF[harm],
        severity=severity,
        documented=documented,
        sources=sources,
        likelihood=likelihood,
        incident_ids=tuple(one.id for one in those),
        finding_ids=tuple(sorted(set(chain.from_iterable(one.finding_ids for one in counted)))),
        left_out=tuple(left_out),
        places=tuple(sorted({one.where for one in those if one.where})),
        contexts=tuple(dict.fromkeys(one.context for one in those if one.context)),
        independent_sources=independent(chain.from_iterable(one.usable for one in those)),
        rule=Rule.SEVERITY_TABLE,
        clause=clause_of(severity),
        why=why,
        assessed_at=now,
    )


def _events(incidents: Iterable[Incident]) -> int:
    """How many events: one day, place and policy out of the same stories is one, told twice."""
    return len(
        {
            (
                one.when.date(),
                one.where.casefold(),
                one.policy,
                frozenset(source.story for source in one.usable),
            )
            for one in incidents
        }
    )


def _confirming(incidents: Iterable[Incident]) -> int:
    return independent(chain.from_iterable(one.usable for one in incidents))


def _documented(incidents: list[Incident]) -> Test:
    events = _events(incidents)
    gravest = max((one.severity for one in incidents), key=lambda s: s.rank, default=Severity.LOW)
    if gravest is Severity.HIGH or events >= EXTREME_NUMBER:
        level = Severity.HIGH
    elif gravest is Severity.MODERATE or events >= SEVERAL:
        level = Severity.MODERATE
    else:
        level = Severity.LOW
    why = f"{events} events documented, the gravest {gravest}" if events else "none documented"
    return Test(level=level, rule=Rule.DOCUMENTED, why=why)


def _sources(incidents: list[Incident]) -> Test:
    confirming, events = _confirming(incidents), _events(incidents)
    # High asks for sources of the extreme harm itself: of its number, or of the gravest incidents.
    grave = _confirming(one for one in incidents if one.severity is Severity.HIGH)
    of_extreme = max(grave, confirming if events >= EXTREME_NUMBER else 0)
    if of_extreme >= NUMEROUS_SOURCES and events >= NUMEROUS_EXAMPLES:
        level = Severity.HIGH
    elif confirming >= MULTIPLE_SOURCES:
        level = Severity.MODERATE
    else:
        level = Severity.LOW
    why = f"{confirming} independent credible sources, {of_extreme} of them of extreme harm"
    return Test(level=level, rule=Rule.SOURCES, why=why)


def _likelihood(incidents: list[Incident], now: UtcDatetime) -> Test:
    lately = _events(one for one in incidents if now - one.when <= LATELY)
    in_a_year = _events(one for one in incidents if now - one.when <= WITHIN_A_YEAR)
    if lately >= RECURRING:
        level = Severity.HIGH
    elif in_a_year:
        level = Severity.MODERATE
    else:
        level = Severity.LOW
    why = f"{lately} events in the last {LATELY.days} days, {in_a_year} in the last year"
    return Test(level=level, rule=Rule.LIKELIHOOD, why=why)


def _seen_by(outlook: Outlook, harm: Harm) -> Test:
    if outlook.harm is not harm:
        raise Refusal(Rule.OUTLOOK, f"outlook: it is about {outlook.harm} harm, not {harm}")
    require_person(outlook.by, outlook.reason, Rule.OUTLOOK)
    return Test(
        level=outlook.level, rule=Rule.OUTLOOK, why=f"{outlook.by} judged so: {outlook.reason}"
    )
