"""How many people answer a case, and what their answers come to together.

Two independent people, blind to each other and to the model, answer every suspension, designation
and removal, what restricts a protected account, and a random share of the rest. Where they differ a
lead decides; where two are needed, nobody is restricted on one voice alone.
"""

import hashlib
from collections.abc import Mapping, Sequence

from pydantic import Field

from policy.cases import Case, CaseKind
from policy.review_rules import ReviewRule
from policy.reviewers import LEADS_ROUND
from policy.verdicts import (
    AssociationChoice,
    AssociationVerdict,
    PostAction,
    PostHarmVerdict,
    PrimaryUse,
    SecondLook,
    SecondLookVerdict,
    Verdict,
    main_answer,
)
from policy.words import Policy, Refusal, Severity, Value

TWO_ALWAYS = frozenset({CaseKind.SUSPENSION, CaseKind.DESIGNATION})
NEVER_SAMPLED = frozenset({CaseKind.SUPPORT, CaseKind.LEGAL})
"""Help does not wait for a second opinion, and what is sealed is not asked."""


class Said(Value):
    """What one person answered in one round."""

    round: int = Field(ge=1)
    by: str = Field(min_length=1)
    verdict: Verdict


class Need(Value):
    """How many answers a case needs, and the rule that says so."""

    opinions: int
    rule: str


class Asks(Value):
    """The case goes on: another person is asked in this round."""

    round: int
    rule: str


class Settled(Value):
    """The case is answered."""

    verdict: Verdict
    """What is carried out: where two agree, no more than both said."""
    by: str
    seconded_by: str | None
    """The other person who said so; None where one answer was enough, or a lead stands alone."""
    rule: str
    undecided: bool = False
    """No two agree on a restriction: the case ends, and nobody is restricted."""


def sampled(case_id: str, share: float) -> bool:
    """Whether a case is in the random share that is answered twice.

    The draw is seeded by the case's id alone (SHA-256, as a fraction below 1), so that anybody can
    check it later; the id bears 64 random bits, so that nobody can choose it.
    """
    drawn = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8]) / 2**64
    return drawn < share


def needed(case: Case, first: Verdict | None, *, protected: bool, share: float) -> Need:
    """How many answers a case needs, as far as its first one tells.

    Args:
        first: the first answer, or None before it came.
        protected: whether the account concerned is on the protected list.
        share: of the cases that need one answer only, this share gets two.
    """
    if case.gold is not None:
        return _need(1, ReviewRule.ONE_OPINION)
    if case.kind in TWO_ALWAYS:
        return _need(2, ReviewRule.TWO_ALWAYS)
    if first is not None and _removes(first):
        return _need(2, ReviewRule.TWO_REMOVAL)
    if first is not None and protected and restricts(first):
        return _need(2, ReviewRule.TWO_PROTECTED)
    if case.kind not in NEVER_SAMPLED and sampled(case.id, share):
        return _need(2, ReviewRule.TWO_SAMPLED)
    return _need(1, ReviewRule.ONE_OPINION)


def is_blind(case: Case) -> bool:
    """Whether whoever answers now must see neither the model's opinion nor an earlier answer."""
    return case.blind or case.round == LEADS_ROUND - 1 or case.kind in TWO_ALWAYS


def settle(case: Case, said: Sequence[Said], *, protected: bool, share: float) -> Settled | Asks:
    """What the answers so far come to.

    Args:
        said: the answers, by round from the first on without a gap; three at most.

    Raises:
        Refusal: one person answered twice, or a round is missing.
    """
    _check(said)
    first = said[0]
    need = needed(case, first.verdict, protected=protected, share=share)
    if len(said) == LEADS_ROUND:
        return _by_lead(said)
    if len(said) < need.opinions:
        return Asks(round=len(said) + 1, rule=need.rule)
    if len(said) == 1:
        return _settled(first.verdict, first, None, need.rule)
    last = said[-1]
    if not agree(first.verdict, last.verdict):
        return Asks(round=LEADS_ROUND, rule=ReviewRule.THIRD_LEAD)
    return _settled(merged(first.verdict, last.verdict), last, first, need.rule)


def _by_lead(said: Sequence[Said]) -> Settled:
    lead = said[-1]
    partner = next((one for one in said[:-1] if agree(one.verdict, lead.verdict)), None)
    if partner is not None:
        verdict = merged(partner.verdict, lead.verdict)
        return _settled(verdict, lead, partner, ReviewRule.THIRD_LEAD)
    if restricts(lead.verdict):
        return _settled(lead.verdict, lead, None, ReviewRule.LONE_VOICE, undecided=True)
    return _settled(lead.verdict, lead, None, ReviewRule.THIRD_LEAD)


def agree(one: Verdict, other: Verdict) -> bool:
    """Whether two answers say the same as far as anything follows from it.

    On a post: the same action, and where a rule was found broken, at least one in common. A
    second question that only one answered with yes (primary use) is settled by `merged`.
    """
    if one.kind is not other.kind or main_answer(one) != main_answer(other):
        return False
    if isinstance(one, PostHarmVerdict) and isinstance(other, PostHarmVerdict):
        return bool(_in_common(one, other)) or not (one.policies or other.policies)
    return True


def merged(one: Verdict, other: Verdict) -> Verdict:
    """What two answers that agree both say, in the words of the later one.

    Of broken rules those in common, each as gravely as the milder answer has it; a primary use only
    where both saw it; help for an author where either saw the need.
    """
    if isinstance(one, PostHarmVerdict) and isinstance(other, PostHarmVerdict):
        return other.model_copy(
            update={
                "policies": _in_common(one, other),
                "author_needs_support": one.author_needs_support or other.author_needs_support,
            }
        )
    if isinstance(one, AssociationVerdict) and isinstance(other, AssociationVerdict):
        same = one.primary_use is other.primary_use
        return other.model_copy(
            update={"primary_use": other.primary_use if same else PrimaryUse.UNCLEAR}
        )
    return other


def restricts(verdict: Verdict) -> bool:
    """Whether an answer asks for a restriction, or for the designation that others rest on.

    To uphold in an appeal is none: what stands goes on standing.
    """
    match verdict:
        case AssociationVerdict():
            return verdict.association is AssociationChoice.ASSOCIATED
        case PostHarmVerdict():
            return _removes(verdict)
        case SecondLookVerdict():
            return verdict.kind is not CaseKind.APPEAL and verdict.decision is SecondLook.UPHOLD
    return False


def _removes(verdict: Verdict) -> bool:
    return isinstance(verdict, PostHarmVerdict) and verdict.action is PostAction.REQUIRE_REMOVAL


def _in_common(one: PostHarmVerdict, other: PostHarmVerdict) -> Mapping[Policy, Severity]:
    return {
        policy: min(level, other.policies[policy], key=lambda each: each.rank)
        for policy, level in one.policies.items()
        if policy in other.policies
    }


def _check(said: Sequence[Said]) -> None:
    if not said or [one.round for one in said] != list(range(1, len(said) + 1)):
        raise Refusal("case.open.v1", "the answers of all rounds, from the first on")
    if len(said) > LEADS_ROUND:
        raise Refusal("case.open.v1", f"a case has {LEADS_ROUND} rounds at the most")
    if len({one.by.casefold() for one in said}) < len(said):
        raise Refusal(ReviewRule.REVIEWER_OTHER, "each further opinion is another person's")


def _need(opinions: int, rule: ReviewRule) -> Need:
    return Need(opinions=opinions, rule=rule)


def _settled(
    verdict: Verdict, last: Said, other: Said | None, rule: str, *, undecided: bool = False
) -> Settled:
    return Settled(
        verdict=verdict,
        by=last.by,
        seconded_by=other.by if other else None,
        rule=rule,
        undecided=undecided,
    )
