"""Answers that come back from a real Label Studio: taken once, refused with a reason, or noted."""

import os
import signal
import socketserver
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from labeling.desk import BindingState, TaskKey
from labeling.people import sign_up
from labeling.studio import StudioAwayError, Webhook
from tests.labeling.browser import browser
from tests.labeling.cases import ASSOCIATED, NOT_ASSOCIATED, association, choice, text
from tests.labeling.conftest import Office

pytestmark = pytest.mark.server

ONE = TaskKey("one", 1)


def test_an_answer_comes_back_once_and_is_frozen(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    annotation = office.answer("one", ASSOCIATED)
    assert office.reconciler.pass_once().accepted == 1
    office.another().pass_once()
    decided = office.desk.decided[ONE]
    assert decided.verdict is not None
    assert decided.verdict.model_dump() == {
        "kind": "association",
        "association": "associated",
        "primary_use": "yes",
        "reason": "It calls others to the pile-on.",
    }
    assert (decided.annotation_id, decided.lead_time) == (annotation, 12.5)
    assert decided.answered_by == office.server.credentials.email
    assert office.desk.events(ONE) == ["bound", "accepted"]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        pytest.param([], "the answer is empty", id="empty"),
        pytest.param(
            [*NOT_ASSOCIATED, choice("primary_use", "yes")], "only for an associated", id="contra"
        ),
        pytest.param([choice("association", "maybe")], "unknown choice 'maybe'", id="unknown"),
    ],
)
def test_a_refused_answer_opens_the_task_again_and_says_why(
    office: Office, result: list[dict[str, object]], reason: str
) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    office.answer("one", [*result, text("My words")] if result else result)
    assert office.reconciler.pass_once().refused == 1
    assert office.task("one").annotations == ()
    notice = office.data("one")["notice"]
    assert notice.startswith("Please answer again: ")
    assert reason in notice
    assert ("My words" in notice) == bool(result)
    assert office.desk.decided == {}
    office.answer("one", NOT_ASSOCIATED)
    assert office.reconciler.pass_once().accepted == 1
    assert office.desk.events(ONE) == ["bound", "refused", "accepted"]


def test_an_edit_or_deletion_after_acceptance_is_reported_and_changes_nothing(
    office: Office,
) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    annotation = office.answer("one", ASSOCIATED)
    office.reconciler.pass_once()
    decided = office.desk.decided[ONE]
    office.sdk.annotations.update(id=annotation, result=NOT_ASSOCIATED)
    assert office.reconciler.pass_once().noted == 1
    office.sdk.annotations.delete(id=annotation)
    assert office.reconciler.pass_once().withdrawn == 1
    assert office.desk.decided[ONE] == decided
    assert office.desk.events(ONE) == ["bound", "accepted", "noted", "withdrawn"]


def test_an_answer_in_anothers_name_is_refused_and_not_shown_to_the_next(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    sign_up(office.studio, f"{office.owner}@concert.example", "a-long-enough-one")
    forger = browser(office.server.url, f"{office.owner}@concert.example", "a-long-enough-one")
    with closing(forger):
        mine = office.sdk.users.whoami().id
        made = forger.post(
            f"/api/tasks/{office.task('one').id}/annotations/",
            json={"result": ASSOCIATED, "completed_by": mine},
        )
        assert made.json()["completed_by"] == mine
        assert office.reconciler.pass_once().refused == 1
        assert office.data("one")["notice"].startswith("Please answer again: it was written or")
        # Editing what another said before it was taken is the same.
        annotation = office.answer("one", NOT_ASSOCIATED)
        forger.patch(f"/api/annotations/{annotation}/", json={"result": ASSOCIATED})
    assert office.reconciler.pass_once().refused == 1
    assert office.desk.decided == {}


def test_an_answer_to_a_closed_case_is_noted_and_kept(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    office.answer("one", ASSOCIATED)
    office.desk.close(ONE)
    report = office.reconciler.pass_once()
    assert (report.accepted, report.noted >= 1) == (0, True)
    assert len(office.task("one").annotations) == 1
    assert office.desk.decided == {}


def test_answers_survive_the_servers_end(office: Office) -> None:
    office.desk.want(association("one"), association("two"))
    office.reconciler.pass_once()
    office.answer("one", ASSOCIATED)
    pid = office.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    office.server.wait(10)
    with pytest.raises(StudioAwayError):
        office.reconciler.pass_once()
    stop = threading.Event()
    watch = threading.Thread(target=office.reconciler.run, args=(stop,), kwargs={"interval": 0.2})
    watch.start()
    try:
        office.server.stop()
        office.server.start()
        assert _within(60, lambda: ONE in office.desk.decided)
    finally:
        stop.set()
        watch.join()
    assert office.desk.bindings[ONE].state is BindingState.ANSWERED
    assert len(office.tasks()) == 2


class Calls(socketserver.StreamRequestHandler):
    """Notes a call that carries the right header, as the route of serving does."""

    called: threading.Event

    def handle(self) -> None:
        while (line := self.rfile.readline().strip().lower()) != b"":
            if line == b"x-concert-hook: secret":
                self.called.set()
        self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("gone", [False, True], ids=["given", "deleted"])
def test_an_answer_is_seen_though_the_server_died_before_its_task_was_marked_changed(
    office: Office, gone: bool
) -> None:
    """The server keeps an annotation, and its task's time of change, in two transactions."""
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    keeper = office.another(sweep_every_s=0)
    if gone:
        office.answer("one", ASSOCIATED)
    keeper.pass_once()
    before = office.task("one").updated_at
    if gone:
        office.sdk.annotations.delete(id=office.task("one").annotations[0].id)
    else:
        office.answer("one", ASSOCIATED)
    with closing(sqlite3.connect(office.server.data / "label_studio.sqlite3")) as data:
        at = before.replace(tzinfo=None).isoformat(" ", timespec="microseconds")
        data.execute("UPDATE task SET updated_at = ? WHERE id = ?", (at, office.task("one").id))
        data.commit()
    assert office.task("one").updated_at == before
    report = keeper.pass_once()
    assert (report.accepted, report.withdrawn) == ((0, 1) if gone else (1, 0))
    assert not keeper.pass_once().changed


def test_a_webhook_brings_an_answer_at_once(office: Office) -> None:
    called, stop = threading.Event(), threading.Event()
    listener = socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), type("Heard", (Calls,), {"called": called})
    )
    serving = threading.Thread(target=listener.serve_forever)
    serving.start()
    hook = Webhook(
        f"http://127.0.0.1:{listener.server_address[1]}/hook", {"X-Concert-Hook": "secret"}
    )
    reconciler = office.another(hook=hook)
    office.desk.want(association("one"))
    reconciler.pass_once()
    # Registered once, however often asked.
    office.another(hook=hook).pass_once()
    hooks = office.sdk.webhooks.list(project=str(office.task("one").project_id))
    assert [there.url for there in hooks].count(hook.url) == 1

    def hint() -> bool:
        heard = called.is_set()
        called.clear()
        return heard

    watch = threading.Thread(target=reconciler.run, args=(stop, hint), kwargs={"interval": 3600})
    watch.start()
    try:
        time.sleep(2)
        called.clear()
        office.answer("one", ASSOCIATED)
        assert _within(30, lambda: ONE in office.desk.decided)
    finally:
        stop.set()
        watch.join()
        for there in office.sdk.webhooks.list(project=str(office.task("one").project_id)):
            office.sdk.webhooks.delete(id=there.id)
        listener.shutdown()
        listener.server_close()
        serving.join()


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False
