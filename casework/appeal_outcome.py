"""Telling the outcome of an appeal, with its reasons, to the person who objected.

Source: Digital Services Act, Article 20 (5).
"""

from policy.appeals import Appeal, AppealState
from policy.restrictions import Restriction
from store.work import Writing

_OUTCOME = {
    AppealState.UPHELD: "A person looked at your objection. The decision stays as it was.",
    AppealState.OVERTURNED: (
        "A person looked at your objection. The decision was wrong, and is taken back at once."
    ),
}


def tell_outcome(work: Writing, appeal: Appeal, restriction: Restriction) -> None:
    """Put the notice of a decided appeal into the outbox."""
    said = _OUTCOME[appeal.state]
    work.events.emit(
        "notice",
        restriction.subject_kind,
        restriction.subject_id,
        {
            "appeal_id": appeal.id,
            "statement_id": appeal.statement_id,
            "outcome": appeal.state.value,
            "text": f"{said}\n\nWhy: {appeal.outcome}",
        },
        at=work.now,
    )
