"""Answers that look mistaken: found by confident learning, and sent back for a look.

Source: Northcutt et al. 2021, "Confident Learning", by cleanlab. The likelihoods are those that the
model gave when the case was opened, before anybody answered: a model that has learnt from an answer
would defend it.
"""

from collections.abc import Sequence

from pydantic import Field

from casework.cases import open_case
from casework.office import Office
from casework.opinions import decisions_of
from policy.cases import Case, CaseKind, CaseState
from policy.review_rules import ReviewRule
from policy.verdicts import AssociationChoice
from policy.words import Value
from store.work import Writing

FEWEST = 20
"""With fewer answers of either kind nothing can be told."""

_LABELS = (AssociationChoice.NOT_ASSOCIATED.value, AssociationChoice.ASSOCIATED.value)
_KINDS = [CaseKind.ASSOCIATION.value, CaseKind.REAPPLICATION.value]


class LabelError(Value):
    """One answer that looks mistaken."""

    decision_id: str
    case_id: str
    answer: str
    likelier: str
    probability: float
    """The model's likelihood of an association, as it was at the case's opening."""
    quality: float = Field(ge=0, le=1)
    """How well the answer fits; the worst come first."""


def find_label_errors(office: Office) -> list[LabelError]:
    """Answers about associations that look mistaken, the worst first; none with too few answers."""
    with office.store.reading() as work:
        decided = [
            case.model_copy(update={"evidence": {}})
            for case in work.cases.each(kind=_KINDS, state=CaseState.DECIDED.value, gold=None)
            if case.answer in _LABELS and case.probability is not None
        ]
    labels = [_LABELS.index(case.answer) for case in decided if case.answer is not None]
    if min(labels.count(0), labels.count(1)) < FEWEST:
        return []
    return [_error(decided[at], quality) for at, quality in _issues(decided, labels)]


def send_back(office: Office, found: Sequence[LabelError]) -> int:
    """Ask another person about each once more, unless that was done before; how many.

    It is an ordinary case: whoever answers does not know that it is the second time.
    """

    def do(work: Writing) -> int:
        return sum(_ask_again(work, one) for one in found)

    return office.store.transact(do, actor="system:label-errors", now=office.now())


def _ask_again(work: Writing, found: LabelError) -> bool:
    case = work.cases.need(found.case_id)
    same = work.cases.find(
        kind=case.kind.value, subject_id=case.subject_id, group_id=case.group_id, gold=None
    )
    # Once is enough; and a newer case about the same account has overtaken this one.
    if any(one.opened_at > case.opened_at or one.ref == found.decision_id for one in same):
        return False
    answered = [one.decided_by for one in decisions_of(work, case)]
    open_case(
        work,
        kind=case.kind,
        subject_kind=case.subject_kind,
        subject_id=case.subject_id,
        group_id=case.group_id,
        rule=ReviewRule.LABEL_ERROR.value,
        evidence={key: part for key, part in case.evidence.items() if key != "opinion"},
        probability=case.probability,
        harm=case.harm,
        severity=case.severity,
        material=case.material,
        policies=case.policies,
        places=case.places,
        not_by=[*case.not_by, *answered],
        ref=found.decision_id,
    )
    return True


def _issues(decided: Sequence[Case], labels: Sequence[int]) -> list[tuple[int, float]]:
    import numpy as np
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    likely = np.array([case.probability for case in decided], dtype=float)
    odds = np.column_stack([1.0 - likely, likely])
    given = np.array(labels)
    # One process: the tables are small, and a pool of workers costs more than it saves.
    worst = find_label_issues(given, odds, return_indices_ranked_by="self_confidence", n_jobs=1)
    quality = get_label_quality_scores(given, odds)
    return [(int(at), float(quality[at])) for at in worst]


def _error(case: Case, quality: float) -> LabelError:
    assert case.answer is not None
    assert case.probability is not None
    other = _LABELS[1 - _LABELS.index(case.answer)]
    return LabelError(
        decision_id=f"decision_{case.id}_{case.round}",
        case_id=case.id,
        answer=case.answer,
        likelier=other,
        probability=case.probability,
        quality=quality,
    )
