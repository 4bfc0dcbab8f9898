"""Opening and ending cases. A pending case restricts nobody; past its time it lapses."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from casework.ids import new_id
from casework.office import Office
from policy.cases import Case, CaseKind, CaseState
from policy.words import SubjectKind
from store import tables
from store.work import Writing

LAPSES_AFTER: Mapping[CaseKind, timedelta] = {
    CaseKind.ASSOCIATION: timedelta(days=14),
    CaseKind.POST_HARM: timedelta(days=7),
    CaseKind.COORDINATION: timedelta(days=30),
    CaseKind.SUSPENSION: timedelta(days=14),
    CaseKind.SUPPORT: timedelta(days=7),
    CaseKind.LEGAL: timedelta(days=365),
    # An appeal is never left to lapse: it waits as long as people may be held to it.
    CaseKind.APPEAL: timedelta(days=365),
}


def open_case(
    work: Writing,
    *,
    kind: CaseKind,
    subject_kind: SubjectKind,
    subject_id: str,
    rule: str,
    evidence: dict[str, Any],
    group_id: str | None = None,
    probability: float | None = None,
    priority: float = 0.0,
    blind: bool = False,
    ref: str | None = None,
) -> Case:
    """Open a case, unless the same question is open already: then that one, unchanged."""
    case = Case(
        id=new_id("case"),
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        group_id=group_id,
        ref=ref,
        probability=probability,
        priority=priority,
        blind=blind,
        opened_at=work.now,
        lapses_at=work.now + LAPSES_AFTER[kind],
        rule=rule,
        evidence=evidence,
    )
    standing = work.cases.find(open_key=case.open_key)
    if standing:
        return standing[0]
    return work.save(case, action="case.opened", why=rule)


def close_cases(work: Writing, *, group_id: str, why: str) -> int:
    """Close the open cases that hang on a group; how many."""
    standing = work.cases.find(state=CaseState.OPEN.value, group_id=group_id)
    for case in standing:
        work.save(case.close(at=work.now, why=why), action="case.closed", why=why)
    return len(standing)


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
