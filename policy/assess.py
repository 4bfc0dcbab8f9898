"""Assess a group: coordination and harm put together into what the policy proposes.

Source: "we use an assessment of both coordination and harm, as defined above, to designate". The
outcome is a proposal to people, never a designation.
"""

from collections.abc import Iterable, Iterator, Mapping

from policy.activism import guard_applies, guarded
from policy.assessment import Assessment, GuardResult, Outcome, rule_of
from policy.cause import LeftOut
from policy.change import what_would_change
from policy.clauses import Clause
from policy.conflicts import ConflictResult, Ruling, rule_on
from policy.coordinated import CoordinationResult, judge_coordination
from policy.findings import Finding
from policy.groups import Group
from policy.incidents import Incident
from policy.questions import FourQuestions
from policy.rules import Rule
from policy.severity import HarmAssessment, Outlook, assess
from policy.sources import independent
from policy.words import Harm, Severity, UtcDatetime


def assess_group(
    assessment_id: str,
    group: Group,
    *,
    findings: Iterable[Finding],
    incidents: Iterable[Incident],
    now: UtcDatetime,
    questions: FourQuestions | None = None,
    outlooks: Iterable[Outlook] = (),
) -> Assessment:
    """Assess one group by the findings and incidents there are at `now`.

    Args:
        assessment_id: the id of the assessment.
        group: the group; incidents and findings about others are passed over.
        findings: coordination findings.
        incidents: documented harms.
        now: the present moment.
        questions: a person's answers, where there are any: they say what the group is for, and
            which harms and rights conflict.
        outlooks: people's views of how likely more harm is; at most one counts for each harm.

    Raises:
        Refusal: an outlook is not a person's with a reason.
    """
    own = sorted(
        (one for one in incidents if one.group_id == group.id), key=lambda one: (one.when, one.id)
    )
    by_id = {one.id: one for one in findings if one.group_id == group.id}
    views = {one.harm: one for one in outlooks}
    nature = questions.nature if questions else group.nature
    coordination = judge_coordination(by_id.values(), group.id)

    in_full = _harms(own, by_id, now, views)
    applies = guard_applies(nature)
    kept, left_out = guarded(own) if applies else (tuple(own), ())
    harms = in_full
    if applies:
        harms = tuple(
            one.model_copy(
                update={
                    "left_out": (
                        *one.left_out,
                        *(fallen for fallen in left_out if fallen.incident_id in full.incident_ids),
                    )
                }
            )
            for one, full in zip(_harms(kept, by_id, now, views), in_full, strict=True)
        )
    severities = {one.harm: one.severity for one in harms}
    conflicts = tuple(
        rule_on(one, severities[one.prevents]) for one in (questions.conflicts if questions else ())
    )
    rule = _deciding(coordination, in_full, severities, conflicts)
    outcome = (
        Outcome.DESIGNATE
        if rule in (Rule.DESIGNATE_ONE_HIGH, Rule.DESIGNATE_MODERATES)
        else Outcome.NOT
    )
    return Assessment(
        id=assessment_id,
        group_id=group.id,
        assessed_at=now,
        nature=nature,
        questions=questions,
        outlooks=tuple(views.values()),
        coordination=coordination,
        harms=harms,
        guard=_guard_result(applies, harms, kept, left_out),
        conflicts=conflicts,
        outcome=outcome,
        rule=rule,
        clause=rule.clause,
        why=_why(rule, coordination, severities),
        missing=(
            *_missing(rule, coordination, harms, questions),
            *_not_counting(harms, in_full),
            *_placeless(own, harms),
        ),
        would_change=what_would_change(rule, harms, coordination.finding_ids),
    )


def _harms(
    incidents: Iterable[Incident],
    findings: Mapping[str, Finding],
    now: UtcDatetime,
    views: Mapping[Harm, Outlook],
) -> tuple[HarmAssessment, ...]:
    those = tuple(incidents)
    return tuple(
        assess(harm, those, now, findings=findings, outlook=views.get(harm)) for harm in Harm
    )


def _deciding(
    coordination: CoordinationResult,
    in_full: tuple[HarmAssessment, ...],
    severities: Mapping[Harm, Severity],
    conflicts: Iterable[ConflictResult],
) -> Rule:
    if not coordination.found:
        return Rule.NOT_COORDINATED
    refrain = {one.conflict.prevents for one in conflicts if one.ruling is Ruling.REFRAIN}
    unguarded = rule_of({one.harm: one.severity for one in in_full})
    met = rule_of(severities)
    if met is Rule.HARM_TOO_LOW:
        # The guard decided where the same harm, whoever did it, would have been enough.
        return met if unguarded is Rule.HARM_TOO_LOW else Rule.ACTIVISM
    left = rule_of({harm: level for harm, level in severities.items() if harm not in refrain})
    return Rule.CONFLICT if left is Rule.HARM_TOO_LOW else left


def _guard_result(
    applies: bool,
    harms: tuple[HarmAssessment, ...],
    kept: tuple[Incident, ...],
    left_out: tuple[LeftOut, ...],
) -> GuardResult:
    if not applies:
        return GuardResult(
            applies=False,
            passed=True,
            rule=Rule.ACTIVISM,
            clause=Rule.ACTIVISM.clause,
            why="a person judged that it is not activism or the like",
        )
    passed = rule_of({one.harm: one.severity for one in harms}) is not Rule.HARM_TOO_LOW
    counted = tuple(dict.fromkeys(i for one in harms for i in one.incident_ids))
    return GuardResult(
        applies=True,
        passed=passed,
        incident_ids=counted,
        sources=independent(source for one in kept if one.id in counted for source in one.usable),
        left_out=left_out,
        rule=Rule.ACTIVISM,
        clause=Rule.ACTIVISM.clause,
        why=(
            "harm by organisers, attributed by two independent sources, is severe enough"
            if passed
            else "harm by organisers, attributed by two independent sources, is not severe enough"
        ),
    )


def _why(rule: Rule, coordination: CoordinationResult, severities: Mapping[Harm, Severity]) -> str:
    levels = ", ".join(f"{harm} {level}" for harm, level in severities.items())
    return f"{rule.says} Coordination: {coordination.why}. Severity: {levels}."


def _missing(
    rule: Rule,
    coordination: CoordinationResult,
    harms: tuple[HarmAssessment, ...],
    questions: FourQuestions | None,
) -> Iterator[str]:
    if not coordination.found:
        yield "coordination: a finding, technical or social, on posts or with sources"
    if rule in (Rule.HARM_TOO_LOW, Rule.NOT_COORDINATED):
        for one in harms:
            yield (
                f"{one.harm} harm is {one.severity}: {one.why}; {one.documented.why}; "
                f"{one.sources.why}; {one.likelihood.why}"
            )
    if rule is Rule.ACTIVISM:
        yield (
            "activism: harm by organisers that two independent sources without a stake attribute, "
            "or a person's judgement that the group is not activism or the like"
        )
    if rule is Rule.CONFLICT:
        yield "conflict: physical or psychological harm, or a high informational one"
    if questions is None:
        yield "questions: a person has not answered the four questions yet"


def _not_counting(
    harms: tuple[HarmAssessment, ...], in_full: tuple[HarmAssessment, ...]
) -> Iterator[str]:
    counted = {incident for one in harms for incident in one.incident_ids}
    lost = {one.incident_id: one for full in (*in_full, *harms) for one in full.left_out}
    for one in lost.values():
        if one.incident_id not in counted:
            yield f"incident {one.incident_id} does not count: {one.why} [{one.rule}]"


def _placeless(incidents: Iterable[Incident], harms: tuple[HarmAssessment, ...]) -> Iterator[str]:
    counted = {incident for one in harms for incident in one.incident_ids}
    ids = [one.id for one in incidents if one.id in counted and not one.where]
    if ids:
        listed = ", ".join(ids)
        yield f"where: harm differs between places; not stated for {listed} [{Clause.CONTEXT}]"
