"""What people's decisions lead to, on both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from casework import enforce
from casework.designate import start_review, withdraw
from casework.office import Office
from casework.standing import standing_of
from casework.technical import pursue_proven
from policy.cases import Case, CaseKind, CaseState
from policy.grounds import LIMITS
from policy.lookup import Verdict as Seen
from policy.lookup import visible
from policy.restrictions import Restriction
from policy.rules import Rule
from policy.scores import Association, Share
from policy.verdicts import (
    AssociationChoice,
    AssociationVerdict,
    PostAction,
    PostHarmVerdict,
    PrimaryUse,
    SecondLook,
    SecondLookVerdict,
)
from policy.words import (
    Lane,
    Policy,
    Refusal,
    RestrictionKind,
    Severity,
    SubjectKind,
    Surface,
)
from store.audit import verify
from tests.casework.conftest import Desk, TurnedClock

GROUP = "weigh-it-again"
MEMBER = "windy_ferry_83"
REPORTER = "courier_notebook_20"
Ask = Callable[..., Case]

YES = AssociationVerdict(
    association=AssociationChoice.ASSOCIATED, primary_use=PrimaryUse.NO, reason="It joins floods."
)
MAINLY = AssociationVerdict(
    association=AssociationChoice.ASSOCIATED,
    primary_use=PrimaryUse.YES,
    reason="It does but this.",
)
NO = AssociationVerdict(association=AssociationChoice.NOT_ASSOCIATED)
UNSURE = AssociationVerdict(association=AssociationChoice.CANNOT_TELL)
UPHOLD = SecondLookVerdict(
    kind=CaseKind.SUSPENSION, decision=SecondLook.UPHOLD, reason="I see the same."
)


def standing(office: Office, account_id: str) -> list[Restriction]:
    with office.store.reading() as work:
        laid = enforce.on_subject(work, SubjectKind.ACCOUNT, account_id)
    return [one for one in laid if one.stands(office.now())]


def open_cases(office: Office, **where: object) -> list[Case]:
    with office.store.reading() as work:
        return work.cases.find(state=CaseState.OPEN.value, **where)


def uphold(office: Office, desk: Desk, case: Case) -> None:
    """Two people, neither of whom proposed it, see the same."""
    desk.answer(case, UPHOLD, by="person:second reviewer")
    assert RestrictionKind.SUSPEND_ACCOUNT not in {
        one.kind for one in standing(office, case.subject_id)
    }
    [again] = open_cases(office, subject_id=case.subject_id)
    desk.answer(again, UPHOLD, by="person:third reviewer")


def test_associated_lays_every_limit_of_the_designation_and_says_why(
    office: Office, desk: Desk, ask: Ask
) -> None:
    desk.answer(ask(MEMBER), YES)

    laid = standing(office, MEMBER)
    assert {one.kind for one in laid} == set(LIMITS)
    assert {one.cause.by for one in laid} == {"person:first reviewer"}
    assert {(one.expires_at - one.starts_at).days for one in laid if one.expires_at} == {30}
    with office.store.reading() as work:
        statements = work.statements.find(restriction_id=[one.id for one in laid])
        told = work.events.after(0)
        group = work.groups.need(GROUP)
    assert len(statements) == len(laid)
    assert {one.ends_at for one in statements} == {laid[0].expires_at}
    assert [one.kind for one in told] == ["laid", "notice"] * len(laid)
    assert MEMBER in group.seeds


def test_limits_expire_by_the_clock_alone(
    office: Office, desk: Desk, ask: Ask, clock: TurnedClock
) -> None:
    desk.answer(ask(MEMBER), YES)
    laid = standing(office, MEMBER)
    assert visible(laid, Surface.SEARCH, office.now()).verdict is Seen.LIMIT
    clock.turn(days=30)
    assert visible(laid, Surface.SEARCH, office.now()).verdict is Seen.SHOW
    assert standing(office, MEMBER) == []


@pytest.mark.parametrize("verdict", [NO, UNSURE], ids=["not associated", "cannot tell"])
def test_other_answers_restrict_nobody(
    office: Office, desk: Desk, ask: Ask, verdict: AssociationVerdict
) -> None:
    desk.answer(ask(MEMBER), verdict)
    assert standing(office, MEMBER) == []


def test_not_associated_lifts_what_stood_on_the_association(
    office: Office, desk: Desk, ask: Ask
) -> None:
    desk.answer(ask(MEMBER), YES)
    desk.answer(ask(MEMBER), NO, by="person:second reviewer")
    assert standing(office, MEMBER) == []
    with office.store.reading() as work:
        assert MEMBER not in work.groups.need(GROUP).seeds


def test_no_answer_was_given_later_than_now(
    office: Office, desk: Desk, ask: Ask, clock: TurnedClock
) -> None:
    # Else behaviour before that day would not count as new.
    assert desk.answer(ask(MEMBER), YES, ahead=timedelta(days=200)).at == office.now()
    asked = office.now()
    case = ask(REPORTER)
    clock.turn(days=1)
    assert desk.answer(case, NO, ahead=-timedelta(hours=3)).at == asked + timedelta(hours=21)


def test_the_same_answer_twice_is_one_decision(office: Office, desk: Desk, ask: Ask) -> None:
    case = ask(MEMBER)
    first = desk.answer(case, YES)
    desk.handed -= 1
    assert desk.answer(case, YES) == first
    assert len(standing(office, MEMBER)) == len(LIMITS)


def test_another_answer_from_the_same_source_is_refused(
    office: Office, desk: Desk, ask: Ask
) -> None:
    case = ask(MEMBER)
    desk.answer(case, NO)
    desk.handed -= 1
    with pytest.raises(Refusal) as refused:
        desk.answer(case, YES)
    assert refused.value.rule == "review.source.v1"
    assert standing(office, MEMBER) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"round": 2}, "review.round.v1"),
        ({"id": "case_unknown"}, None),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_leaves_nothing(
    office: Office, desk: Desk, ask: Ask, change: dict[str, object], rule: str | None
) -> None:
    case = ask(MEMBER).model_copy(update=change)
    with pytest.raises(Exception) as refused:  # noqa: PT011 - two kinds, told apart below
        desk.answer(case, YES)
    assert getattr(refused.value, "rule", None) == rule
    assert standing(office, MEMBER) == []
    with office.store.reading() as work:
        assert work.decisions.find() == []


def test_a_decided_case_is_not_decided_again(office: Office, desk: Desk, ask: Ask) -> None:
    case = ask(MEMBER)
    desk.answer(case, NO)
    with pytest.raises(Refusal) as refused:
        desk.answer(case, YES)
    assert refused.value.rule == Rule.CASE_OPEN
    assert standing(office, MEMBER) == []


def test_a_protected_account_needs_another_person(office: Office, desk: Desk, ask: Ask) -> None:
    desk.answer(ask(REPORTER), YES)
    assert standing(office, REPORTER) == []
    [again] = open_cases(office, subject_id=REPORTER)
    assert again.round == 2

    with pytest.raises(Refusal) as refused:
        desk.answer(again, YES)
    assert refused.value.rule == "review.other_person.v1"

    desk.answer(again, YES, by="person:second reviewer")
    assert {one.kind for one in standing(office, REPORTER)} == set(LIMITS)


def _associate(office: Office, account_id: str, posts: int, low: float) -> None:
    association = Association(
        account_id=account_id,
        group_id=GROUP,
        probability=0.97,
        low=0.9,
        high=0.99,
        primary_use=Share(share=0.9, low=low, high=0.95, posts=posts),
        calibrated=True,
        lang="en",
        lane=Lane.ACT,
        rule="routing.association.act.v1",
        model="test",
    )
    office.store.transact(
        lambda work: work.save(association, action="association.scored"),
        actor="system:test",
        now=office.now(),
    )


def test_suspension_is_two_other_peoples_and_only_for_primary_use(
    office: Office, desk: Desk, ask: Ask
) -> None:
    _associate(office, MEMBER, posts=22, low=0.7)
    desk.answer(ask(MEMBER), MAINLY)
    [case] = open_cases(office, subject_id=MEMBER)
    assert case.kind is CaseKind.SUSPENSION
    with pytest.raises(Refusal):
        desk.answer(case, UPHOLD)
    uphold(office, desk, case)

    [suspension] = [
        one for one in standing(office, MEMBER) if one.kind is RestrictionKind.SUSPEND_ACCOUNT
    ]
    assert suspension.expires_at is None
    assert suspension.cause.clause == "enforcement.suspension"


def test_without_measured_primary_use_no_suspension_is_proposed(
    office: Office, desk: Desk, ask: Ask
) -> None:
    _associate(office, MEMBER, posts=19, low=0.7)
    desk.answer(ask(MEMBER), MAINLY)
    assert open_cases(office, subject_id=MEMBER) == []


def test_a_proven_ring_ends_in_action(office: Office, desk: Desk) -> None:
    assert pursue_proven(office) == 14
    assert pursue_proven(office) == 0
    case, *_ = open_cases(office, kind=CaseKind.SUSPENSION.value)
    no = SecondLookVerdict(
        kind=CaseKind.SUSPENSION, decision=SecondLook.REJECT, reason="It seems harmless to me."
    )
    with pytest.raises(Refusal) as refused:
        desk.answer(case, no)
    assert refused.value.rule == Rule.TECHNICAL_CLOSE

    uphold(office, desk, case)
    [suspension] = standing(office, case.subject_id)
    assert suspension.kind is RestrictionKind.SUSPEND_ACCOUNT
    assert suspension.cause.clause == "coordination.technical.proven"


def test_removal_cites_the_gravest_rule_and_gives_one_strike(
    office: Office, desk: Desk, ask: Ask
) -> None:
    case = ask(
        MEMBER,
        kind=CaseKind.POST_HARM,
        subject_kind=SubjectKind.POST,
        subject_id=f"{MEMBER}-01",
        group_id=None,
        evidence={"post": {"post_id": f"{MEMBER}-01", "account": MEMBER}},
    )
    verdict = PostHarmVerdict(
        policies={Policy.ABUSE: Severity.HIGH, Policy.SPAM: Severity.LOW},
        action=PostAction.REQUIRE_REMOVAL,
        reason="It abuses the judge by name.",
    )
    desk.answer(case, verdict)
    with office.store.reading() as work:
        assert enforce.on_subject(work, SubjectKind.POST, f"{MEMBER}-01") == []
    [case] = open_cases(office, subject_id=f"{MEMBER}-01")
    decision = desk.answer(case, verdict, by="person:second reviewer")
    with office.store.reading() as work:
        [removal] = enforce.on_subject(work, SubjectKind.POST, f"{MEMBER}-01")
        [strike] = work.strikes.find(account_id=MEMBER)
    assert (removal.kind, removal.ground.policy) == (RestrictionKind.REQUIRE_REMOVAL, "abuse")
    assert strike.violation_id == decision.id


def test_a_withdrawal_lifts_what_hung_on_it_and_closes_its_cases(
    office: Office, desk: Desk, ask: Ask
) -> None:
    desk.answer(ask(MEMBER), YES)
    waiting = ask("stony_boot_86")
    with office.store.reading() as work:
        designation = standing_of(work, GROUP)
    assert designation is not None
    lead = "person:policy lead"
    start_review(office, designation.id, by=lead, reason="Behaviour has changed.")
    withdraw(office, designation.id, by=lead, reason="The floods have ended.")

    assert standing(office, MEMBER) == []
    with office.store.reading() as work:
        closed = work.cases.need(waiting.id)
        lifted = [one for one in work.events.after(0, limit=1000) if one.kind == "lifted"]
    assert closed.state is CaseState.CLOSED
    assert len(lifted) == len(LIMITS)


def test_after_a_withdrawal_an_answer_restricts_nobody(
    office: Office, desk: Desk, ask: Ask
) -> None:
    with office.store.reading() as work:
        designation = standing_of(work, GROUP)
    assert designation is not None
    lead = "person:policy lead"
    start_review(office, designation.id, by=lead, reason="Behaviour has changed.")
    withdraw(office, designation.id, by=lead, reason="The floods have ended.")
    with pytest.raises(Refusal) as refused:
        desk.answer(ask(MEMBER), YES)
    assert refused.value.rule == "review.ground_gone.v1"


def test_an_overdue_review_blocks_new_limits(
    office: Office, desk: Desk, ask: Ask, clock: TurnedClock
) -> None:
    clock.turn(days=91)
    with pytest.raises(Refusal) as refused:
        desk.answer(ask(MEMBER), YES)
    assert refused.value.rule == Rule.REVIEW_OVERDUE


def test_all_of_it_is_in_the_audit_log(office: Office, desk: Desk, ask: Ask) -> None:
    desk.answer(ask(MEMBER), YES)
    report = verify(office.store)
    assert report.problems == ()
    assert report.rows > 0
