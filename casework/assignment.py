"""Who may answer what just now: which cases wait for nobody on the roster, and why."""

from collections.abc import Iterable

from casework.reviewers import roster
from policy.cases import Case, CaseKind
from policy.reviewers import Barred, waits
from store.work import Reading


def waiting(work: Reading, cases: Iterable[Case]) -> dict[str, Barred]:
    """The cases that nobody on the roster may answer, by id, with what they wait for.

    Sealed cases are not asked in this house at all and are left out. An empty roster makes no case
    wait.
    """
    everyone = roster(work)
    found = {}
    # Most cases ask the same of a reviewer: each such question is put to the roster once.
    known: dict[tuple[object, ...], Barred | None] = {}
    for case in cases:
        if case.kind is CaseKind.LEGAL:
            continue
        asks = (case.kind, case.round, case.lang, case.places, case.not_by)
        if asks not in known:
            known[asks] = waits(everyone, case)
        bar = known[asks]
        if bar is not None:
            found[case.id] = bar
    return found
