"""Decisions: a person's answer to a case is taken once, frozen, and carried out in one transaction.

Whoever brings an answer (Label Studio, the API, the command line) brings a verdict that is complete
and free of contradiction; here it is held against the case that it is about.
"""

from casework.consequences import carry_out
from policy.cases import Case, CaseState, Decision
from policy.lay import Periods
from policy.people import require_person
from policy.rules import Rule
from policy.verdicts import Verdict, main_answer
from policy.words import Refusal, UtcDatetime
from store.work import Writing

OTHER_ROUND = "review.round.v1"
OTHER_ANSWER = "review.source.v1"
OTHER_KIND = "review.kind.v1"
OTHER_PERSON = "review.other_person.v1"


def decide(
    work: Writing,
    case_id: str,
    verdict: Verdict,
    *,
    round_: int,
    by: str,
    at: UtcDatetime,
    source: str,
    periods: Periods,
    lead_time_s: float | None = None,
) -> Decision:
    """Take one person's decision and carry it out.

    The same `source` handed in again gives the decision that it made, and changes nothing.

    Args:
        by: `person:<name>`.
        source: where it came from, one for each answer, such as `label-studio:<annotation>`.
        periods: how long limits last.

    Raises:
        NotFound: there is no such case.
        Refusal: the source gave another answer before; the case is not open, in another round or
            of another kind; the same person decided before where another has to; or the policy
            forbids what the answer asks for.
    """
    taken = work.decisions.find(source=source)
    if taken:
        _check_same(taken[0], case_id, verdict)
        return taken[0]
    case = work.cases.need(case_id)
    _check_fits(work, case, verdict, round_=round_, by=by)
    require_person(by, verdict.reason or main_answer(verdict) + " answered")
    decision = Decision(
        # One decision for each round of a case: the id itself forbids a second.
        id=f"decision_{case.id}_{case.round}",
        case_id=case.id,
        round=case.round,
        decided_by=by,
        at=at,
        answer=main_answer(verdict),
        details=verdict.model_dump(mode="json"),
        reason=verdict.reason,
        source=source,
        lead_time_s=lead_time_s,
    )
    work.save(decision, action="decision.taken", why=verdict.reason)
    work.save(
        case.decide(at=work.now, why=f"{decision.answer} by {by}"),
        action="case.decided",
        why=decision.answer,
    )
    carry_out(work, case, decision, verdict, periods)
    return decision


def _check_same(taken: Decision, case_id: str, verdict: Verdict) -> None:
    if taken.case_id != case_id or taken.details != verdict.model_dump(mode="json"):
        raise Refusal(
            OTHER_ANSWER,
            f"source {taken.source} decided case {taken.case_id} already, and otherwise; what was "
            "decided stands",
        )


def _check_fits(work: Writing, case: Case, verdict: Verdict, *, round_: int, by: str) -> None:
    if case.state is not CaseState.OPEN:
        raise Refusal(Rule.CASE_OPEN, f"case {case.id} is already {case.state}")
    if round_ != case.round:
        raise Refusal(OTHER_ROUND, f"case {case.id} is in round {case.round}, not {round_}")
    if verdict.kind is not case.kind:
        raise Refusal(OTHER_KIND, f"case {case.id} asks about {case.kind}, not {verdict.kind}")
    first = work.decisions.get(case.ref) if case.ref else None
    if first is not None and first.decided_by.casefold() == by.casefold():
        raise Refusal(OTHER_PERSON, f"{by} decided first; a second look is another person's")
