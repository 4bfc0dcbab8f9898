"""What becomes of an answer: taken, noted or refused, and kept with the task, exactly once."""

from casework.review import decide
from labeling.desk import Accepted, Answer, Noted, Receipt, Refused
from policy.cases import Case, CaseState
from policy.lay import Periods
from policy.review_rules import ReviewRule
from policy.rules import Rule
from policy.words import Refusal
from store.records import Receipt as Kept
from store.records import Task
from store.work import Writing

SOURCE = "label-studio:"
"""How the source of every decision begins that is an answer to a task."""
_PERSONS = (
    *(ReviewRule.ROSTER, ReviewRule.REVIEWER_ROLE, ReviewRule.REVIEWER_LANGUAGE),
    *(ReviewRule.REVIEWER_PLACE, ReviewRule.REVIEWER_OTHER, Rule.APPEAL_OTHER),
)
"""Rules that refuse whoever answers, whatever they say."""


def take(work: Writing, answer: Answer, periods: Periods) -> Receipt:
    """Take one version of one answer and carry it out; the same version again is told the same.

    Raises:
        Refusal: the answer, or whoever gave it, is refused: nothing was taken.
    """
    task = work.tasks.get(answer.case_id, str(answer.round))
    if task is None:
        return Noted(reason="this task was never bound to a case")
    standing = receipt_of(task, answer)
    if standing is not None:
        return standing
    receipt = _take(work, task, answer, periods)
    keep(work, task, answer, receipt)
    return receipt


def receipt_of(task: Task, answer: Answer) -> Receipt | None:
    """What was said to this version before."""
    kept = task.receipts.get(_key(answer))
    match kept:
        case None:
            return None
        case Kept(outcome="accepted"):
            return Accepted()
        case Kept(outcome="noted"):
            return Noted(reason=kept.reason)
        case _:
            return Refused(reason=kept.reason, barred=kept.barred)


def refusal(refused: Refusal) -> Refused:
    """A refusal as a receipt."""
    return Refused(reason=refused.reason, barred=refused.rule in _PERSONS)


def keep(work: Writing, task: Task, answer: Answer, receipt: Receipt) -> None:
    """Keep what was said to this version, and what it was unless it is in a decision."""
    taken = isinstance(receipt, Accepted)
    kept = Kept(
        outcome=receipt.outcome,
        reason="" if isinstance(receipt, Accepted) else receipt.reason,
        barred=isinstance(receipt, Refused) and receipt.barred,
        raw=[] if taken else answer.raw,
    )
    changed = task.model_copy(
        update={
            "receipts": {**task.receipts, _key(answer): kept},
            "accepted": (*task.accepted, answer.annotation_id) if taken else task.accepted,
        }
    )
    work.save(changed, action=f"answer.{receipt.outcome}", why=kept.reason)


def _key(answer: Answer) -> str:
    return f"{answer.annotation_id}@{answer.version}"


def _take(work: Writing, task: Task, answer: Answer, periods: Periods) -> Receipt:
    case = work.cases.need(answer.case_id)
    if case.state is not CaseState.OPEN or case.round != answer.round:
        edited = answer.annotation_id in task.accepted
        what = "a later version of an answer that was taken" if edited else "it came too late"
        return Noted(reason=f"{what}: {_where(case)}")
    if answer.problems or answer.verdict is None:
        # What another wrote in a reviewer's name is not for the next one to read.
        return Refused(
            reason="; ".join(answer.problems) or "the answer is empty", barred=answer.forged
        )
    _check_user(work, answer)
    decide(
        work,
        answer.case_id,
        answer.verdict,
        round_=answer.round,
        by=f"person:{answer.answered_by}",
        at=answer.answered_at,
        source=f"{SOURCE}{answer.project_id}:{answer.annotation_id}:{answer.case_id}",
        periods=periods,
        lead_time_s=answer.lead_time,
    )
    return Accepted()


def _where(case: Case) -> str:
    return f"the case is {case.state}" + (
        f" in round {case.round}" if case.state is CaseState.OPEN else ""
    )


def _check_user(work: Writing, answer: Answer) -> None:
    """An e-mail can be taken by anybody who signs up; the user that was invited cannot."""
    reviewer = work.reviewers.get(answer.answered_by.casefold())
    if reviewer is None or reviewer.studio_user in (None, answer.user_id):
        return
    raise Refusal(
        ReviewRule.ROSTER,
        f"user {answer.user_id} of Label Studio is not the one that {reviewer.id} was invited as",
    )
