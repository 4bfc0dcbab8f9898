"""The opinions of a case: what each person said, in one place, whatever tool they said it in."""

from typing import Any

from pydantic import TypeAdapter

from casework.house import house_rules
from policy.cases import Case, Decision
from policy.opinions import Said, is_blind
from policy.verdicts import Verdict
from policy.words import Value
from store.work import Reading

_VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)


class EarlierOpinion(Value):
    """An earlier answer, as the lead who settles a difference is shown it: without a name."""

    round: int
    answer: str
    details: dict[str, Any]
    reason: str


def verdict_of(decision: Decision) -> Verdict:
    """The verdict that a decision froze."""
    return _VERDICT.validate_python(decision.details)


def decisions_of(work: Reading, case: Case) -> list[Decision]:
    """What was answered so far, by round."""
    ids = [f"decision_{case.id}_{round_}" for round_ in range(1, case.round + 1)]
    found = work.decisions.get_many(ids)
    return [found[one] for one in ids if one in found]


def said(work: Reading, case: Case) -> list[Said]:
    """The same as opinions."""
    return [
        Said(round=one.round, by=one.decided_by, verdict=verdict_of(one))
        for one in decisions_of(work, case)
    ]


def earlier(work: Reading, case: Case) -> list[EarlierOpinion]:
    """What a lead who settles a difference is shown of the two answers."""
    return [
        EarlierOpinion(round=one.round, answer=one.answer, details=one.details, reason=one.reason)
        for one in decisions_of(work, case)
        if one.round < case.round
    ]


def shown_evidence(case: Case) -> dict[str, Any]:
    """The evidence as whoever answers this round may see it: a blind one without the model's view.

    The model speaks in its opinion, in the facts that it matched, and in what it marks in posts.
    """
    if not is_blind(case):
        return dict(case.evidence)
    shown = {key: part for key, part in case.evidence.items() if key not in {"opinion", "facts"}}
    if "posts" in shown:
        shown["posts"] = [
            {**post, "matched": []} if isinstance(post, dict) else post for post in shown["posts"]
        ]
    return shown


def second_share(work: Reading) -> float:
    """The share of cases that are answered twice just to measure agreement.

    None while fewer than two reviewers are on the roster: a case would wait for nobody.
    """
    active = sum(one.active for one in work.reviewers.find())
    return house_rules(work).second_share if active > 1 else 0.0
