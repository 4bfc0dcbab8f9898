"""The reviewers' queue: the questions that wait for people, and the answers that they give.

Reviewers answer in Label Studio; here other programs read the queue, and answer where a platform
has a review tool of its own. What is sealed by law is shown to nobody here.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from casework.assignment import waiting
from casework.house import house_rules
from casework.opinions import shown_evidence
from casework.review import decide
from policy.cases import Case, CaseKind, CaseState, Decision
from policy.opinions import is_blind
from policy.reviewers import Barred
from policy.rules import Rule
from policy.service import due_at
from policy.verdicts import Verdict
from policy.words import Id, Refusal
from serving.bodies import Body
from serving.v1.desk import After, AnId, Limit, TheCaller, TheOffice, Wanted, page
from store import shelves
from store.work import Writing

router = APIRouter(tags=["queue"])


class QueuedCase(BaseModel):
    """A question to people, without the evidence, which its own path shows."""

    id: str
    kind: CaseKind
    subject_kind: str
    subject_id: str
    group_id: str | None
    state: CaseState
    round: int
    priority: float
    opened_at: str
    lapses_at: str
    rule: str
    severity: str
    lang: str
    due_at: str
    """When its service level is missed."""
    waits_for: str | None
    """Why nobody on the roster may answer it just now; null where somebody may."""
    sealed: bool
    """Whether the law keeps the content from all but the legal-reporting desk."""


class Queue(BaseModel):
    items: list[QueuedCase]
    next: str | None = None


class Answered(Body):
    """A person's answer to one round of a case."""

    verdict: Verdict
    round: int = Field(ge=1)
    by: str | None = Field(default=None, min_length=1, max_length=200, examples=["person:ada"])
    """The person, where the key belongs to none; where it does, that person or nobody."""
    source: Id = Field(examples=["desk:4711"])
    """Where the answer came from, one for each answer: handed in again, it changes nothing."""


@router.get("/queue")
def list_queue(
    office: TheOffice,
    *,
    kind: Annotated[CaseKind | None, Query()] = None,
    group_id: Wanted = None,
    state: Annotated[CaseState, Query()] = CaseState.OPEN,
    after: After = None,
    limit: Limit = 100,
) -> Queue:
    """Cases in one state, by id; open ones unless another state is asked for."""
    with office.store.reading() as work:
        found = page(
            work.cases,
            shelves.CASES,
            after,
            limit,
            kind=kind,
            group_id=group_id,
            state=state,
        )
        rules = house_rules(work)
        waits = waiting(work, [case for case in found.items if case.state is CaseState.OPEN])
    items = [
        _queued(case, due=due_at(case, rules).isoformat(), bar=waits.get(case.id))
        for case in found.items
    ]
    return Queue(items=items, next=found.next)


@router.get("/queue/{case_id}")
def read_case(office: TheOffice, case_id: AnId) -> Case:
    """One case with the evidence as it was frozen at its opening, as its round may see it."""
    with office.store.reading() as work:
        case = work.cases.need(case_id)
    if case.kind is CaseKind.LEGAL:
        return case.model_copy(update={"evidence": {}})
    # What is gold is known to nobody outside, and a blind round sees nothing of the model.
    hidden = {"probability": None} if is_blind(case) else {}
    return case.model_copy(update={"gold": None, "evidence": shown_evidence(case), **hidden})


@router.post("/queue/{case_id}/decision", status_code=201)
def decide_case(office: TheOffice, caller: TheCaller, case_id: AnId, body: Answered) -> Decision:
    """Take one person's answer, once; where the case is decided by it, carry it out.

    Where two people are needed the case goes on to its next round; the case itself tells.
    """
    now = office.now()
    by = caller.decides_as(body.by)

    def do(work: Writing) -> Decision:
        if work.cases.need(case_id).kind is CaseKind.LEGAL:
            raise Refusal(Rule.SEALED, "this case belongs to the legal-reporting desk")
        return decide(
            work,
            case_id,
            body.verdict,
            round_=body.round,
            by=by,
            at=now,
            source=f"api:{body.source}",
            periods=office.periods,
        )

    return office.store.transact(do, actor=by, now=now)


def _queued(case: Case, *, due: str, bar: Barred | None) -> QueuedCase:
    left_out = {"sealed", "due_at", "waits_for"}
    shown = case.model_dump(mode="json", include=set(QueuedCase.model_fields) - left_out)
    return QueuedCase(
        **shown,
        due_at=due,
        waits_for=bar.reason if bar else None,
        sealed=case.kind is CaseKind.LEGAL,
    )
