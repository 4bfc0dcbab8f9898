"""The reviewers' queue: the questions that wait for people, and the answers that they give.

Reviewers answer in Label Studio; here other programs read the queue, and answer where a platform
has a review tool of its own. What is sealed by law is shown to nobody here.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from casework.review import decide
from policy.cases import Case, CaseKind, CaseState, Decision
from policy.rules import Rule
from policy.verdicts import Verdict
from policy.words import Id, Refusal
from serving.bodies import Body
from serving.v1.desk import After, AnId, Limit, TheOffice, Wanted, page
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
    sealed: bool
    """Whether the law keeps the content from all but the legal-reporting desk."""


class Queue(BaseModel):
    items: list[QueuedCase]
    next: str | None = None


class Answered(Body):
    """A person's answer to one round of a case."""

    verdict: Verdict
    round: int = Field(ge=1)
    by: str = Field(min_length=1, max_length=200, examples=["person:ada"])
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
            kind=kind and kind.value,
            group_id=group_id,
            state=state.value,
        )
    return Queue(items=[_queued(case) for case in found.items], next=found.next)


@router.get("/queue/{case_id}")
def read_case(office: TheOffice, case_id: AnId) -> Case:
    """One case with the evidence as it was frozen at its opening."""
    with office.store.reading() as work:
        case = work.cases.need(case_id)
    if case.kind is CaseKind.LEGAL:
        return case.model_copy(update={"evidence": {}})
    return case if not case.blind else case.model_copy(update={"probability": None})


@router.post("/queue/{case_id}/decision", status_code=201)
def decide_case(office: TheOffice, case_id: AnId, body: Answered) -> Decision:
    """Take one person's answer, once, and carry it out."""
    now = office.now()

    def do(work: Writing) -> Decision:
        if work.cases.need(case_id).kind is CaseKind.LEGAL:
            raise Refusal(Rule.SEALED, "this case belongs to the legal-reporting desk")
        return decide(
            work,
            case_id,
            body.verdict,
            round_=body.round,
            by=body.by,
            at=now,
            source=f"api:{body.source}",
            periods=office.periods,
        )

    return office.store.transact(do, actor=body.by, now=now)


def _queued(case: Case) -> QueuedCase:
    shown = case.model_dump(mode="json", include=set(QueuedCase.model_fields) - {"sealed"})
    return QueuedCase(**shown, sealed=case.kind is CaseKind.LEGAL)
