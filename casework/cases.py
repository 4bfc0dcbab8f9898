"""Opening and ending cases. A pending case restricts nobody; past its time it lapses."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from casework.gravity import Gravity, gravity_of, language_of, material_of, reach_of
from casework.house import house_rules
from casework.ids import new_id
from casework.office import Office
from casework.places import places_of
from policy.cases import AskedAbout, Case, CaseKind, CaseState
from policy.service import rank
from policy.words import Harm, Policy, Severity, SubjectKind
from store import tables
from store.work import Writing

LAPSES_AFTER: Mapping[CaseKind, timedelta] = {
    CaseKind.ASSOCIATION: timedelta(days=14),
    CaseKind.REAPPLICATION: timedelta(days=14),
    CaseKind.POST_HARM: timedelta(days=7),
    CaseKind.COORDINATION: timedelta(days=30),
    CaseKind.ASSESSMENT: timedelta(days=30),
    CaseKind.DESIGNATION: timedelta(days=30),
    CaseKind.SUSPENSION: timedelta(days=14),
    CaseKind.SUPPORT: timedelta(days=7),
    CaseKind.LEGAL: timedelta(days=365),
    # An appeal is never left to lapse: it waits as long as people may be held to it.
    CaseKind.APPEAL: timedelta(days=365),
}
_ANYWHERE = frozenset({CaseKind.SUPPORT, CaseKind.LEGAL})
"""Help waits for nobody who knows the place."""


def open_case(
    work: Writing,
    *,
    kind: CaseKind,
    subject_kind: SubjectKind | AskedAbout,
    subject_id: str,
    rule: str,
    evidence: dict[str, Any],
    group_id: str | None = None,
    probability: float | None = None,
    harm: Harm | None = None,
    severity: Severity | None = None,
    material: Severity | None = None,
    policies: Iterable[Policy] = (),
    imminent: bool = False,
    places: Iterable[str] = (),
    not_by: Iterable[str] = (),
    sampling: float = 1.0,
    blind: bool = False,
    ref: str | None = None,
) -> Case:
    """Open a case, unless the same question is open already: then that one, unchanged.

    Args:
        harm, severity: where they are left out, the gravest that the group was designated for.
        material: how hard it is to look at; where it is left out, guessed from harm and severity.
        policies: those in question, for reviewers who opted out of one.
        places: those of which whoever answers should know one; where they are left out, those of
            the group's harms and of the profile (casework/places.py). None where a life may be in
            danger, and for help: neither waits for who knows the place.
        not_by: who decided before, and therefore does not answer.
        sampling: with which probability the question was put to people at all.
    """
    known = gravity_of(work, group_id) if harm is None or severity is None else Gravity()
    harm, severity = harm or known.harm, severity or known.severity
    case = Case(
        id=new_id("case"),
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        group_id=group_id,
        ref=ref,
        probability=probability,
        harm=harm,
        severity=severity,
        material=material or material_of(harm, severity),
        policies=tuple(policies),
        imminent=imminent,
        reach=reach_of(evidence),
        lang=language_of(evidence),
        places=()
        if imminent or kind in _ANYWHERE
        else tuple(places) or places_of(work, group_id, evidence),
        not_by=tuple(not_by),
        sampling=sampling,
        blind=blind,
        opened_at=work.now,
        lapses_at=work.now + LAPSES_AFTER[kind],
        rule=rule,
        evidence=evidence,
    )
    standing = work.cases.find(open_key=case.open_key)
    if standing:
        return standing[0]
    ranked = rank(case, house_rules(work), work.now)
    return work.save(
        case.model_copy(update={"priority": ranked.value}), action="case.opened", why=rule
    )


def lapse_cases(office: Office, *, limit: int = 1000) -> int:
    """End the cases that nobody answered in time; how many. They restrict nobody."""

    def do(work: Writing) -> int:
        due = work.cases.find(
            tables.cases.c.lapses_at <= work.now, state=CaseState.OPEN.value, limit=limit
        )
        for case in due:
            work.save(case.lapse(at=work.now), action="case.lapsed", why="not answered in time")
        return len(due)

    with office.store.reading() as work:
        now = office.now()
        if not work.cases.count(tables.cases.c.lapses_at <= now, state=CaseState.OPEN.value):
            return 0
    return office.store.transact(do, actor="system:lapse", now=now)
