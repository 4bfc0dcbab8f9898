"""What an association leads to: each account by a literal association, on both databases."""

from collections.abc import Callable

import pytest

from casework import enforce
from casework.designate import start_review, withdraw
from casework.office import Office
from casework.outcomes import Candidate, Circumstances, Outcome, follow_up
from casework.standing import standing_of
from policy.cases import Case, CaseKind, CaseState
from policy.records import Post
from policy.scores import Association, Evidence, Share
from policy.words import Lane, SubjectKind
from tests.casework.conftest import Desk, TurnedClock
from tests.casework.test_decisions import NO, YES, standing

GROUP = "weigh-it-again"
MEMBER = "windy_ferry_83"
SEED = "leek_legend_44"
REPORTER = "courier_notebook_20"
Ask = Callable[..., Case]


def candidate(office: Office, account_id: str, lane: Lane, **changes: object) -> Candidate:
    """An account with one post of this moment that carried its score."""
    post = Post(
        post_id=f"{account_id}-{office.now():%d%H%M}",
        account_id=account_id,
        created_at=office.now(),
    )
    rules = {
        Lane.ACT: "routing.association.act.v1",
        Lane.REVIEW: "routing.association.review.v1",
        Lane.DISMISS: "routing.association.dismiss.v1",
    }
    association = Association(
        account_id=account_id,
        group_id=GROUP,
        probability=0.9,
        low=0.8,
        high=0.95,
        primary_use=Share(share=0.5, low=0.3, high=0.7, posts=10),
        calibrated=bool(changes.get("calibrated", True)),
        evidence=(Evidence(kind="post", ref=post.post_id, why="It calls for the flood."),),
        lang="en",
        lane=lane,
        rule=rules[lane],
        model="test-1",
    )
    return Candidate(association, [post], None, bool(changes.get("language_calibrated", True)))


def circumstances(office: Office, secret: bytes = b"x" * 32) -> Circumstances:
    with office.store.reading() as work:
        designation = standing_of(work, GROUP)
        group = work.groups.need(GROUP)
    assert designation is not None
    return Circumstances(group, designation, True, office.periods, secret)


def follow(
    office: Office,
    *candidates: Candidate,
    secret: bytes = b"x" * 32,
    here: Circumstances | None = None,
) -> dict[Outcome, int]:
    here = here or circumstances(office, secret)
    counts = office.store.transact(
        lambda work: follow_up(work, here, candidates), actor="model:test-1", now=office.now()
    )
    return {outcome: count for outcome, count in counts.items() if count}


def waiting(office: Office, account_id: str) -> list[Case]:
    with office.store.reading() as work:
        return work.cases.find(state=CaseState.OPEN.value, subject_id=account_id)


@pytest.mark.parametrize(
    ("account_id", "lane", "changes", "outcome", "rule"),
    [
        (MEMBER, Lane.ACT, {}, Outcome.LIMITED, None),
        (MEMBER, Lane.REVIEW, {}, Outcome.ASKED, "routing.association.review.v1"),
        (MEMBER, Lane.DISMISS, {}, Outcome.NOTHING, None),
        (MEMBER, Lane.ACT, {"calibrated": False}, Outcome.ASKED, "person.uncalibrated.v1"),
        (MEMBER, Lane.ACT, {"language_calibrated": False}, Outcome.ASKED, "person.language.v1"),
        (REPORTER, Lane.ACT, {}, Outcome.ASKED, "person.protected.v1"),
        (SEED, Lane.ACT, {}, Outcome.ASKED, "roll.seed.v1"),
    ],
)
def test_what_each_lane_leads_to(
    office: Office,
    account_id: str,
    lane: Lane,
    changes: dict[str, object],
    outcome: Outcome,
    rule: str | None,
) -> None:
    assert follow(office, candidate(office, account_id, lane, **changes)) == {outcome: 1}
    assert bool(standing(office, account_id)) == (outcome is Outcome.LIMITED)
    assert [case.rule for case in waiting(office, account_id) if not case.blind] == (
        [rule] if rule else []
    ) or all(case.blind for case in waiting(office, account_id))


def test_a_pass_that_began_before_the_withdrawal_does_nothing_after_it(office: Office) -> None:
    begun = circumstances(office)
    start_review(office, begun.designation.id, by="person:ana", reason="it is over")
    withdraw(office, begun.designation.id, by="person:ana", reason="it is over")
    with office.store.reading() as work:
        before = work.associations.count(), work.cases.count(), work.restrictions.count()
    pair = candidate(office, MEMBER, Lane.ACT), candidate(office, "stony_boot_86", Lane.REVIEW)
    assert follow(office, *pair, here=begun) == {}
    with office.store.reading() as work:
        assert (work.associations.count(), work.cases.count(), work.restrictions.count()) == before


def test_a_second_pass_changes_nothing(office: Office) -> None:
    pair = (candidate(office, MEMBER, Lane.ACT), candidate(office, "stony_boot_86", Lane.REVIEW))
    follow(office, *pair)
    with office.store.reading() as work:
        before = work.restrictions.count(), work.cases.count()
    assert follow(office, *pair) == {Outcome.WAITING: 2}
    with office.store.reading() as work:
        assert (work.restrictions.count(), work.cases.count()) == before


def test_a_no_holds_until_there_is_new_behaviour_and_time_has_passed(
    office: Office, desk: Desk, ask: Ask, clock: TurnedClock
) -> None:
    desk.answer(ask(MEMBER), NO)
    clock.turn(days=29)
    assert follow(office, candidate(office, MEMBER, Lane.ACT)) == {Outcome.WAITING: 1}
    old = candidate(office, MEMBER, Lane.REVIEW)
    clock.turn(days=2)
    assert follow(office, old) == {Outcome.ASKED: 1}


def test_a_limit_is_laid_again_only_on_new_behaviour(
    office: Office, desk: Desk, ask: Ask, clock: TurnedClock
) -> None:
    desk.answer(ask(MEMBER), YES)
    old = candidate(office, MEMBER, Lane.ACT)
    clock.turn(days=31)
    assert follow(office, old) == {Outcome.WAITING: 1}
    assert standing(office, MEMBER) == []

    new = candidate(office, MEMBER, Lane.ACT)
    assert follow(office, new) == {Outcome.LIMITED: 1}
    laid = standing(office, MEMBER)
    assert {one.cause.clause for one in laid} == {"enforcement.reapply"}
    assert {one.cause.evidence for one in laid} == {(new.posts[0].post_id,)}


def test_outside_the_act_lane_a_person_is_asked_whether_it_is_laid_again(
    office: Office, desk: Desk, ask: Ask, clock: TurnedClock
) -> None:
    desk.answer(ask(MEMBER), YES)
    clock.turn(days=31)
    assert follow(office, candidate(office, MEMBER, Lane.REVIEW)) == {Outcome.ASKED: 1}
    [case] = waiting(office, MEMBER)
    assert case.kind is CaseKind.REAPPLICATION
    assert case.evidence["before"][0][1].endswith("it expired")
    again = YES.model_copy(update={"kind": CaseKind.REAPPLICATION})
    desk.answer(case, again, by="person:second reviewer")
    assert {one.cause.clause for one in standing(office, MEMBER)} == {"enforcement.reapply"}


def test_an_overdue_review_holds_the_machine(office: Office, clock: TurnedClock) -> None:
    clock.turn(days=91)
    assert follow(office, candidate(office, MEMBER, Lane.ACT)) == {Outcome.HELD: 1}
    assert standing(office, MEMBER) == []


def test_the_blind_sample_is_drawn_by_the_secret_and_bears_no_opinion(office: Office) -> None:
    accounts = [f"made_up_{number}" for number in range(60)]
    follow(office, *(candidate(office, one, Lane.REVIEW) for one in accounts), secret=b"a" * 32)
    cases = [case for one in accounts for case in waiting(office, one)]
    blind = [case for case in cases if case.blind]
    assert len(cases) == 60
    assert 1 <= len(blind) <= 15
    assert all("opinion" not in case.evidence and "facts" not in case.evidence for case in blind)
    assert all(not post["matched"] for case in blind for post in case.evidence["posts"])
    assert all("opinion" in case.evidence for case in cases if not case.blind)


def test_nothing_is_laid_without_the_posts_it_rests_on(office: Office) -> None:
    bare = candidate(office, MEMBER, Lane.ACT)
    bare = Candidate(bare.association.model_copy(update={"evidence": ()}), [], None, True)
    assert follow(office, bare) == {Outcome.HELD: 1}
    with office.store.reading() as work:
        assert enforce.on_subject(work, SubjectKind.ACCOUNT, MEMBER) == []
