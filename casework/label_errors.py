"""Answers that look mistaken: found by confident learning, and sent back for a look.

Source: Northcutt et al. 2021, "Confident Learning", by cleanlab. It is asked of every question that
people answer with yes or no and a model gave a likelihood for: whether an account is associated,
whether a post breaks a policy (each policy on its own), whether an author may need help. The
likelihoods are those that the model gave when the case was opened, before anybody answered: a model
that has learnt from an answer would defend it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from casework.cases import open_case
from casework.office import Office
from casework.opinions import decisions_of
from policy.cases import Case, CaseKind, CaseState, Decision
from policy.review_rules import ReviewRule
from policy.verdicts import AssociationChoice, PostHarmVerdict, SupportChoice
from policy.words import Policy, Value
from store.work import Reading, Writing

FEWEST = 20
"""With fewer answers of either kind to a question nothing can be told."""

_ASSOCIATED = AssociationChoice.ASSOCIATED.value
_NOT_ASSOCIATED = AssociationChoice.NOT_ASSOCIATED.value
_TIES = (CaseKind.ASSOCIATION, CaseKind.REAPPLICATION)
_KINDS = [kind.value for kind in (*_TIES, CaseKind.POST_HARM, CaseKind.SUPPORT)]
"""Coordination, suspension, designation and appeal come with no likelihood of a model."""


class LabelError(Value):
    """One answer that looks mistaken."""

    decision_id: str
    case_id: str
    kind: CaseKind
    answer: str
    likelier: str
    probability: float
    """The model's likelihood of yes (associated, the policy broken, help needed) at the case's
    opening."""
    quality: float = Field(ge=0, le=1)
    """How well the answer fits; the worst come first."""


@dataclass(frozen=True)
class _Answered:
    """One question that people answered with yes or no, and the model with a likelihood."""

    decision_id: str
    case_id: str
    kind: CaseKind
    words: tuple[str, str]
    """No and yes, as they are told; they name the question too."""
    yes: bool
    likelihood: float


def find_label_errors(office: Office) -> list[LabelError]:
    """Answers that look mistaken, the worst first; none on questions with too few answers.

    An answer that another person was asked about already is left out, and so is what they said:
    where two people say the same, the model is mistaken.
    """
    questions: dict[tuple[str, str], list[_Answered]] = defaultdict(list)
    with office.store.reading() as work:
        looked_at = set()
        for case, decision in _decided(work):
            if case.rule == ReviewRule.LABEL_ERROR:
                looked_at |= {case.ref, decision.id}
            for one in _answers(case, decision):
                questions[one.words].append(one)
    found = [error for answered in questions.values() for error in _mistaken(answered)]
    unseen = [error for error in found if error.decision_id not in looked_at]
    return sorted(unseen, key=lambda error: (error.quality, error.decision_id))


def send_back(office: Office, found: Sequence[LabelError]) -> int:
    """Ask another person about each once more, unless that was done before; how many.

    It is an ordinary case: whoever answers does not know that it is the second time.
    """

    def do(work: Writing) -> int:
        return sum(_ask_again(work, one) for one in found)

    return office.store.transact(do, actor="system:label-errors", now=office.now())


def _decided(work: Reading) -> Iterator[tuple[Case, Decision]]:
    """Every decided case that asked such a question, with the answer that settled it."""
    cases = work.cases.each(kind=_KINDS, state=CaseState.DECIDED.value, gold=None)
    for case in cases:
        decision = work.decisions.get(f"decision_{case.id}_{case.round}")
        if case.answer is not None and decision is not None:
            yield case, decision


def _answers(case: Case, decision: Decision) -> Iterator[_Answered]:
    if case.kind is CaseKind.POST_HARM:
        yield from _on_policies(case, decision)
        return
    if case.kind is CaseKind.SUPPORT:
        words = (SupportChoice.NO_SIGN.value, SupportChoice.OFFER_SUPPORT.value)
        yes = case.answer != SupportChoice.NO_SIGN
    elif case.answer in (_ASSOCIATED, _NOT_ASSOCIATED):
        words = (_NOT_ASSOCIATED, _ASSOCIATED)
        yes = case.answer == _ASSOCIATED
    else:
        return
    if case.probability is not None:
        yield _Answered(decision.id, case.id, case.kind, words, yes, case.probability)


def _on_policies(case: Case, decision: Decision) -> Iterator[_Answered]:
    opinion = case.evidence.get("opinion")
    said = opinion.get("policies") if isinstance(opinion, Mapping) else None
    if not isinstance(said, Mapping):
        return
    broken = PostHarmVerdict.model_validate(decision.details).policies
    for policy in Policy:
        # Suspected child exploitation is sealed, and never asked of a reviewer.
        if policy in said and policy is not Policy.CHILD_EXPLOITATION:
            words = (f"not {policy.value}", policy.value)
            likelihood = float(said[policy])
            yield _Answered(decision.id, case.id, case.kind, words, policy in broken, likelihood)


def _mistaken(answered: Sequence[_Answered]) -> Iterator[LabelError]:
    yes = sum(one.yes for one in answered)
    if min(yes, len(answered) - yes) < FEWEST:
        return
    for at, quality in _issues(answered):
        one = answered[at]
        yield LabelError(
            decision_id=one.decision_id,
            case_id=one.case_id,
            kind=one.kind,
            answer=one.words[one.yes],
            likelier=one.words[not one.yes],
            probability=one.likelihood,
            quality=quality,
        )


def _issues(answered: Sequence[_Answered]) -> list[tuple[int, float]]:
    import numpy as np
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    likely = np.array([one.likelihood for one in answered], dtype=float)
    odds = np.column_stack([1.0 - likely, likely])
    given = np.array([int(one.yes) for one in answered])
    # One process: the tables are small, and a pool of workers costs more than it saves.
    worst = find_label_issues(given, odds, return_indices_ranked_by="self_confidence", n_jobs=1)
    quality = get_label_quality_scores(given, odds)
    return [(int(at), float(quality[at])) for at in worst]


def _ask_again(work: Writing, found: LabelError) -> bool:
    case = work.cases.need(found.case_id)
    same = work.cases.find(
        kind=case.kind.value, subject_id=case.subject_id, group_id=case.group_id, gold=None
    )
    # Once is enough; and a newer case about the same subject has overtaken this one.
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
        # In training its answer takes the first one's place, and with it the first one's chance.
        sampling=case.sampling,
        ref=found.decision_id,
    )
    return True
