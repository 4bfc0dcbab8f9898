"""A designation: proposed, designated, under review, then kept, modified or withdrawn.

Source: "Enforcement against coordinated harmful activity": designations are reviewed on a regular
basis and modified or withdrawn as behaviour changes. A machine may propose; a person decides each
step, with a name and a reason.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field

from policy.assessment import Assessment, Outcome
from policy.boilerplate import check_answers
from policy.life_rules import LifeRule
from policy.people import require_person
from policy.questions import FourQuestions
from policy.rules import RULES, Rule
from policy.words import Id, Refusal, RestrictionKind, UtcDatetime, Value

REVIEW_EVERY = timedelta(days=90)
"""When a designation is reviewed unless an earlier or later day is chosen."""
REVIEW_WITHIN = timedelta(days=180)
"""The farthest that a review may lie ahead."""
ASSESSMENT_FRESH = timedelta(days=30)
"""How old an assessment may be when a designation is decided on it."""

DESIGNATION_MEASURES: tuple[RestrictionKind, ...] = (
    RestrictionKind.LIMIT_SEARCH,
    RestrictionKind.LIMIT_REPLIES,
    RestrictionKind.LIMIT_TIMELINES,
    RestrictionKind.NO_EMAIL_RECOMMENDATION,
    RestrictionKind.NO_PRODUCT_RECOMMENDATION,
    RestrictionKind.BLOCK_TREND,
    RestrictionKind.SUSPEND_ACCOUNT,
)
"""What the policy lets a designation lead to. Removal is for violations of one's own."""


class DesignationState(StrEnum):
    PROPOSED = "proposed"
    DESIGNATED = "designated"
    UNDER_REVIEW = "under_review"
    MODIFIED = "modified"
    WITHDRAWN = "withdrawn"


NEXT: dict[DesignationState, tuple[DesignationState, ...]] = {
    DesignationState.PROPOSED: (DesignationState.DESIGNATED, DesignationState.WITHDRAWN),
    DesignationState.DESIGNATED: (DesignationState.UNDER_REVIEW,),
    DesignationState.UNDER_REVIEW: (
        DesignationState.DESIGNATED,
        DesignationState.MODIFIED,
        DesignationState.WITHDRAWN,
    ),
    DesignationState.MODIFIED: (DesignationState.UNDER_REVIEW,),
    DesignationState.WITHDRAWN: (),
}
"""The only ways from state to state. A proposal that a person declines ends as withdrawn."""

STANDING = (DesignationState.DESIGNATED, DesignationState.UNDER_REVIEW, DesignationState.MODIFIED)
"""States in which a designation is in force; a review does not suspend it."""

_PROPOSED = (DesignationState.PROPOSED,)
_SETTLED = (DesignationState.DESIGNATED, DesignationState.MODIFIED)
_REVIEWED = (DesignationState.UNDER_REVIEW,)


class Step(Value):
    """One transition: who, when, why, on which assessment."""

    state: DesignationState
    at: UtcDatetime
    by: str
    reason: str
    assessment_id: Id
    rule: str
    clause: str
    seconded_by: str | None = None
    """The second person, where the step put the designation in force."""


class Signed(Value):
    """What the first person signed, as long as no second person has looked."""

    by: str
    at: UtcDatetime
    reason: str
    assessment_id: Id
    questions: FourQuestions
    measures: tuple[RestrictionKind, ...]
    review_at: UtcDatetime


class Designation(Value):
    """What a group was designated as, on which assessment, with which measures, until when."""

    id: Id
    group_id: Id
    state: DesignationState
    assessment_id: Id
    """The latest assessment that carries it."""
    questions: FourQuestions | None = None
    """The answers that the person who designated stood behind; None while proposed."""
    measures: tuple[RestrictionKind, ...] = DESIGNATION_MEASURES
    review_at: UtcDatetime | None = None
    """When it has to be reviewed; None while proposed and once withdrawn."""
    signed: Signed | None = None
    """A first person's signature on a proposal; nothing is in force by it."""
    history: tuple[Step, ...] = Field(min_length=1)

    @property
    def standing(self) -> bool:
        """Whether it is in force, so that restrictions may stand on it."""
        return self.state in STANDING

    def overdue(self, now: UtcDatetime) -> bool:
        """Whether the review should have been done by `now`; starting it is not doing it."""
        return self.standing and (self.review_at is None or self.review_at <= now)

    def check_may_limit(self, now: UtcDatetime) -> None:
        """Check that new and renewed limits may be laid on it.

        Raises:
            Refusal: it is not in force, or its review is overdue.
        """
        if not self.standing:
            raise Refusal(Rule.GROUND, f"designation {self.id} is {self.state}, not in force")
        if self.overdue(now):
            raise Refusal(Rule.REVIEW_OVERDUE, f"designation {self.id}: its review is overdue")

    def designate(
        self,
        assessment: Assessment,
        questions: FourQuestions,
        *,
        by: str,
        reason: str,
        at: UtcDatetime,
        review_at: UtcDatetime | None = None,
        measures: tuple[RestrictionKind, ...] | None = None,
        seconded_by: str | None = None,
    ) -> Self:
        """Sign a proposal on a fresh assessment that carries it; seconded, it is in force.

        Without `seconded_by` the signature is kept, and `second` puts it in force.

        Raises:
            Refusal: not a proposal; not a person with a reason; the assessment is of another
                group, stale, or proposes nothing; answers empty or boilerplate; the review lies too
                far off; a measure that no designation leads to; the second is no other person.
        """
        self._check_step(_PROPOSED, DesignationState.DESIGNATED, by=by, reason=reason, at=at)
        self._check_carried(assessment, at)
        check_answers(questions)
        if questions.nature is not assessment.nature:
            raise Refusal(
                Rule.DESIGNATION_EVIDENCE,
                f"nature: the assessment took the group for {assessment.nature or 'unjudged'}, "
                f"the answers for {questions.nature}; assess again",
            )
        signed = Signed(
            by=by,
            at=at,
            reason=reason,
            assessment_id=assessment.id,
            questions=questions,
            review_at=_review(at, review_at),
            measures=_measures(self.measures if measures is None else measures),
        )
        if seconded_by is None:
            return self.model_copy(update={"signed": signed})
        return self._in_force(signed, assessment, seconded_by=seconded_by, at=at)

    def second(self, assessment: Assessment, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Put a signed proposal in force, by a second person.

        Args:
            assessment: the one that was signed.
            by: another person than the one who signed.
            reason: why, in a few words.
            at: the present moment.

        Raises:
            Refusal: nobody signed; not another person with a reason; the assessment is not the
                signed one, or is no longer fresh; the review would lie in the past.
        """
        self._check_step(_PROPOSED, DesignationState.DESIGNATED, by=by, reason=reason, at=at)
        if self.signed is None:
            raise Refusal(LifeRule.SECOND, f"designation {self.id}: nobody has signed it yet")
        if assessment.id != self.signed.assessment_id:
            raise Refusal(LifeRule.SECOND, f"assessment {assessment.id} is not the signed one")
        self._check_carried(assessment, at)
        _review(at, self.signed.review_at)
        return self._in_force(self.signed, assessment, seconded_by=by, at=at)

    def reassess(self, assessment: Assessment, *, by: str, at: UtcDatetime) -> Self:
        """Take note of an assessment on new evidence.

        A proposal goes on with it, and has to be signed anew. What is in force and no longer
        carried comes up for review at once; a person decides. What is still carried stays as it is.

        Raises:
            Refusal: it is of another group, or the designation is withdrawn.
        """
        if assessment.group_id != self.group_id:
            raise Refusal(Rule.DESIGNATION_EVIDENCE, "assessment: it is about another group")
        if self.state is DesignationState.WITHDRAWN:
            raise Refusal(Rule.DESIGNATION_STEP, f"designation {self.id} is {self.state}")
        if self.state is DesignationState.PROPOSED:
            noted = self._noted(assessment, by=by, at=at)
            return noted.model_copy(update={"assessment_id": assessment.id, "signed": None})
        if assessment.outcome is Outcome.DESIGNATE:
            return self
        due = at if self.review_at is None else min(self.review_at, at)
        return self._noted(assessment, by=by, at=at).model_copy(update={"review_at": due})

    def _noted(self, assessment: Assessment, *, by: str, at: UtcDatetime) -> Self:
        step = Step(
            state=self.state,
            at=at,
            by=by,
            reason=assessment.why,
            assessment_id=assessment.id,
            rule=LifeRule.REASSESSED,
            clause=LifeRule.REASSESSED.clause,
        )
        return self.model_copy(update={"history": (*self.history, step)})

    def _in_force(
        self, signed: Signed, assessment: Assessment, *, seconded_by: str, at: UtcDatetime
    ) -> Self:
        require_person(seconded_by, f"seconded: {signed.reason}", LifeRule.SECOND)
        if seconded_by.casefold() == signed.by.casefold():
            raise Refusal(LifeRule.SECOND, "seconded_by: the second is another person")
        made = self._step(
            DesignationState.DESIGNATED,
            at=at,
            by=signed.by,
            reason=signed.reason,
            assessment=assessment,
            review_at=signed.review_at,
            measures=signed.measures,
            questions=signed.questions,
        )
        last = made.history[-1].model_copy(update={"seconded_by": seconded_by})
        return made.model_copy(update={"signed": None, "history": (*made.history[:-1], last)})

    def decline(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Turn a proposal down.

        Raises:
            Refusal: not a proposal, or not a person with a reason.
        """
        self._check_step(_PROPOSED, DesignationState.WITHDRAWN, by=by, reason=reason, at=at)
        return self._step(DesignationState.WITHDRAWN, at=at, by=by, reason=reason, review_at=None)

    def start_review(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """Put it under review; it stays in force, and its review date stays what it was.

        Raises:
            Refusal: not designated or modified, or not a person with a reason.
        """
        self._check_step(_SETTLED, DesignationState.UNDER_REVIEW, by=by, reason=reason, at=at)
        return self._step(
            DesignationState.UNDER_REVIEW, at=at, by=by, reason=reason, review_at=self.review_at
        )

    def keep(
        self,
        assessment: Assessment,
        *,
        by: str,
        reason: str,
        at: UtcDatetime,
        review_at: UtcDatetime | None = None,
    ) -> Self:
        """End a review with the designation as it stands, on a fresh assessment that carries it.

        Raises:
            Refusal: not under review; not a person with a reason; the assessment does not carry it.
        """
        self._check_step(_REVIEWED, DesignationState.DESIGNATED, by=by, reason=reason, at=at)
        self._check_carried(assessment, at)
        return self._step(
            DesignationState.DESIGNATED,
            at=at,
            by=by,
            reason=reason,
            assessment=assessment,
            review_at=_review(at, review_at),
        )

    def modify(
        self,
        assessment: Assessment,
        *,
        measures: tuple[RestrictionKind, ...],
        by: str,
        reason: str,
        at: UtcDatetime,
        review_at: UtcDatetime | None = None,
    ) -> Self:
        """End a review with other measures, because behaviour changed.

        Raises:
            Refusal: not under review; not a person with a reason; the assessment does not carry it;
                a measure that no designation leads to, or the measures it has already.
        """
        self._check_step(_REVIEWED, DesignationState.MODIFIED, by=by, reason=reason, at=at)
        self._check_carried(assessment, at)
        if set(measures) == set(self.measures):
            raise Refusal(Rule.MEASURES, "measures: nothing would change; keep it instead")
        return self._step(
            DesignationState.MODIFIED,
            at=at,
            by=by,
            reason=reason,
            assessment=assessment,
            review_at=_review(at, review_at),
            measures=_measures(measures),
        )

    def withdraw(self, *, by: str, reason: str, at: UtcDatetime) -> Self:
        """End a review by ending the designation; what hung on it has to be lifted with it.

        Raises:
            Refusal: not under review, or not a person with a reason.
        """
        self._check_step(_REVIEWED, DesignationState.WITHDRAWN, by=by, reason=reason, at=at)
        return self._step(DesignationState.WITHDRAWN, at=at, by=by, reason=reason, review_at=None)

    def _check_step(
        self,
        only_from: tuple[DesignationState, ...],
        to: DesignationState,
        *,
        by: str,
        reason: str,
        at: UtcDatetime,
    ) -> None:
        if self.state not in only_from:
            raise Refusal(
                Rule.DESIGNATION_STEP, f"designation {self.id} is {self.state}; not then {to}"
            )
        if at < self.history[-1].at:
            raise Refusal(Rule.DESIGNATION_STEP, "at: a step does not lie before the last one")
        require_person(by, reason, Rule.PERSON_DESIGNATES)

    def _check_carried(self, assessment: Assessment, at: UtcDatetime) -> None:
        if assessment.group_id != self.group_id:
            raise Refusal(Rule.DESIGNATION_EVIDENCE, "assessment: it is about another group")
        if assessment.outcome is not Outcome.DESIGNATE:
            raise Refusal(
                assessment.rule, f"assessment {assessment.id} does not carry it: {assessment.why}"
            )
        if not at - ASSESSMENT_FRESH <= assessment.assessed_at <= at:
            raise Refusal(
                Rule.DESIGNATION_EVIDENCE, f"assessment {assessment.id} is not fresh: assess again"
            )

    def _step(
        self,
        state: DesignationState,
        *,
        at: UtcDatetime,
        by: str,
        reason: str,
        review_at: UtcDatetime | None,
        assessment: Assessment | None = None,
        measures: tuple[RestrictionKind, ...] | None = None,
        questions: FourQuestions | None = None,
    ) -> Self:
        assessment_id = assessment.id if assessment else self.assessment_id
        rule = RULES[assessment.rule] if assessment else Rule.DESIGNATION_STEP
        step = Step(
            state=state,
            at=at,
            by=by,
            reason=reason,
            assessment_id=assessment_id,
            rule=rule,
            clause=rule.clause,
        )
        return self.model_copy(
            update={
                "state": state,
                "assessment_id": assessment_id,
                "review_at": review_at,
                "measures": measures or self.measures,
                "questions": questions or self.questions,
                "history": (*self.history, step),
            }
        )


def _review(at: UtcDatetime, review_at: UtcDatetime | None) -> UtcDatetime:
    chosen = review_at or at + REVIEW_EVERY
    if not at < chosen <= at + REVIEW_WITHIN:
        raise Refusal(
            Rule.REVIEW_DATE, f"review_at: after {at:%F}, and within {REVIEW_WITHIN.days} days"
        )
    return chosen


def _measures(measures: tuple[RestrictionKind, ...]) -> tuple[RestrictionKind, ...]:
    wrong = [kind for kind in measures if kind not in DESIGNATION_MEASURES]
    if wrong or not measures:
        raise Refusal(
            Rule.MEASURES,
            f"measures: a designation does not lead to {', '.join(wrong) or 'nothing at all'}",
        )
    return tuple(dict.fromkeys(measures))
