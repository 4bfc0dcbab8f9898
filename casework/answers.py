"""All answers that were ever given, each with what is known of its case: read once, in order."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select

from policy.cases import CaseKind, CaseState, Decision
from policy.reviewers import LEADS_ROUND
from policy.verdicts import main_answer
from policy.words import Value
from store import tables
from store.work import Reading

_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


class GivenAnswer(Value):
    """One answer, as quality is measured by it."""

    case_id: str
    kind: CaseKind
    round: int
    by: str
    answer: str
    at: datetime
    lead_time_s: float | None
    gold: bool
    expected: str | None
    """Of gold, the right answer."""
    ended: bool
    """Whether the case is decided."""

    @property
    def independent(self) -> bool:
        """Given without sight of another answer: a lead who settles a difference has seen two."""
        return self.round < LEADS_ROUND


def given_answers(work: Reading) -> Iterator[GivenAnswer]:
    """Every answer to every case, by case and round."""
    expected = {one.id: main_answer(one.expected) for one in work.gold_items.find()}
    decisions, cases = tables.decisions, tables.cases
    query = (
        select(decisions.c.doc, cases.c.kind, cases.c.gold, cases.c.state)
        .join_from(decisions, cases, cases.c.id == decisions.c.case_id)
        .order_by(decisions.c.case_id, decisions.c.round)
        .execution_options(yield_per=1000)
    )
    for doc, kind, gold, state in work.connection.execute(query):
        decision = _DECISION.validate_json(doc)
        yield GivenAnswer(
            case_id=decision.case_id,
            kind=CaseKind(kind),
            round=decision.round,
            by=decision.decided_by,
            answer=decision.answer,
            at=decision.at,
            lead_time_s=decision.lead_time_s,
            gold=gold is not None,
            expected=expected.get(gold) if gold is not None else None,
            ended=state == CaseState.DECIDED.value,
        )
