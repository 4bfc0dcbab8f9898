"""The right case next, gold among the others, and ranks that follow age."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from casework.gold import make_gold, mix_in, retire_gold
from casework.house import change_rules
from casework.next_case import Lane, next_case
from casework.office import Office
from casework.priorities import reprioritise
from casework.queue import count_queue
from casework.reviewers import invite, leave, take_break
from casework.tend import tend_queue
from intake.lake import Lake
from policy.cases import Case, CaseKind
from policy.groups import Group
from policy.roles import Role
from policy.settings import Settings
from policy.verdicts import PostHarmVerdict
from policy.words import Harm, Policy, Refusal, Severity, SubjectKind
from store.errors import NotFound
from store.records import Task
from store.store import Store
from tests.casework.conftest import Desk, TurnedClock
from tests.casework.test_decisions import MEMBER, NO, YES, open_cases, standing

ANA, BEN = "ana@desk.example", "ben@desk.example"


@pytest.fixture
def office(store_url: str, tmp_path: Path, clock: TurnedClock) -> Iterator[Office]:
    """Without the example: what is asked here needs one group and no more."""
    settings = Settings(home=tmp_path / "home", database_url=store_url, _env_file=None)
    made = Office(settings, Store.open(settings), Lake(settings.lake), clock)
    group = Group(id="weigh-it-again", name="Weigh it again")
    made.store.transact(
        lambda work: work.save(group, action="group.added"), actor="test", now=made.now()
    )
    yield made
    made.close()


@pytest.fixture(autouse=True)
def team(office: Office) -> None:
    for email in (ANA, BEN):
        invite(office, email, roles=(Role.REVIEWER,), by="person:lea")
    rules = {"second_share": 0.0, "severe_in_a_row": 2, "severe_a_day": 3, "gold_share": 0.5}
    change_rules(office, rules, by="person:lea", reason="for this test")


@pytest.fixture
def post(office: Office, ask: Callable[..., Case]) -> Callable[..., Case]:
    """Open a case about a post, with a task in Label Studio."""

    def opened(name: str, *, hard: bool = False, **changes: object) -> Case:
        case = ask(
            MEMBER,
            kind=CaseKind.POST_HARM,
            subject_kind=SubjectKind.POST,
            subject_id=name,
            group_id=None,
            evidence={"post": {"post_id": name, "account": MEMBER}},
            material=Severity.HIGH if hard else Severity.LOW,
            **({"severity": Severity.HIGH if hard else Severity.LOW} | changes),
        )
        bind(office, case)
        return case

    return opened


def bind(office: Office, case: Case, task_id: int = 1) -> None:
    task = Task(case_id=case.id, round=case.round, project_id=3, task_id=task_id)
    office.store.transact(
        lambda work: work.save(task, action="task.bound"), actor="system:test", now=office.now()
    )


Post = Callable[..., Case]


def test_the_most_urgent_that_nobody_else_has(office: Office, post: Post) -> None:
    low = post("low")
    urgent = post("urgent", harm=Harm.PHYSICAL)
    first = next_case(office, ANA)
    assert (first.case_id, first.project_id, first.task_id) == (urgent.id, 3, 1)
    assert next_case(office, ANA).case_id == urgent.id
    assert next_case(office, BEN).case_id == low.id
    assert next_case(office, ANA, skip=urgent.id).why == "no case waits for you"
    assert next_case(office, ANA).case_id is None


def test_asking_again_writes_nothing_and_waits_for_no_writer(office: Office, post: Post) -> None:
    only = post("only")
    assert next_case(office, ANA).case_id == only.id
    with office.store.reading() as work:
        before = len(work.history.after(0, limit=1000))
    # Somebody writes just now: a poll that wrote would have to wait for them.
    with office.store.writing("system:test", office.now()):
        assert next_case(office, ANA).case_id == only.id
        assert next_case(office, BEN).why == "no case waits for you"
    with office.store.reading() as work:
        assert len(work.history.after(0, limit=1000)) == before


def test_what_was_kept_is_free_after_a_while(
    office: Office, post: Post, clock: TurnedClock
) -> None:
    only = post("only")
    next_case(office, ANA)
    assert next_case(office, BEN).case_id is None
    clock.turn(minutes=31)
    assert next_case(office, BEN).case_id == only.id


def test_severe_cases_come_in_measure(
    office: Office, desk: Desk, post: Post, clock: TurnedClock
) -> None:
    for n in range(5):
        post(f"hard_{n}", hard=True)
    mild = post("mild")
    served = []
    for _ in range(3):
        found = next_case(office, ANA)
        served.append(found.severe)
        answer(office, desk, found.case_id)
        clock.turn(minutes=1)
    assert served == [True, True, False]
    assert found.case_id == mild.id
    assert found.held_back == {"review.severe_in_a_row.v1": 3}
    # After something mild one more is in the day's measure, then none.
    third = next_case(office, ANA)
    assert third.severe
    answer(office, desk, third.case_id)
    last = next_case(office, ANA)
    assert (last.case_id, last.held_back) == (None, {"review.severe_in_a_day.v1": 2})
    assert "held back" in last.why
    clock.turn(hours=25)
    assert next_case(office, ANA).severe


def test_what_is_opened_by_hand_counts_towards_the_measure(
    office: Office, desk: Desk, post: Post
) -> None:
    hard = [post(f"hard_{n}", hard=True) for n in range(4)]
    for case in hard[:2]:
        answer(office, desk, case.id)
    # Two of three in a row by hand: something milder is due.
    found = next_case(office, ANA)
    assert (found.case_id, found.held_back) == (None, {"review.severe_in_a_row.v1": 2})
    mild = post("mild")
    assert next_case(office, ANA).case_id == mild.id
    answer(office, desk, mild.id)
    # One more by hand, and the day's measure is full; another reviewer has theirs untouched.
    answer(office, desk, hard[2].id)
    assert next_case(office, ANA).held_back == {"review.severe_in_a_day.v1": 1}
    assert next_case(office, BEN).case_id == hard[3].id
    with office.store.reading() as work:
        served = work.servings.find(reviewer_id=ANA)
        told = [one.action for one in work.history.after(0, limit=1000)]
    assert sum(one.severe for one in served) == 3
    assert told.count("case.opened_by_hand") == 3
    assert told.count("case.served") == 2


def answer(office: Office, desk: Desk, case_id: str | None, by: str = f"person:{ANA}") -> None:
    with office.store.reading() as work:
        case = work.cases.need(case_id or "")
    desk.answer(case, PostHarmVerdict(), by=by)


def test_a_break_an_opt_out_and_the_break_lane(
    office: Office, post: Post, clock: TurnedClock
) -> None:
    hard = post("hard", hard=True, policies=(Policy.HATE,))
    mild = post("mild")
    assert next_case(office, ANA, lane=Lane.BREAK).case_id == mild.id
    take_break(office, ANA, minutes=45)
    resting = next_case(office, ANA)
    assert (resting.case_id, resting.held_back) == (mild.id, {"review.break.v1": 1})
    clock.turn(minutes=45)
    assert next_case(office, ANA).case_id == hard.id
    clock.turn(hours=1)
    invite(office, "cleo@desk.example", roles=(Role.REVIEWER,), by="p", opt_outs=(Policy.HATE,))
    assert next_case(office, "cleo@desk.example").case_id == mild.id


def test_who_is_not_on_the_roster_is_served_nothing(office: Office) -> None:
    with pytest.raises(NotFound):
        next_case(office, "stranger@desk.example")
    leave(office, ANA, by="person:lea", why="a test")
    with pytest.raises(Refusal, match="no longer on the roster"):
        next_case(office, ANA)


def test_a_case_without_a_task_is_not_served(office: Office, ask: Callable[..., Case]) -> None:
    ask(MEMBER)
    assert next_case(office, ANA).case_id is None


# Ranks


def test_ranks_follow_age_and_asking_again_moves_nothing(
    office: Office, post: Post, clock: TurnedClock
) -> None:
    old = post("old", harm=Harm.INFORMATIONAL)
    reprioritise(office)
    clock.turn(hours=23)
    young = post("young", harm=Harm.INFORMATIONAL)
    assert reprioritise(office) == 1
    assert reprioritise(office) == 0
    with office.store.reading() as work:
        ranks = [work.cases.need(one.id).priority for one in (old, young)]
    assert ranks[0] > ranks[1] == young.priority
    clock.turn(hours=1)
    assert reprioritise(office) == 1
    # Past its level it counts as the next graver one.
    with office.store.reading() as work:
        assert work.cases.need(old.id).priority > 1 + 1 / 3
    assert count_queue(office).waiting[CaseKind.POST_HARM].late == 1


def test_a_changed_service_level_ranks_all_anew(
    office: Office, post: Post, clock: TurnedClock
) -> None:
    post("one")
    reprioritise(office)
    clock.turn(hours=2)
    assert reprioritise(office) == 0
    change_rules(
        office, {"service_hours": {"post_harm": 2}}, by="person:lea", reason="faster from now on"
    )
    assert reprioritise(office) == 1


def test_a_long_queue_is_ranked_in_portions(
    office: Office, post: Post, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casework.priorities.AT_ONCE", 2)
    for n in range(5):
        post(f"p{n}")
    clock.turn(hours=7)
    assert [reprioritise(office) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"second_share": 2}, "second_share"), ({"service_hours": {"x": 1}}, "service_hours")],
)
def test_a_wrong_rule_is_named(office: Office, changes: dict[str, object], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        change_rules(office, changes, by="person:lea", reason="a wrong one")


# Gold


def test_gold_is_mixed_in_and_decides_nothing(
    office: Office, desk: Desk, ask: Callable[..., Case], clock: TurnedClock
) -> None:
    case = ask(MEMBER)
    desk.answer(case, NO, by=f"person:{ANA}")
    item = make_gold(office, case.id, by="person:lea", why="as clear as it gets")
    with pytest.raises(Refusal, match="gold already"):
        make_gold(office, case.id, by="person:lea", why="once more please")
    assert mix_in(office) == 0
    real = ask(MEMBER)
    assert (tend_queue(office), mix_in(office)) == (1, 0)
    [copy] = [one for one in open_cases(office) if one.gold is not None]
    assert copy.open_key != real.open_key
    assert (copy.gold, copy.subject_id) == (item.id, MEMBER)
    # Whoever gave the answer before is not measured by it.
    with pytest.raises(Refusal):
        desk.answer(copy, YES, by=f"person:{ANA}")
    desk.answer(copy, YES, by=f"person:{BEN}")
    assert standing(office, MEMBER) == []
    # Both know it by now: another copy would wait for nobody.
    assert mix_in(office) == 0
    invite(office, "cleo@desk.example", roles=(Role.REVIEWER,), by="person:lea")
    assert mix_in(office) == 1
    retire_gold(office, item.id, by="person:lea", why="everybody knows it")
    with pytest.raises(Refusal, match="retired already"):
        retire_gold(office, item.id, by="person:lea", why="everybody knows it")


def test_an_open_case_is_no_gold(office: Office, ask: Callable[..., Case]) -> None:
    with pytest.raises(Refusal, match="not decided"):
        make_gold(office, ask(MEMBER).id, by="person:lea", why="as clear as it gets")
