"""Gold: questions whose right answer is known, asked again among the others to measure reviewers.

Known only to Concert: a copy looks like any other case, decides nothing and restricts nobody.
"""

from typing import Any, Self

from pydantic import Field

from policy.cases import AskedAbout, Case, CaseKind
from policy.opinions import TWO_ALWAYS
from policy.review_rules import ReviewRule
from policy.verdicts import Verdict
from policy.words import Harm, Id, Policy, Refusal, Severity, SubjectKind, UtcDatetime, Value


class GoldItem(Value):
    """One question with its right answer."""

    id: Id
    kind: CaseKind
    subject_kind: SubjectKind | AskedAbout
    subject_id: Id
    group_id: str | None
    evidence: dict[str, Any]
    """What is shown, as it was frozen in the case that it was made of."""
    rule: str
    harm: Harm | None
    severity: Severity
    material: Severity
    policies: tuple[Policy, ...]
    lang: str
    places: tuple[str, ...]
    blind: bool
    probability: float | None
    expected: Verdict
    not_by: tuple[str, ...]
    """Who answered it before: of them it would measure the memory."""
    from_case: Id
    made_by: str = Field(min_length=1)
    made_at: UtcDatetime
    retired_at: UtcDatetime | None = None

    @classmethod
    def of(
        cls, case: Case, expected: Verdict, *, item_id: str, made_by: str, at: UtcDatetime
    ) -> Self:
        """Make an item of a case that was decided.

        Raises:
            Refusal: the case is open, gold itself, of a kind that never is, or asks otherwise.
        """
        if case.ended_at is None:
            raise Refusal(ReviewRule.GOLD, f"case {case.id} is still open")
        if case.gold is not None:
            raise Refusal(ReviewRule.GOLD, f"case {case.id} is no case to make gold of")
        if case.kind in NEVER_GOLD:
            raise Refusal(ReviewRule.GOLD, f"cases of kind {case.kind} are never gold")
        if expected.kind is not case.kind:
            raise Refusal(ReviewRule.GOLD, f"case {case.id} asks about {case.kind}")
        return cls(
            id=item_id,
            kind=case.kind,
            subject_kind=case.subject_kind,
            subject_id=case.subject_id,
            group_id=case.group_id,
            evidence=case.evidence,
            rule=case.rule,
            harm=case.harm,
            severity=case.severity,
            material=case.material,
            policies=case.policies,
            lang=case.lang,
            places=case.places,
            blind=case.blind,
            probability=case.probability,
            expected=expected,
            not_by=case.not_by,
            from_case=case.id,
            made_by=made_by,
            made_at=at,
        )

    def retire(self, *, at: UtcDatetime) -> Self:
        """Ask it no more.

        Raises:
            Refusal: it is retired already.
        """
        if self.retired_at is not None:
            raise Refusal(ReviewRule.GOLD, f"gold item {self.id} is retired already")
        return self.model_copy(update={"retired_at": at})


NEVER_GOLD = TWO_ALWAYS | {CaseKind.APPEAL, CaseKind.SUPPORT, CaseKind.LEGAL, CaseKind.ASSESSMENT}
"""What weighs most or cannot wait is asked in earnest only."""
