"""Decisions: a person's answer to a case is taken once, frozen, and counted in one transaction.

Whoever brings an answer (Label Studio, the API, the command line) brings a verdict that is complete
and free of contradiction; here it is held against the case and the person that it is from. What
the answers so far come to is opinions.py's of the policy: another person is asked, or the case is
decided and what follows is carried out at once.
"""

from casework.consequences import carry_out, check_may_say, concerns_protected, help_author
from casework.exposure import count_by_hand
from casework.opinions import said, second_share
from casework.reviewers import check_may_answer
from policy.cases import Case, CaseState, Decision
from policy.lay import Periods
from policy.opinions import Asks, settle
from policy.people import require_person
from policy.rules import Rule
from policy.verdicts import Verdict, main_answer
from policy.words import Refusal, UtcDatetime
from store.work import Writing

OTHER_ROUND = "review.round.v1"
OTHER_ANSWER = "review.source.v1"
OTHER_KIND = "review.kind.v1"


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
    """Take one person's answer; where the case is decided by it, carry out what follows.

    The same `source` handed in again gives the decision that it made, and changes nothing.

    Args:
        by: `person:<name>`.
        at: when it was given, by the clock of where it was; no later than now is kept.
        source: where it came from, one for each answer, such as `label-studio:<annotation>`.
        periods: how long limits last.

    Raises:
        NotFound: there is no such case.
        Refusal: the source gave another answer before; the case is not open, in another round or
            of another kind; this person may not answer it; or the policy forbids what the answer
            asks for.
    """
    taken = work.decisions.find(source=source)
    if taken:
        _check_same(taken[0], case_id, verdict)
        return taken[0]
    case = work.cases.need(case_id)
    _check_fits(case, verdict, round_=round_)
    require_person(by, verdict.reason or main_answer(verdict) + " answered")
    check_may_answer(work, case, by)
    check_may_say(work, case, verdict)
    decision = Decision(
        # One decision for each round of a case: the id itself forbids a second.
        id=f"decision_{case.id}_{case.round}",
        case_id=case.id,
        round=case.round,
        decided_by=by,
        # A clock that goes ahead elsewhere would set behaviour of the days between aside.
        at=min(at, work.now),
        answer=main_answer(verdict),
        details=verdict.model_dump(mode="json"),
        reason=verdict.reason,
        source=source,
        lead_time_s=lead_time_s,
    )
    work.save(decision, action="decision.taken", why=verdict.reason)
    count_by_hand(work, case, by)
    if case.gold is None:
        help_author(work, case, verdict)
    outcome = settle(
        case,
        said(work, case),
        protected=concerns_protected(work, case),
        share=second_share(work),
    )
    if isinstance(outcome, Asks):
        work.save(case.ask_another(answered_by=by), action="case.another_opinion", why=outcome.rule)
        return decision
    answer = None if outcome.undecided else decision.answer
    why = f"{answer or 'no two agree on a restriction'}, by {by}"
    decided = case.decide(at=work.now, why=why, answer=answer, rule=outcome.rule)
    work.save(decided, action="case.decided", why=answer or outcome.rule)
    if case.gold is None and not outcome.undecided:
        carry_out(work, case, decision, outcome, periods)
    return decision


def _check_same(taken: Decision, case_id: str, verdict: Verdict) -> None:
    if taken.case_id != case_id or taken.details != verdict.model_dump(mode="json"):
        raise Refusal(
            OTHER_ANSWER,
            f"source {taken.source} decided case {taken.case_id} already, and otherwise; what was "
            "decided stands",
        )


def _check_fits(case: Case, verdict: Verdict, *, round_: int) -> None:
    if case.state is not CaseState.OPEN:
        raise Refusal(Rule.CASE_OPEN, f"case {case.id} is already {case.state}")
    if round_ != case.round:
        raise Refusal(OTHER_ROUND, f"case {case.id} is in round {case.round}, not {round_}")
    if verdict.kind is not case.kind:
        raise Refusal(OTHER_KIND, f"case {case.id} asks about {case.kind}, not {verdict.kind}")
