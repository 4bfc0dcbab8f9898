"""What a reviewer said, as values: one verdict for each kind of task.

A verdict is complete and free of contradiction, or it does not exist: the server stores empty and
impossible answers (the page's `required` binds browsers only), so each is checked again here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from policy.cases import CaseKind
from policy.words import Harm, Nature, Policy, Severity, Value

Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)]


class AssociationChoice(StrEnum):
    ASSOCIATED = "associated"
    NOT_ASSOCIATED = "not_associated"
    CANNOT_TELL = "cannot_tell"


class PrimaryUse(StrEnum):
    """Whether the account's primary use propagates or encourages the harmful activity."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class PostAction(StrEnum):
    NONE = "none"
    REQUIRE_REMOVAL = "require_removal"


class SecondLook(StrEnum):
    """A second person's answer to a proposed suspension, or to an appeal against a measure."""

    UPHOLD = "uphold"
    REJECT = "reject"
    CANNOT_TELL = "cannot_tell"


class CoordinationChoice(StrEnum):
    TECHNICAL_PROVEN = "technical_proven"
    TECHNICAL_UNPROVEN = "technical_unproven"
    SOCIAL = "social"
    NONE = "none"
    CANNOT_TELL = "cannot_tell"


class AssessmentChoice(StrEnum):
    """What a group's coordination and harm carry, in one person's judgement."""

    COORDINATED_HARM = "coordinated_harm"
    COORDINATION_ONLY = "coordination_only"
    HARM_ONLY = "harm_only"
    NEITHER = "neither"
    CANNOT_TELL = "cannot_tell"


class SupportChoice(StrEnum):
    URGENT = "urgent"
    OFFER_SUPPORT = "offer_support"
    NO_SIGN = "no_sign"


class AssociationVerdict(Value):
    """Whether an account is (or is again) associated, and what it is mainly used for."""

    kind: Literal[CaseKind.ASSOCIATION, CaseKind.REAPPLICATION] = CaseKind.ASSOCIATION
    association: AssociationChoice
    primary_use: PrimaryUse | None = None
    reason: Reason = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.association is AssociationChoice.ASSOCIATED:
            if self.primary_use is None:
                raise ValueError("say whether the account's primary use propagates the harm")
            if not self.reason:
                raise ValueError("give a reason: this answer can limit an account")
        elif self.primary_use is not None:
            raise ValueError("primary use can be answered only for an associated account")
        return self


class PostHarmVerdict(Value):
    """Which policies a post breaks, how gravely each, and what to do about the post."""

    kind: Literal[CaseKind.POST_HARM] = CaseKind.POST_HARM
    policies: Mapping[Policy, Severity] = Field(default_factory=dict)
    """Empty when the reviewer chose `none of these`."""
    action: PostAction = PostAction.NONE
    author_needs_support: bool = False
    """The author may be in danger of self-harm: leads to the support lane, never to a limit."""
    reason: Reason = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.action is PostAction.REQUIRE_REMOVAL and not self.policies:
            raise ValueError("a removal must cite the rule that the post breaks")
        if self.policies and not self.reason:
            raise ValueError("give a reason: this answer says that the post breaks a rule")
        return self


class SecondLookVerdict(Value):
    """Whether a person upholds what is proposed (a suspension, a designation) or appealed."""

    kind: Literal[CaseKind.SUSPENSION, CaseKind.DESIGNATION, CaseKind.APPEAL]
    decision: SecondLook
    reason: Reason = Field(min_length=1)


class CoordinationVerdict(Value):
    """What kind of coordination, if any, the evidence shows."""

    kind: Literal[CaseKind.COORDINATION] = CaseKind.COORDINATION
    coordination: CoordinationChoice
    reason: Reason = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        needs_none = {CoordinationChoice.NONE, CoordinationChoice.CANNOT_TELL}
        if self.coordination not in needs_none and not self.reason:
            raise ValueError("give a reason: this answer finds coordination")
        return self


class HarmTests(Value):
    """The policy's three tests of severity for one form of harm."""

    documented: Severity
    sources: Severity
    likelihood: Severity


class AssessmentVerdict(Value):
    """The four questions about a group, and for each form of harm found the three tests."""

    kind: Literal[CaseKind.ASSESSMENT] = CaseKind.ASSESSMENT
    assessment: AssessmentChoice
    nature: Nature | None = None
    harms: Mapping[Harm, HarmTests] = Field(default_factory=dict)
    """Forms of harm that were not found are left out."""
    purpose: Reason = ""
    coordination: Reason = ""
    harm: Reason = ""
    risks: Reason = ""
    reason: Reason = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.assessment is AssessmentChoice.CANNOT_TELL:
            return self
        for name in ("purpose", "coordination", "harm", "risks"):
            if not getattr(self, name):
                raise ValueError(f"{name}: answer the question")
        finds_harm = self.assessment in (
            AssessmentChoice.COORDINATED_HARM,
            AssessmentChoice.HARM_ONLY,
        )
        if finds_harm != bool(self.harms):
            raise ValueError("harms: give the tests of each form of harm that was found, no other")
        return self


class SupportVerdict(Value):
    """Whether to reach out to a person who may be in danger. Never a finding of harm done."""

    kind: Literal[CaseKind.SUPPORT] = CaseKind.SUPPORT
    support: SupportChoice
    reason: Reason = ""


Verdict = Annotated[
    AssociationVerdict
    | PostHarmVerdict
    | SecondLookVerdict
    | CoordinationVerdict
    | AssessmentVerdict
    | SupportVerdict,
    Field(discriminator="kind"),
]


def main_answer(verdict: Verdict) -> str:
    """The main choice of a verdict, by its machine value."""
    match verdict:
        case AssociationVerdict():
            return verdict.association.value
        case PostHarmVerdict():
            return verdict.action.value
        case SecondLookVerdict():
            return verdict.decision.value
        case CoordinationVerdict():
            return verdict.coordination.value
        case AssessmentVerdict():
            return verdict.assessment.value
        case SupportVerdict():
            return verdict.support.value
