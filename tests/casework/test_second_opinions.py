"""Opinions at receipt: who may answer, how many answers count, and what follows, in the store."""

from collections.abc import Callable
from typing import Any

import pytest

from casework import enforce
from casework.appeal import appeal
from casework.assignment import waiting
from casework.house import change_rules
from casework.office import Office
from casework.opinions import earlier, shown_evidence
from casework.reviewers import change, ensure_first, invite, leave, link_studio, roster
from policy.cases import Case, CaseKind, CaseState
from policy.grounds import LIMITS
from policy.opinions import sampled
from policy.review_rules import ReviewRule
from policy.roles import Role
from policy.rules import Rule
from policy.verdicts import (
    PostAction,
    PostHarmVerdict,
    SecondLook,
    SecondLookVerdict,
)
from policy.words import Policy, Refusal, Severity, SubjectKind
from tests.casework.conftest import Desk
from tests.casework.test_decisions import MEMBER, NO, REPORTER, YES, open_cases, standing

Ask = Callable[..., Case]

ANA, BEN, CLEO, LEA = (f"person:{name}@desk.example" for name in ("ana", "ben", "cleo", "lea"))


@pytest.fixture
def team(office: Office) -> None:
    """Three reviewers and a lead; Cleo reads Turkish only."""
    for name, languages in (("ana", ("en",)), ("ben", ("en", "tr")), ("cleo", ("tr",))):
        invite(
            office,
            f"{name}@desk.example",
            roles=(Role.REVIEWER,),
            by="person:lea",
            languages=languages,
        )
    invite(office, "lea@desk.example", roles=(Role.LEAD,), by="person:lea")
    # Whether a case is in the random share must not be chance in a test.
    change_rules(office, {"second_share": 0.0}, by="person:lea", reason="for this test")


def read(office: Office, case: Case) -> Case:
    with office.store.reading() as work:
        return work.cases.need(case.id)


def refused(desk: Desk, case: Case, verdict: Any, by: str) -> str:
    with pytest.raises(Refusal) as found:
        desk.answer(case, verdict, by=by)
    return found.value.rule


def test_only_who_is_on_the_roster_and_reads_the_language(
    office: Office, desk: Desk, ask: Ask, team: None
) -> None:
    posts = [{"post_id": "p1", "lang": "en", "created_at": office.now().isoformat()}]
    case = ask(MEMBER, evidence={"profile": {"account_id": MEMBER}, "posts": posts})
    assert case.lang == "en"
    assert refused(desk, case, YES, "person:stranger") == ReviewRule.ROSTER
    assert refused(desk, case, YES, CLEO) == ReviewRule.REVIEWER_LANGUAGE
    leave(office, "ben@desk.example", by="person:lea", why="has another job")
    assert refused(desk, case, YES, BEN) == ReviewRule.ROSTER
    desk.answer(case, YES, by=ANA)
    assert {one.kind for one in standing(office, MEMBER)} == set(LIMITS)
    ended = read(office, case)
    assert (ended.answer, ended.settled_by) == ("associated", "opinions.one.v1")


def test_two_blind_and_a_lead_where_they_differ(
    office: Office, desk: Desk, ask: Ask, team: None
) -> None:
    first = ask(REPORTER, probability=0.9)
    desk.answer(first, YES, by=ANA)
    second = read(office, first)
    assert (second.round, second.not_by, second.state) == (2, (ANA,), CaseState.OPEN)
    assert refused(desk, second, NO, ANA) == ReviewRule.REVIEWER_OTHER
    desk.answer(second, NO, by=BEN)
    third = read(office, first)
    assert third.round == 3
    invite(office, "dora@desk.example", roles=(Role.REVIEWER,), by="person:lea")
    assert refused(desk, third, YES, "person:dora@desk.example") == ReviewRule.REVIEWER_ROLE
    with office.store.reading() as work:
        seen = [(one.round, one.answer) for one in earlier(work, third)]
    assert seen == [(1, "associated"), (2, "not_associated")]
    assert standing(office, REPORTER) == []

    desk.answer(third, YES, by=LEA)
    laid = standing(office, REPORTER)
    assert {one.kind for one in laid} == set(LIMITS)
    assert {one.cause.by for one in laid} == {LEA}
    assert read(office, first).settled_by == ReviewRule.THIRD_LEAD


def test_nobody_is_restricted_on_one_voice(
    office: Office, desk: Desk, ask: Ask, team: None
) -> None:
    post = f"{MEMBER}-01"
    case = ask(
        MEMBER,
        kind=CaseKind.POST_HARM,
        subject_kind=SubjectKind.POST,
        subject_id=post,
        group_id=None,
        evidence={"post": {"post_id": post, "account": MEMBER}},
    )

    def remove(policy: Policy) -> PostHarmVerdict:
        return PostHarmVerdict(
            policies={policy: Severity.HIGH},
            action=PostAction.REQUIRE_REMOVAL,
            reason="It breaks the rule.",
        )

    for by, policy in ((ANA, Policy.SPAM), (BEN, Policy.ABUSE), (LEA, Policy.HATE)):
        desk.answer(read(office, case), remove(policy), by=by)
    ended = read(office, case)
    assert (ended.state, ended.answer) == (CaseState.DECIDED, None)
    assert ended.settled_by == ReviewRule.LONE_VOICE
    with office.store.reading() as work:
        assert enforce.on_subject(work, SubjectKind.POST, post) == []


def test_help_for_an_author_does_not_wait_for_a_second_opinion(
    office: Office, desk: Desk, ask: Ask, team: None
) -> None:
    case = ask(
        MEMBER,
        kind=CaseKind.POST_HARM,
        subject_kind=SubjectKind.POST,
        subject_id="p9",
        group_id=None,
        evidence={"post": {"post_id": "p9", "account": MEMBER}},
    )
    worried = PostHarmVerdict(
        policies={Policy.ABUSE: Severity.HIGH},
        action=PostAction.REQUIRE_REMOVAL,
        author_needs_support=True,
        reason="It breaks the rule.",
    )
    desk.answer(case, worried, by=ANA)
    [support] = open_cases(office, kind=CaseKind.SUPPORT.value)
    assert (support.subject_id, int(support.priority)) == ("p9", 3)


def test_an_appeal_never_goes_to_anybody_who_took_part(
    office: Office, desk: Desk, ask: Ask, team: None
) -> None:
    first = ask(REPORTER)
    desk.answer(first, YES, by=ANA)
    desk.answer(read(office, first), YES, by=BEN)
    laid = standing(office, REPORTER)
    appeal(office, laid[0].id, "I only reported it.", actor="person:affected")
    [case] = open_cases(office, kind=CaseKind.APPEAL.value)
    assert case.places == ("school office, Hollin Vale", "school garden, Hollin Vale")
    won = SecondLookVerdict(
        kind=CaseKind.APPEAL, decision=SecondLook.REJECT, reason="It reported, and did not join."
    )
    for by in (ANA, BEN):
        assert refused(desk, case, won, by) == Rule.APPEAL_OTHER
    desk.answer(case, won, by=CLEO)
    assert laid[0].id not in {one.id for one in standing(office, REPORTER)}


def test_the_random_share_needs_two_reviewers_and_is_told_by_the_id(
    office: Office, desk: Desk, ask: Ask
) -> None:
    ensure_first(office, "ana@desk.example")
    change_rules(office, {"second_share": 1.0}, by="person:lea", reason="measure all of them")
    desk.answer(ask(MEMBER), NO, by=ANA)
    assert open_cases(office, subject_id=MEMBER) == []
    invite(office, "ben@desk.example", roles=(Role.REVIEWER,), by="person:lea")
    desk.answer(ask(MEMBER), NO, by=ANA)
    [again] = open_cases(office, subject_id=MEMBER)
    assert again.round == 2
    change_rules(office, {"second_share": 0.2}, by="person:lea", reason="a fifth is enough")
    for n in range(8):
        case = ask(f"somebody_{n}")
        desk.answer(case, NO, by=ANA)
        assert (read(office, case).state is CaseState.OPEN) == sampled(case.id, 0.2)


def test_what_waits_says_for_whom(office: Office, desk: Desk, ask: Ask) -> None:
    ensure_first(office, "ana@desk.example")
    with office.store.reading() as work:
        assert waiting(work, [ask(MEMBER)]) == {}
    desk.answer(ask(REPORTER), YES, by=ANA)
    [second] = open_cases(office, subject_id=REPORTER)
    change(office, "ana@desk.example", by="person:lea", why="told so", languages=("en",))
    turkish = {"profile": {"account_id": "x"}, "posts": [{"post_id": "p", "lang": "tr"}]}
    other = ask("somebody", evidence=turkish)
    with office.store.reading() as work:
        found = waiting(work, work.cases.find(state="open"))
    assert {id_: bar.reason for id_, bar in found.items()} == {
        second.id: "waits for a second reviewer",
        other.id: "waits for a reviewer who reads tr",
    }


def test_the_first_reviewer_is_put_on_an_empty_roster_only(office: Office) -> None:
    first = ensure_first(office, "Ana@desk.example")
    assert first is not None
    assert (first.id, first.roles[0], Role.LEAD in first.roles) == (
        "ana@desk.example",
        Role.REVIEWER,
        True,
    )
    assert ensure_first(office, "ben@desk.example") is None
    assert link_studio(office, "ANA@desk.example", 7).studio_user == 7
    with pytest.raises(Refusal, match="on the roster already"):
        invite(office, "ana@desk.example", roles=(Role.REVIEWER,), by="person:lea")
    with pytest.raises(Refusal, match="id: an e-mail address"):
        invite(office, "nobody", roles=(Role.REVIEWER,), by="person:lea")
    leave(office, "ana@desk.example", by="person:lea", why="a test")
    back = invite(office, "ana@desk.example", roles=(Role.LEAD,), by="person:lea")
    assert (back.studio_user, back.roles) == (7, (Role.LEAD,))
    with office.store.reading() as work:
        assert [one.id for one in roster(work)] == ["ana@desk.example"]


def test_a_blind_round_sees_nothing_of_the_model(ask: Ask) -> None:
    evidence = {
        "opinion": {"likelihood": 0.9},
        "facts": [["Profile", "x"]],
        "posts": [{"post_id": "p", "matched": ["why"]}],
    }
    case = ask(MEMBER, evidence=evidence)
    assert shown_evidence(case) == evidence
    second = case.model_copy(update={"round": 2})
    assert shown_evidence(second) == {"posts": [{"post_id": "p", "matched": []}]}
