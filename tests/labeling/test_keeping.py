"""Backup, restore and erasure with the real Label Studio: what it holds comes back, or goes."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from casework import example
from casework.backup import backup, restore
from casework.cases import open_case
from casework.erasure import pending
from casework.office import Office, opened
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.report import PassReport
from labeling.server import LocalServer
from labeling.studio import SeenTask, Studio
from policy.cases import Case, CaseKind, CaseState
from policy.settings import Settings
from policy.words import SubjectKind
from store.audit import verify
from tests.labeling.cases import ASSOCIATION_DATA, NOT_ASSOCIATED, Result
from tests.servers import ROOT, free_port

pytestmark = pytest.mark.server

GROUP = "weigh-it-again"
NOTES = "account,seen\na,1\n"


@pytest.fixture
def office(tmp_path: Path, label_studio: LocalServer) -> Iterator[Office]:
    """With the example, and the shared Label Studio's folder where its own would lie."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "label-studio").symlink_to(label_studio.data)
    with opened(Settings(home=home, _env_file=None)) as made:
        example.load(made)
        yield made
        with closing(Studio(label_studio.connection)) as studio:
            for task in ours(made, studio):
                studio.delete_task(task.id)


def ours(office: Office, studio: Studio) -> list[SeenTask]:
    """Our tasks on a server."""
    return [
        task
        for project in studio.projects()
        for task in studio.tasks(project.id)
        if task.mark is not None and task.mark.owner == office.store.name
    ]


def asked(office: Office, account: str, **evidence: Any) -> str:
    """Open a case about an account; its id."""
    shown = {**ASSOCIATION_DATA, "profile": {"account_id": account}, **evidence}
    return office.store.transact(
        lambda work: open_case(
            work,
            kind=CaseKind.ASSOCIATION,
            subject_kind=SubjectKind.ACCOUNT,
            subject_id=account,
            group_id=GROUP,
            rule="routing.association.review.v1",
            evidence=shown,
        ),
        actor="system:test",
        now=office.now(),
    ).id


def kept_up(office: Office, studio: Studio, passes: int = 1) -> list[PassReport]:
    """Passes of a reconciler that knows nothing yet; what each did."""
    keeper = Reconciler(CaseDesk(office), studio, owner=office.store.name)
    return [keeper.pass_once() for _ in range(passes)]


class Desk:
    """A reviewer's browser."""

    def __init__(self, server: LocalServer) -> None:
        self.url = server.connection.url
        self.http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Token {server.connection.token}"},
            timeout=60,
            trust_env=False,
        )

    def answer(self, task_id: int, result: Result = NOT_ASSOCIATED) -> int:
        reply = self.http.post(f"/api/tasks/{task_id}/annotations/", json={"result": result})
        return int(reply.raise_for_status().json()["id"])

    def task(self, task_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/tasks/{task_id}/").raise_for_status().json()
        return found

    def upload(self, project_id: int, text: str) -> str:
        """Upload a file of one's own; where it is to be had."""
        reply = self.http.post(
            f"/api/projects/{project_id}/import", files={"notes.csv": ("notes.csv", text)}
        )
        reply.raise_for_status()
        asked = self.http.get(f"/api/projects/{project_id}/file-uploads", params={"all": "true"})
        return f"/data/{asked.raise_for_status().json()[0]['file']}"

    def close(self) -> None:
        self.http.close()


def case_of(office: Office, case_id: str) -> Case:
    with office.store.reading() as work:
        return work.cases.need(case_id)


@pytest.fixture
def desk(label_studio: LocalServer) -> Iterator[Desk]:
    with closing(Desk(label_studio)) as made:
        yield made


def test_a_restored_label_studio_answers_and_goes_on(
    office: Office, desk: Desk, label_studio: LocalServer, tmp_path: Path
) -> None:
    cases = [asked(office, f"account-{number}") for number in range(6)]
    taken, given, later = cases[:3]
    project: dict[str, Any] = desk.http.post("/api/projects", json={"title": "Notes"}).json()
    try:
        file = desk.upload(project["id"], NOTES)
        with closing(Studio(label_studio.connection)) as studio:
            assert kept_up(office, studio)[0].created == len(cases)
            tasks = {task.mark.key.case_id: task.id for task in ours(office, studio) if task.mark}
            desk.answer(tasks[taken])
            assert kept_up(office, studio)[0].accepted == 1
        # Given, and not taken yet when the backup is made.
        answer = desk.answer(tasks[given])
        wanted = {case_id: desk.task(task_id) for case_id, task_id in tasks.items()}
        # People go on working while it is made.
        stop = threading.Event()
        busy = threading.Thread(target=_annotate, args=(label_studio, tasks[later], stop))
        busy.start()
        try:
            archive = tmp_path / "backup.tar"
            made = backup(office, archive)
        finally:
            stop.set()
            busy.join()
        assert made.label_studio
        settings = Settings(home=tmp_path / "restored", _env_file=None)
        restore(settings, archive)
    finally:
        desk.http.delete(f"/api/projects/{project['id']}/").raise_for_status()
    data = settings.home / "label-studio"
    with closing(sqlite3.connect(data / "label_studio.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with (
        LocalServer(label_studio.executable, data, free_port()) as server,
        opened(settings) as restored,
        closing(Studio(server.connection)) as studio,
        closing(Desk(server)) as again,
    ):
        for case_id, task_id in tasks.items():
            if case_id != later:
                assert _shown(again.task(task_id)) == _shown(wanted[case_id])
        assert again.http.get(file).raise_for_status().text == NOTES
        first, second = kept_up(restored, studio, passes=2)
        # The answer that nobody had taken, or two of them with that of whoever was busy.
        assert (first.created, first.lost) == (0, 0)
        assert first.accepted >= 1
        assert case_of(restored, given).state is CaseState.DECIDED
        with restored.store.reading() as work:
            [decision] = work.decisions.find(case_id=given)
        assert str(answer) in decision.source
        again.answer(tasks[cases[3]])
        new = asked(restored, "account-100")
        assert second.accepted == 0
        assert kept_up(restored, studio)[0].created == 1
        assert case_of(restored, cases[3]).state is CaseState.DECIDED
        with restored.store.reading() as work:
            answered = [one.case_id for one in work.decisions.find()]
        # Each once, however often a reconciler that knows nothing hands it in.
        assert sorted({*answered} - {later}) == sorted([taken, given, cases[3]])
        assert len(answered) == len({*answered})
        assert new in {task.mark.key.case_id for task in ours(restored, studio) if task.mark}
        assert verify(restored.store).problems == ()
    # The one that it was taken from knows nothing of it.
    assert case_of(office, cases[3]).state is CaseState.OPEN


def _annotate(server: LocalServer, task_id: int, stop: threading.Event) -> None:
    with closing(Desk(server)) as desk:
        while not stop.is_set():
            desk.answer(task_id)


def _shown(task: dict[str, Any]) -> tuple[Any, ...]:
    annotations = [(one["id"], one["result"]) for one in task["annotations"]]
    return task["id"], task["data"], task["meta"], annotations


AWAY, THERE = "windy_ferry_83", "courier_notebook_20"
PHRASE = "The very words of one person alone, number {}."


def test_what_is_erased_is_gone_from_label_studio_too(
    office: Office, desk: Desk, label_studio: LocalServer
) -> None:
    """Its tasks, answers and every copy; also where another's case shows the person."""
    with closing(Studio(label_studio.connection)) as studio:
        for number, person in enumerate((AWAY, THERE)):
            said = {"text": PHRASE.format(number), "account": person}
            post = {**ASSOCIATION_DATA["posts"][0], **said, "post_id": f"{person}-x"}
            own = asked(office, person, posts=[post])
            other = asked(office, f"bystander-{number}", posts=[post])
            lapsed = asked(office, f"passer-by-{number}", posts=[post])
            kept_up(office, studio)
            tasks = {task.mark.key.case_id: task.id for task in ours(office, studio) if task.mark}
            desk.answer(tasks[own])
            # Answered, and closed before anybody took it: nobody is bound to this task any more.
            desk.answer(tasks[lapsed])
            _close(office, lapsed)
            kept_up(office, studio)
            assert {tasks[own], tasks[lapsed]} <= {task.id for task in ours(office, studio)}
            assert PHRASE.format(number) in _everything(label_studio)

            if person == AWAY:
                # A port that nobody listens on.
                told = _concert(office, f"http://127.0.0.1:{free_port()}", *_erase(person), rc=1)
                assert told["label_studio_waits"]
                with office.store.reading() as work:
                    assert pending(work) == {own, other, lapsed}
                _concert(office, label_studio.url, "review", "sync", token=label_studio)
            else:
                told = _concert(office, label_studio.url, *_erase(person), token=label_studio)
                assert {tasks[own], tasks[lapsed], tasks[other]} == set(told["tasks_deleted"])
                kept_up(office, studio)
            everything = _everything(label_studio)
            assert PHRASE.format(number) not in everything
            assert person not in everything
            # The question about the other goes on, with what its case still holds.
            [goes_on] = [
                task
                for task in ours(office, studio)
                if task.mark and task.mark.key.case_id == other
            ]
            assert goes_on.id != tasks[other]
            assert "[erased]" in json.dumps(desk.task(goes_on.id)["data"])
        with office.store.reading() as work:
            assert pending(work) == frozenset()
        assert not kept_up(office, studio, passes=2)[1].created
    assert verify(office.store).problems == ()


def _erase(person: str) -> tuple[str, ...]:
    return ("subject", "erase", person, "--why", "asked for by the person", "--by", "ana")


def _close(office: Office, case_id: str) -> None:
    def do(work: Any) -> None:
        case = work.cases.need(case_id)
        work.save(case.close(at=work.now, why="no longer asked"), action="case.closed")

    office.store.transact(do, actor="person:ana", now=office.now())


def _concert(
    office: Office, url: str, *command: str, token: LocalServer | None = None, rc: int = 0
) -> dict[str, Any]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("CONCERT_")}
    done = subprocess.run(
        [sys.executable, "-m", "cli", *command, "--json"],
        cwd=ROOT,
        env={
            **known,
            "CONCERT_HOME": str(office.settings.home),
            "CONCERT_LABEL_STUDIO_URL": url,
            "CONCERT_LABEL_STUDIO_TOKEN": token.connection.token if token else "none",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == rc, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _everything(server: LocalServer) -> str:
    """All that Label Studio's database holds, in whatever table, as one text."""
    with (
        closing(sqlite3.connect(server.data / "label_studio.sqlite3")) as running,
        closing(sqlite3.connect(":memory:")) as copy,
    ):
        running.backup(copy)
        return "\n".join(copy.iterdump())
