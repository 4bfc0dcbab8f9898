"""Where a case is about: what dossier and profile say, who is asked, and what waits for whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casework.cases import open_case
from casework.dossier import save_groups, save_incidents
from casework.office import Office
from casework.queue import queue_state
from casework.reviewers import change, invite
from intake.lake import Lake
from policy.cases import Case, CaseKind
from policy.groups import Group
from policy.incidents import Incident
from policy.roles import Role
from policy.settings import Settings
from policy.words import Refusal, SubjectKind
from store.store import Store
from tests.casework.conftest import Desk, TurnedClock
from tests.casework.test_decisions import NO

ANA, BEN = "ana@desk.example", "ben@desk.example"
GROUP = "g1"


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, clock: TurnedClock) -> Iterator[Office]:
    """Without the example: one group, whose harm was done in one place."""
    settings = Settings(home=tmp_path / "home", database_url=sqlite_url, _env_file=None)
    made = Office(settings, Store.open(settings), Lake(settings.lake), clock)
    save_groups(made, [Group(id=GROUP, name="Harbour Watch")], actor="person:lea")
    report(made, "i1", "The quay, Northport")
    yield made
    made.close()


def report(office: Office, name: str, where: str, **about: Any) -> None:
    """Enter a harm that a newspaper confirms."""
    known = {
        "id": name,
        "group_id": GROUP,
        "when": "2026-02-01",
        "where": where,
        "on_platform": False,
        "harm": "physical",
        "policy": "violence",
        "severity": "moderate",
        "sources": [
            {"publisher": "Gazette", "url": f"gazette.example/{name}", "credibility": "B2"}
        ],
        "submitted_by": "person:lea",
    }
    save_incidents(office, [Incident.model_validate(known | about)], actor="person:lea")


def ask(office: Office, subject: str = "a1", location: str = "", **about: Any) -> Case:
    """Open a case about an account, or as `about` has it."""
    asked: dict[str, Any] = {
        "kind": CaseKind.ASSOCIATION,
        "subject_kind": SubjectKind.ACCOUNT,
        "subject_id": subject,
        "group_id": GROUP,
        "rule": "routing.association.review.v1",
        "evidence": {"profile": {"account_id": subject, "location": location}},
    }
    return office.store.transact(
        lambda work: open_case(work, **(asked | about)), actor="system:test", now=office.now()
    )


def enlist(office: Office, email: str, *places: str) -> None:
    """Somebody who knows these places; without any, as whoever names none."""
    about = {"places": places} if places else {}
    invite(office, email, roles=(Role.REVIEWER,), by="person:lea", **about)


def test_a_case_waits_for_who_knows_its_place_and_says_so(office: Office) -> None:
    enlist(office, ANA, "Southport")
    case = ask(office)
    assert case.places == ("The quay, Northport",)
    waits = queue_state(office).waits_for
    assert waits == {
        CaseKind.ASSOCIATION: {"waits for a reviewer who knows The quay, Northport": 1}
    }
    with pytest.raises(Refusal, match="does not know The quay, Northport"):
        Desk(office).answer(case, NO, by=f"person:{ANA}")
    enlist(office, BEN, "Northport")
    assert queue_state(office).waits_for == {}
    Desk(office).answer(case, NO, by=f"person:{BEN}")


def test_who_names_no_place_is_asked_about_any(office: Office) -> None:
    ask(office)
    assert queue_state(office).waits_for == {}
    enlist(office, ANA)
    assert queue_state(office).waits_for == {}
    change(office, ANA, by="person:lea", why="moved there", places=("southport",))
    assert queue_state(office).waits_for != {}


@pytest.mark.parametrize(
    ("where", "about", "counts"),
    [
        ("Westmoor", {}, True),
        ("replies to her posts", {"on_platform": True}, False),
        ("Southport", {"on_platform": True}, True),
        ("Atlantis", {"sources": []}, False),
        ("Westmoor", {"status": "retracted", "status_why": "wrong"}, False),
    ],
)
def test_what_of_a_dossier_is_a_place(
    office: Office, where: str, about: dict[str, Any], counts: bool
) -> None:
    enlist(office, ANA, "Southport")
    report(office, "i2", where, **about)
    assert (where in ask(office).places) == counts


def test_nobody_writes_themselves_out_of_reach(office: Office) -> None:
    enlist(office, ANA, "Northport", "Southport")
    places = ("The quay, Northport",)
    assert ask(office, "a1", "the far side of the moon").places == places
    assert ask(office, "a2", "Southport, by the sea").places == (*places, "Southport, by the sea")


def test_help_and_danger_wait_for_no_place(office: Office) -> None:
    enlist(office, ANA, "Southport")
    post: dict[str, Any] = {
        "subject_kind": SubjectKind.POST,
        "evidence": {"post": {"post_id": "p"}},
    }
    asked = [
        ask(office, "p1", kind=CaseKind.SUPPORT, **post),
        ask(office, "p2", kind=CaseKind.POST_HARM, imminent=True, places=("Westmoor",), **post),
    ]
    assert [one.places for one in asked] == [(), ()]
    assert queue_state(office).waits_for == {}
    # The same question without a life in danger is for who knows.
    assert ask(office, "p3", kind=CaseKind.POST_HARM, **post).places != ()
