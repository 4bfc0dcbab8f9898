"""Cause: harm counts where it is a result of the coordination, and somebody of the group did it.

Source: "both evidence that individuals associated with a group … are engaged in some form of
coordination and that the results of that coordination cause harm to others".
"""

from collections.abc import Mapping

from policy.coordinated import is_coordination
from policy.findings import Finding
from policy.incidents import About, Actors, Incident, IncidentStatus
from policy.rules import Rule
from policy.words import Harm, Id, UtcDatetime, Value


class LeftOut(Value):
    """An incident that does not count, and the rule that says so."""

    incident_id: Id
    rule: str
    clause: str
    why: str


class Linked(Value):
    """An incident that counts, with the findings it is a result of and who did it."""

    incident: Incident
    finding_ids: tuple[Id, ...]
    actors: Actors
    rule: str
    clause: str


def link(
    incident: Incident, harm: Harm, findings: Mapping[str, Finding], now: UtcDatetime
) -> Linked | LeftOut:
    """Tell whether an incident counts under `harm` as a result of the group's coordination.

    The incident's own faults are named before the missing link, so that the reason given is the
    one to mend first.
    """
    fault = _own_fault(incident, harm, now)
    if fault is not None:
        return _left_out(incident, *fault)
    cited = [findings[one] for one in incident.finding_ids if one in findings]
    standing = [one for one in cited if one.group_id == incident.group_id and is_coordination(one)]
    if not standing:
        return _left_out(
            incident, Rule.NO_LINK, "it cites no finding of this group that is coordination"
        )
    # Days are compared, for reports seldom know the hour.
    before = [
        one
        for one in standing
        if one.started_at is None or one.started_at.date() <= incident.when.date()
    ]
    if not before:
        return _left_out(
            incident, Rule.BEFORE_CAUSE, "it happened before the coordination it cites began"
        )
    return Linked(
        incident=incident,
        finding_ids=tuple(one.id for one in before),
        actors=incident.actors,
        rule=Rule.COUNTS,
        clause=Rule.COUNTS.clause,
    )


def _own_fault(incident: Incident, harm: Harm, now: UtcDatetime) -> tuple[Rule, str] | None:
    confirm = "two independent credible sources" if incident.interested else "a credible source"
    faults = (
        (
            incident.status is not IncidentStatus.STANDING,
            (Rule.FALLEN, f"it was {incident.status}: {incident.status_why}"),
        ),
        (
            incident.about is About.AUTHOR,
            (Rule.SELF_HARM_OWN, "it is about the author's own crisis"),
        ),
        (
            incident.when > now,
            (Rule.FUTURE, f"it is dated {incident.when:%F}, which lies ahead"),
        ),
        (
            not incident.counts_under(harm),
            (Rule.SECOND_HARM, f"no effect of its own is stated for {harm} harm"),
        ),
        (
            not incident.corroborated,
            (Rule.UNCORROBORATED, f"{confirm} other than the submitter must confirm it"),
        ),
        (
            incident.actors is Actors.UNCLEAR,
            (Rule.ACTOR_UNCLEAR, "it is not known who of the group did it"),
        ),
    )
    return next((fault for holds, fault in faults if holds), None)


def _left_out(incident: Incident, rule: Rule, why: str) -> LeftOut:
    return LeftOut(incident_id=incident.id, rule=rule, clause=rule.clause, why=why)
