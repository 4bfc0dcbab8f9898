"""Erasing a person: nothing is left of them, and the audit chain verifies."""

from pathlib import Path

import pytest

from casework.appeal import appeal
from casework.erasure import HELD, erase
from casework.office import Office
from casework.subject import export_subject
from policy.cases import Case
from policy.verdicts import SecondLook
from policy.words import Refusal, SubjectKind
from store.audit import verify
from store.shelves import SHELVES
from tests.casework.conftest import Desk, TurnedClock
from tests.casework.test_appeals import Ask, the_case, verdict
from tests.casework.test_decisions import MEMBER, YES, standing


def everything(office: Office) -> str:
    """All that the database and the lake hold, as one text."""
    found: list[str] = []
    with office.store.engine.connect() as connection:
        for table in ("audit_payloads", "events", *(shelf.kind for shelf in SHELVES)):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            found += [str(tuple(row)) for row in rows]
    lake = office.lake
    found += [post.model_dump_json() for post in lake.posts()]
    found += [one.model_dump_json() for one in lake.accounts().values()]
    found += [one.model_dump_json() for one in (*lake.linkages(), *lake.follows())]
    found += [str(row) for row in lake.rejects()]
    return "\n".join(found)


@pytest.fixture
def decided(office: Office, desk: Desk, ask: Ask) -> Case:
    case: Case = ask(MEMBER)
    desk.answer(case, YES)
    return case


def test_what_stands_is_not_erased(office: Office, decided: Case) -> None:
    with pytest.raises(Refusal) as refused:
        erase(office, MEMBER, actor="person:ada", why="a request by the person")
    assert refused.value.rule == HELD
    assert standing(office, MEMBER)


def test_nothing_is_left_and_the_chain_verifies(
    office: Office, desk: Desk, decided: Case, clock: TurnedClock
) -> None:

    laid = standing(office, MEMBER)
    appeal(office, laid[0].id, "My own words, which are mine.", actor="page:appeal")
    with pytest.raises(Refusal):
        erase(office, MEMBER, actor="person:ada", why="a request by the person")
    desk.answer(the_case(office), verdict(SecondLook.UPHOLD), by="person:second reviewer")
    clock.turn(days=40)
    before = everything(office)
    posts = office.lake.posts_of([MEMBER])[MEMBER]
    assert MEMBER in before
    assert posts
    others = len(list(office.lake.posts())) - len(posts)

    held = export_subject(office, MEMBER)
    assert len(held["posts"]) == len(posts)
    assert {one["id"] for one in held["restrictions"]} == {one.id for one in laid}
    assert held["appeals"][0]["text"] == "My own words, which are mine."
    assert "person:second reviewer" not in str(held)

    done = erase(office, MEMBER, actor="person:ada", why="a request by the person")
    after = everything(office)
    assert MEMBER not in after
    assert "My own words" not in after
    for post in posts:
        assert post.post_id not in after
        # What they reposted are the words of others, who are still there.
        assert post.reposted_post_id or post.text not in after
    assert len(list(office.lake.posts())) == others
    assert done.documents["restrictions"] == len(laid)
    assert done.documents["appeals"] == 1
    assert done.payloads >= sum(done.documents.values())
    report = verify(office.store)
    assert report.ok, report.problems
    assert report.erased == done.payloads
    assert office.store.lookups.one(SubjectKind.ACCOUNT, MEMBER, office.now()) == []
    # Once more finds nothing, and harms nothing.
    again = erase(office, MEMBER, actor="person:ada", why="a request by the person")
    assert (again.documents, again.redacted, again.lake) == ({}, {}, {})


def test_a_person_who_is_not_there_is_no_error(office: Office, tmp_path: Path) -> None:
    done = erase(office, "nobody at all", actor="person:ada", why="a request by the person")
    assert (done.documents, done.events) == ({}, 0)
    assert verify(office.store).ok
