"""Label Studio is away for an hour, and work goes on: what comes of it when it is back."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from casework import example
from casework.cases import open_case
from casework.office import Office
from casework.review import decide
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.server import LocalServer
from labeling.studio import SeenTask, Studio, StudioAwayError
from policy.cases import Case, CaseKind, CaseState
from policy.settings import Settings
from policy.verdicts import AssociationChoice, AssociationVerdict
from policy.words import SubjectKind
from store.audit import verify
from store.work import Writing
from tests.labeling.cases import ASSOCIATION_DATA, NOT_ASSOCIATED

pytestmark = pytest.mark.server

GROUP = "weigh-it-again"
NO = AssociationVerdict(association=AssociationChoice.NOT_ASSOCIATED)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office.open(Settings(home=tmp_path / "home", _env_file=None))
    example.load(made)
    yield made
    made.close()


def asked(office: Office, numbers: range) -> list[str]:
    """Open a case about each of these accounts; their ids."""

    def do(work: Writing) -> list[str]:
        return [
            open_case(
                work,
                kind=CaseKind.ASSOCIATION,
                subject_kind=SubjectKind.ACCOUNT,
                subject_id=f"account-{number}",
                group_id=GROUP,
                rule="routing.association.review.v1",
                evidence={**ASSOCIATION_DATA, "profile": {"account_id": f"account-{number}"}},
            ).id
            for number in numbers
        ]

    return office.store.transact(do, actor="system:test", now=office.now())


def decide_by_hand(office: Office, case_id: str) -> None:
    """Decide a case from the shell, where no Label Studio is needed."""
    office.store.transact(
        lambda work: decide(
            work,
            case_id,
            NO,
            round_=1,
            by="person:desk",
            at=work.now,
            source=f"shell:{case_id}",
            periods=office.periods,
        ),
        actor="person:desk",
        now=office.now(),
    )


def cases(office: Office, ids: list[str]) -> list[Case]:
    with office.store.reading() as work:
        return [work.cases.need(id_) for id_ in ids]


def ours(office: Office, studio: Studio) -> list[SeenTask]:
    return [
        task
        for project in studio.projects()
        for task in studio.tasks(project.id)
        if task.mark is not None and task.mark.owner == office.store.name
    ]


def seen(office: Office, server: LocalServer) -> Counter[str]:
    """How many tasks stand for each case."""
    with closing(Studio(server.connection)) as studio:
        return Counter(task.mark.key.case_id for task in ours(office, studio) if task.mark)


def test_what_was_opened_and_decided_while_the_server_was_away(
    office: Office, label_studio: LocalServer
) -> None:
    before = asked(office, range(12))
    with closing(Studio(label_studio.connection)) as studio:
        keeper = Reconciler(CaseDesk(office), studio, owner=office.store.name)
        assert keeper.pass_once().created == len(before)
        tasks = {task.mark.key.case_id: task.id for task in ours(office, studio) if task.mark}
        # Two answers that nobody fetched before the server went.
        taken, late = before[:2]
        for case_id in (taken, late):
            httpx.post(
                f"{label_studio.url}/api/tasks/{tasks[case_id]}/annotations/",
                headers={"Authorization": f"Token {label_studio.connection.token}"},
                json={"result": NOT_ASSOCIATED},
                timeout=60,
                trust_env=False,
            ).raise_for_status()
        label_studio.stop()
        stop = threading.Event()
        running = threading.Thread(target=keeper.run, args=(stop,), kwargs={"interval": 0.5})
        try:
            with pytest.raises(StudioAwayError), closing(Studio(label_studio.connection)) as other:
                Reconciler(CaseDesk(office), other, owner=office.store.name).pass_once()
            running.start()
            by_hand = [late, *before[2:6]]
            for case_id in by_hand:
                decide_by_hand(office, case_id)
            during = asked(office, range(100, 115))
            for case_id in during[:5]:
                decide_by_hand(office, case_id)
            time.sleep(2)
            assert running.is_alive()
        finally:
            label_studio.start()
        try:
            still = [*before[6:], *during[5:]]
            until = time.monotonic() + 100
            wanted = Counter([*still, taken, late])
            there = seen(office, label_studio)
            while time.monotonic() < until and there != wanted:
                time.sleep(1)
                there = seen(office, label_studio)
        finally:
            stop.set()
            running.join()
        assert there == wanted
    with closing(Studio(label_studio.connection)) as studio:
        assert not Reconciler(CaseDesk(office), studio, owner=office.store.name).pass_once().changed
        for task in ours(office, studio):
            studio.delete_task(task.id)
    assert {one.state for one in cases(office, still)} == {CaseState.OPEN}
    assert {one.state for one in cases(office, [taken, *by_hand])} == {CaseState.DECIDED}
    with office.store.reading() as work:
        decisions = work.decisions.find()
        bound = {one.case_id for one in work.tasks.find(bound=True)}
    assert Counter(one.case_id for one in decisions) == Counter([taken, *by_hand, *during[:5]])
    (late_one,) = [one for one in decisions if one.case_id == late]
    assert late_one.decided_by == "person:desk"
    assert bound >= set(still)
    assert verify(office.store).problems == ()
