"""The desk on the case store: what is wanted, who may answer, and what the next must not see."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from casework.cases import open_case
from casework.gold import make_gold, mix_in
from casework.house import change_rules
from casework.office import Office
from casework.reviewers import invite, link_studio
from labeling.answers import read_answer
from labeling.case_desk import CaseDesk
from labeling.configs import labeling_config
from labeling.desk import Accepted, Answer, BindingState, Noted, Refused
from labeling.tasks import task_of
from policy.cases import AskedAbout, Case, CaseKind
from policy.roles import Role
from policy.settings import Settings
from policy.words import Harm, Severity, SubjectKind
from store.work import Writing
from tests.labeling.cases import Result, choice, text
from tests.labeling.showcase import shown

ADA, BEN, CLEO = (f"{name}@concert.example" for name in ("ada", "ben", "cleo"))
SOCIAL = [choice("coordination", "social"), text("A call, and an answer to it.")]
NONE = [choice("coordination", "none")]


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Iterator[Office]:
    settings = Settings(home=tmp_path / "home", database_url=store_url, _env_file=None)
    made = Office.open(settings)
    yield made
    made.close()


def people(office: Office, **about: Any) -> None:
    """Three reviewers, two of them leads."""
    for email in (ADA, BEN, CLEO):
        roles = (Role.REVIEWER,) if email == ADA else (Role.REVIEWER, Role.LEAD)
        invite(office, email, roles=roles, by="person:lead", **about)


def answered_twice(office: Office, share: float) -> None:
    """Which share of the cases that one answer decides is answered twice."""
    change_rules(office, {"second_share": share}, by="person:lead", reason="as the test has it")


def ask(
    office: Office, kind: CaseKind = CaseKind.COORDINATION, *, subject: str = "f-1", **about: Any
) -> Case:
    """Open a case."""

    def do(work: Writing) -> Case:
        return open_case(
            work,
            kind=kind,
            subject_kind=AskedAbout.FINDING,
            subject_id=subject,
            rule="coordination.review.v1",
            evidence=shown(kind),
            **{"harm": Harm.INFORMATIONAL, "severity": Severity.LOW, **about},
        )

    return office.store.transact(do, actor="system:test", now=office.now())


def answer(
    case: Case, by: str, result: Result, *, round_: int = 1, annotation: int = 1, **about: Any
) -> Answer:
    """An answer as the inbox reads it."""
    config = labeling_config(case.kind, 1)
    return Answer(
        **{
            "case_id": case.id,
            "round": round_,
            "kind": case.kind,
            "config": 1,
            "project_id": round_,
            "task_id": round_,
            "annotation_id": annotation,
            "version": "2026-03-01T12:00:00.000000+00:00",
            "answered_by": by,
            "answered_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "verdict": read_answer(config, result),
            "raw": result,
            **about,
        }
    )


def test_a_case_that_nobody_may_answer_is_not_wanted(office: Office) -> None:
    people(office, languages=("de",))
    ask(office)
    ask(office, subject="f-2", places=("The quay, Northport",))
    desk = CaseDesk(office)
    assert [list(desk.wanted()) for _ in range(2)] == [[], []]
    invite(office, "eve@concert.example", roles=(Role.REVIEWER,), by="person:lead")
    wanted = list(desk.wanted())
    assert len(wanted) == 2
    pages = [str(task_of(one, owner="o")["data"]) for one in wanted]
    assert sum("The quay, Northport" in page for page in pages) == 1


def test_a_case_that_waits_is_looked_at_again_when_it_changes(office: Office) -> None:
    people(office, places=("southport",))
    cases = [ask(office, subject=f"f-{n}", places=("Northport",)) for n in range(3)]
    desk = CaseDesk(office)
    assert list(desk.wanted()) == []

    def move(work: Writing) -> None:
        moved = work.cases.need(cases[1].id).model_copy(update={"places": ("Southport",)})
        work.save(moved, action="case.changed")

    office.store.transact(move, actor="system:test", now=office.now())
    assert [one.case_id for one in desk.wanted()] == [cases[1].id]
    assert [one.case_id for one in desk.wanted()] == [cases[1].id]
    desk.bind(cases[1].id, 1, 1, 1)
    assert list(desk.wanted()) == []


def test_sealed_cases_are_never_wanted(office: Office) -> None:
    def do(work: Writing) -> Case:
        return open_case(
            work,
            kind=CaseKind.LEGAL,
            subject_kind=SubjectKind.POST,
            subject_id="p",
            rule="lane.legal.v1",
            evidence={},
        )

    office.store.transact(do, actor="system:test", now=office.now())
    assert list(CaseDesk(office).wanted()) == []


def test_an_opinion_is_out_of_sight_of_the_next_and_a_lead_sees_both(office: Office) -> None:
    people(office)
    answered_twice(office, 1.0)
    case = ask(office)
    desk = CaseDesk(office)
    desk.bind(case.id, 1, 1, 1)
    assert not desk.sealed(case.id, 1)
    assert desk.receive(answer(case, ADA, SOCIAL)) == Accepted()
    assert desk.sealed(case.id, 1)
    (closing,) = desk.closing()
    assert (closing.state, closing.accepted) == (BindingState.SEALED, (1,))
    # An answer to the round that is over changes nothing, and opens no task again.
    late = desk.receive(answer(case, BEN, NONE, annotation=2))
    assert isinstance(late, Noted)
    desk.unbind(case.id, 1, 1)
    assert desk.bind(case.id, 1, 1, 9) is None

    (second,) = desk.wanted()
    assert (second.round, second.blind) == (2, True)
    hidden = json.dumps(task_of(second, owner="o"))
    assert "A call, and an answer" not in hidden
    assert "A machine found this" not in hidden
    assert "What matched" not in hidden
    desk.bind(case.id, 2, 2, 2)
    again = desk.receive(answer(case, ADA, SOCIAL, round_=2, annotation=3))
    assert isinstance(again, Refused)
    assert again.barred
    assert desk.receive(answer(case, BEN, NONE, round_=2, annotation=4)) == Accepted()

    (third,) = desk.wanted()
    assert (third.round, third.blind) == (3, False)
    page = json.dumps(task_of(third, owner="o"))
    assert "Answer 1: social" in page
    assert "Answer 2: none" in page
    assert ADA not in page
    assert BEN not in page
    desk.bind(case.id, 3, 3, 3)
    assert desk.receive(answer(case, CLEO, NONE, round_=3, annotation=5)) == Accepted()
    assert list(desk.wanted()) == []
    assert {one.state for one in desk.bound()} == {BindingState.ANSWERED}


def test_the_same_refusal_is_told_again(office: Office) -> None:
    people(office)
    case = ask(office)
    desk = CaseDesk(office)
    desk.bind(case.id, 1, 1, 1)
    stranger = answer(case, "mallory@concert.example", SOCIAL)
    first = desk.receive(stranger)
    assert isinstance(first, Refused)
    assert first.barred
    assert desk.receive(stranger) == first
    with office.store.reading() as work:
        assert work.decisions.count() == 0


def test_another_user_with_a_reviewers_e_mail_is_refused(office: Office) -> None:
    people(office)
    link_studio(office, ADA, 7)
    case = ask(office)
    desk = CaseDesk(office)
    desk.bind(case.id, 1, 1, 1)
    refused = desk.receive(answer(case, ADA, SOCIAL, user_id=8))
    assert isinstance(refused, Refused)
    assert refused.barred
    taken = desk.receive(answer(case, ADA.upper(), SOCIAL, user_id=7, annotation=2))
    assert taken == Accepted()


def test_what_grows_more_urgent_is_told_once(office: Office) -> None:
    cases = [ask(office, subject=f"f-{number}") for number in range(3)]
    desk = CaseDesk(office)
    for number, wanted in enumerate(desk.wanted()):
        desk.bind(wanted.case_id, 1, 1, number)
    assert list(desk.moved()) == []

    def do(work: Writing) -> None:
        for number, case in enumerate(cases[:2]):
            urgent = work.cases.need(case.id).model_copy(update={"priority": 3.0 + number})
            work.save(urgent, action="case.ranked")

    office.store.transact(do, actor="system:test", now=office.now())
    for one in (desk, CaseDesk(office)):
        assert [moved.priority for moved in one.moved()] == [4.0, 3.0]
    for moved in desk.moved():
        desk.shown(moved)
    for one in (desk, CaseDesk(office)):
        assert list(one.moved()) == []


def test_a_gold_task_looks_like_any_other(office: Office) -> None:
    people(office)
    answered_twice(office, 0.0)
    desk = CaseDesk(office)
    case = ask(office)
    desk.bind(case.id, 1, 1, 1)
    (like,) = [task_of(one, owner="o") for one in _wanted_like(office)]
    desk.receive(answer(case, ADA, SOCIAL))
    make_gold(office, case.id, by="person:lead", why="clear as day")
    ask(office, subject="f-2")
    assert mix_in(office) == 1
    with office.store.reading() as work:
        copies = {one.id for one in work.cases.find() if one.gold is not None}
    tasks = {one.case_id: task_of(one, owner="o") for one in desk.wanted()}
    (gold,) = copies
    assert _shape(tasks[gold]) == _shape(like)
    assert "gold" not in json.dumps(tasks[gold])


def _wanted_like(office: Office) -> Any:
    ask(office, subject="f-9")
    return CaseDesk(office).wanted()


def _shape(given: Any) -> Any:
    """Which fields there are, and of which type."""
    if isinstance(given, dict):
        return {key: _shape(value) for key, value in given.items()}
    return type(given).__name__
