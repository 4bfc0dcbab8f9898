"""Screening: which posts a person should see, each by a literal score, on both databases."""

from collections.abc import Mapping

import pytest

from casework.office import Office
from casework.screen import DAILY_POSTS, Screened, screen
from policy.cases import Case, CaseKind
from policy.records import Post
from policy.scores import PostScore
from policy.words import Harm, Lane, Policy, SubjectKind

SUSPECT, ANYBODY = "windy_ferry_83", "pie_and_points_81"


def scored(
    number: int, likelihoods: Mapping[Policy, float], lane: Lane = Lane.REVIEW, **changes: str
) -> PostScore:
    return PostScore(
        post_id=f"made-up-{number}",
        lang="en",
        policies=dict.fromkeys(Policy, 0.01) | dict(likelihoods),
        harms=dict.fromkeys(Harm, 0.0),
        uncalibrated=(),
        lane=lane,
        rule=changes.get("rule", "routing.harm.review.v1"),
        model="test-1",
    )


def run(office: Office, author: str, *scores: PostScore, text: str = "") -> Screened:
    posts = [
        Post(post_id=one.post_id, account_id=author, text=text or f"Words of {one.post_id}.")
        for one in scores
    ]
    suspects = {SUSPECT: ["weigh-it-again"]}
    return office.store.transact(
        lambda work: screen(work, posts, scores, threads={}, associated=suspects),
        actor="model:test-1",
        now=office.now(),
    )


def cases(office: Office) -> list[Case]:
    with office.store.reading() as work:
        return work.cases.find(subject_kind=SubjectKind.POST.value)


@pytest.mark.parametrize(
    ("author", "likelihoods", "lane", "kinds"),
    [
        (SUSPECT, {Policy.ABUSE: 0.9}, Lane.ACT, [CaseKind.POST_HARM]),
        (SUSPECT, {Policy.ABUSE: 0.4}, Lane.REVIEW, [CaseKind.POST_HARM]),
        (SUSPECT, {Policy.ABUSE: 0.1}, Lane.DISMISS, []),
        (ANYBODY, {Policy.ABUSE: 0.9}, Lane.ACT, []),
        (ANYBODY, {Policy.VIOLENCE: 0.6}, Lane.REVIEW, [CaseKind.POST_HARM]),
        (ANYBODY, {Policy.SELF_HARM: 0.6}, Lane.REVIEW, [CaseKind.SUPPORT]),
        (ANYBODY, {Policy.CHILD_EXPLOITATION: 0.6}, Lane.REVIEW, [CaseKind.LEGAL]),
    ],
)
def test_who_is_asked_about_what(
    office: Office,
    author: str,
    likelihoods: dict[Policy, float],
    lane: Lane,
    kinds: list[CaseKind],
) -> None:
    run(office, author, scored(1, likelihoods, lane))
    assert [case.kind for case in cases(office)] == kinds


def test_sealed_content_is_not_copied(office: Office) -> None:
    run(office, ANYBODY, scored(1, {Policy.CHILD_EXPLOITATION: 0.9}), text="Never to be copied.")
    [case] = cases(office)
    assert "Never" not in str(case.evidence)


def test_life_goes_before_help_before_rules(office: Office) -> None:
    run(
        office,
        SUSPECT,
        scored(1, {Policy.SPAM: 0.99}),
        scored(2, {Policy.SELF_HARM: 0.9}),
        scored(3, {Policy.VIOLENCE: 0.6}),
    )
    ranked = sorted(cases(office), key=lambda case: -case.priority)
    assert [case.subject_id for case in ranked] == ["made-up-3", "made-up-2", "made-up-1"]


def test_a_post_is_asked_about_once_whatever_came_of_it(office: Office) -> None:
    score = scored(1, {Policy.ABUSE: 0.9})
    run(office, SUSPECT, score)
    [case] = cases(office)
    office.store.transact(
        lambda work: work.save(
            work.cases.need(case.id).close(at=work.now, why="a test"), action="case.closed"
        ),
        actor="system:test",
        now=office.now(),
    )
    assert run(office, SUSPECT, score).asked == 0
    assert len(cases(office)) == 1


def test_the_same_words_are_one_question(office: Office) -> None:
    many = [scored(number, {Policy.ABUSE: 0.9}) for number in range(5)]
    assert run(office, SUSPECT, *many, text="The same  words").asked == 1


def test_a_day_has_a_budget_and_the_gravest_go_first(office: Office) -> None:
    grave = [scored(number, {Policy.ABUSE: 0.9}) for number in range(DAILY_POSTS)]
    light = [scored(1000 + number, {Policy.SPAM: 0.9}) for number in range(10)]
    done = run(office, SUSPECT, *light, *grave)
    assert (done.asked, done.over_budget) == (DAILY_POSTS, 10)
    assert all(case.subject_id != "made-up-1000" for case in cases(office))
    # Danger to life goes beyond every budget.
    assert run(office, ANYBODY, scored(5000, {Policy.VIOLENCE: 0.8})).asked == 1


def test_a_suspects_post_is_for_who_knows_where_the_group_does_harm(office: Office) -> None:
    run(office, SUSPECT, scored(1, {Policy.ABUSE: 0.9}))
    run(office, ANYBODY, scored(2, {Policy.VIOLENCE: 0.6}))
    assert {one.subject_id: one.places for one in cases(office)} == {
        "made-up-1": ("school office, Hollin Vale", "school garden, Hollin Vale"),
        # A threat waits for nobody who knows the place.
        "made-up-2": (),
    }
