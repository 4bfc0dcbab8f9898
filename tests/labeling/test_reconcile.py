"""The reconciler against a real Label Studio."""

import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from labeling.configs import Lane, labeling_config, newest_version
from labeling.desk import Binding, BindingState, TaskKey
from labeling.people import sign_up
from labeling.studio import StudioAwayError, Webhook
from policy.cases import CaseKind
from tests.labeling.browser import browser
from tests.labeling.cases import ASSOCIATED, NOT_ASSOCIATED, POST_DATA, association, choice, text
from tests.labeling.conftest import Office
from tests.labeling.memory import MemoryDesk

pytestmark = pytest.mark.server

ONE = TaskKey("one", 1)
ROOT = Path(__file__).resolve().parents[2]


def test_what_is_wanted_is_created_once_and_stays_so(office: Office) -> None:
    office.desk.want(association("one"), association("two", priority=5))
    first = office.reconciler.pass_once()
    assert (first.created, first.bound, first.failed) == (2, 2, {})
    for reconciler in (office.reconciler, office.another()):
        again = reconciler.pass_once()
        assert not again.changed
    assert office.desk.bindings[ONE].task_id == office.task("one").id
    # Created in the order of priority, which is the order in which they are shown.
    assert office.task("two").id < office.task("one").id


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


def test_a_task_deleted_by_hand_is_made_again(office: Office) -> None:
    office.desk.want(association("one"), association("two"))
    office.reconciler.pass_once()
    lost = office.task("one").id
    office.sdk.tasks.delete(id=str(lost))
    report = office.another().pass_once()
    assert (report.lost, report.created) == (1, 1)
    assert office.desk.bindings[ONE].task_id == office.task("one").id != lost


def test_a_deletion_is_noticed_without_waiting_for_the_next_sweep(office: Office) -> None:
    office.desk.want(association("one"))
    reconciler = office.another(sweep_every_s=3600)
    reconciler._sweep_took_s = 0
    reconciler.pass_once()
    office.sdk.tasks.delete(id=str(office.task("one").id))
    reconciler._sweep_took_s = 0.0
    assert reconciler.pass_once().lost == 1
    assert len(office.tasks("one")) == 1


def test_doubles_are_swept_and_the_bound_one_stays(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    kept = office.task("one")
    full = office.sdk.tasks.get(id=str(kept.id))
    office.studio.import_tasks(kept.project_id, [{"data": full.data, "meta": full.meta}] * 2)
    assert len(office.tasks("one")) == 3
    report = office.reconciler.pass_once()
    assert report.doubles_removed == 2
    assert office.task("one").id == kept.id


def test_a_double_that_a_person_answered_is_never_deleted(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    bound = office.task("one")
    full = office.sdk.tasks.get(id=str(bound.id))
    office.studio.import_tasks(bound.project_id, [{"data": full.data, "meta": full.meta}])
    double = max(office.tasks("one"), key=lambda task: task.id)
    office.sdk.annotations.create(id=double.id, result=NOT_ASSOCIATED)
    report = office.reconciler.pass_once()
    assert (report.accepted, report.doubles_removed) == (1, 1)
    assert office.task("one").id == double.id == office.desk.bindings[ONE].task_id


def test_two_reconcilers_at_once_do_no_harm(office: Office) -> None:
    office.desk.want(*(association(f"case-{number}") for number in range(12)))
    pair = [office.another(), office.another()]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(3):
                pair[number].pass_once()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    office.another().pass_once()
    tasks = office.tasks()
    assert len(tasks) == 12
    assert {task.id for task in tasks} == {
        binding.task_id for binding in office.desk.bindings.values()
    }


class Killed(BaseException):
    """Stands for the end of the process."""


class CutOffDesk(MemoryDesk):
    """A desk whose process dies before it can note the first task that was created."""

    def bind(self, case_id: str, round_: int, project_id: int, task_id: int) -> Binding | None:
        raise Killed


def test_a_task_whose_creation_was_never_recorded_is_adopted(office: Office) -> None:
    cut_off = CutOffDesk()
    cut_off.want(association("one"))
    with pytest.raises(Killed):
        office.another(cut_off).pass_once()
    orphan = office.task("one").id
    office.desk.want(association("one"))
    report = office.another().pass_once()
    assert (report.created, report.bound) == (0, 1)
    assert office.desk.bindings[ONE].task_id == office.task("one").id == orphan


_KILLED_AT_BIND = """
import os, signal, sys
from labeling.reconcile import Reconciler
from labeling.server import Connection
from labeling.studio import Studio
from tests.labeling.cases import association
from tests.labeling.memory import MemoryDesk

class Dying(MemoryDesk):
    def bind(self, *args):
        os.kill(os.getpid(), signal.SIGKILL)

desk = Dying()
desk.want(association("one"), association("two"))
url, token, owner = sys.argv[1:]
Reconciler(desk, Studio(Connection(url, token)), owner=owner).pass_once()
"""


def test_kill_9_between_creating_and_binding_doubles_nothing(office: Office) -> None:
    connection = office.server.connection
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED_AT_BIND, connection.url, connection.token, office.owner],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(office.tasks()) == 2
    office.desk.want(association("one"), association("two"))
    report = office.reconciler.pass_once()
    assert (report.created, report.bound) == (0, 2)
    assert len(office.tasks()) == 2


def test_the_task_of_a_closed_case_is_taken_away(office: Office) -> None:
    office.desk.want(association("one"), association("two"))
    office.reconciler.pass_once()
    office.desk.close(ONE)
    assert office.reconciler.pass_once().removed == 1
    assert [task.mark and task.mark.key.case_id for task in office.tasks()] == ["two"]
    assert ONE not in office.desk.bindings


def test_an_opinion_that_the_next_must_not_see_is_taken_away_and_stays_away(
    office: Office,
) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    office.answer("one", ASSOCIATED)
    office.reconciler.pass_once()
    full = office.sdk.tasks.get(id=str(office.task("one").id))
    office.desk.seal(ONE)
    office.desk.want(association("one", round=2, blind=True))
    report = office.reconciler.pass_once()
    assert (report.sealed, report.removed, report.withdrawn, report.lost) == (1, 0, 0, 0)
    (second,) = office.tasks("one")
    assert second.mark is not None
    assert second.mark.key.round == 2
    # An old copy of the server's data brings the first answer back.
    office.studio.import_tasks(
        full.project, [{"data": full.data, "meta": full.meta, "annotations": [{"result": []}]}]
    )
    assert len(office.tasks("one")) == 2
    assert office.another().pass_once().sealed == 1
    assert [task.id for task in office.tasks("one")] == [second.id]
    assert office.desk.decided[ONE].verdict is not None


def test_a_case_that_grows_more_urgent_moves_up(office: Office) -> None:
    office.desk.want(*(association(str(number), priority=number) for number in (2, 9, 10)))
    office.reconciler.pass_once()
    project = office.task("2").project_id
    (tab,) = office.sdk.views.list(project=project)

    def order() -> list[str]:
        listed = office.sdk.tasks.list(view=tab.id, page_size=100, include="id,data,meta")
        ours = [task.data for task in listed.items if task.meta["concert"]["owner"] == office.owner]
        return [data["case"] for data in ours]

    assert order() == ["10", "9", "2"]
    office.desk.move(TaskKey("2", 1), 11.5)
    assert office.reconciler.pass_once().moved == 1
    assert order() == ["2", "10", "9"]
    assert not office.reconciler.pass_once().changed
    # Asked again, the tab is not made again.
    office.another().pass_once()
    assert len(office.sdk.views.list(project=project)) == 1


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


def test_one_bad_task_keeps_no_other_out(office: Office) -> None:
    office.desk.want(
        association("good"),
        association("bare", data={}),
        association("future", config=99),
        association("sealed", kind=CaseKind.LEGAL),
    )
    report = office.reconciler.pass_once()
    assert report.created == 1
    assert {key.case_id: reason for key, reason in report.failed.items()} == {
        "bare": "a task of kind association needs group, profile",
        "future": "there is no labeling config for association, version 99",
        "sealed": "there is no labeling config for legal, version 1",
    }


def test_a_blind_round_is_a_project_of_its_own_without_the_models_opinion(office: Office) -> None:
    office.desk.want(
        association("open", prediction={"association": "associated"}, prediction_score=0.7),
        association("blind", blind=True, prediction={"association": "associated"}),
        association("blind", blind=True, round=2),
    )
    office.reconciler.pass_once()
    projects = {binding.key: binding.project_id for binding in office.desk.bindings.values()}
    assert len(set(projects.values())) == 3
    (blind,) = [task for task in office.tasks("blind") if task.mark and task.mark.key.round == 1]
    shown = office.sdk.tasks.get(id=str(blind.id))
    assert "What the model thinks" not in str(shown.data)
    assert not shown.predictions
    assert "What the model thinks" in office.data("open")["evidence"]
    assert office.sdk.tasks.get(id=str(office.task("open").id)).predictions[0].score == 0.7


def test_every_kind_has_a_config_that_the_server_takes(office: Office) -> None:
    profile = {"account_id": "a"}
    group = {"name": "g"}
    kinds = {
        CaseKind.ASSESSMENT: {"group": group},
        CaseKind.DESIGNATION: {"group": group, "proposal": "Designate"},
        CaseKind.REAPPLICATION: {
            "group": group,
            "profile": profile,
            "posts": [POST_DATA["post"]],
        },
        CaseKind.POST_HARM: POST_DATA,
        CaseKind.SUPPORT: POST_DATA,
        CaseKind.COORDINATION: {"posts": [POST_DATA["post"]]},
        CaseKind.SUSPENSION: {"profile": profile, "proposal": "Suspend"},
        CaseKind.APPEAL: {"proposal": "Limited", "statement": "Not me"},
    }
    office.desk.want(
        *(
            association(f"{kind} {version}", kind=kind, config=version, data=data)
            for kind, data in kinds.items()
            for version in range(1, newest_version(kind) + 1)
        )
    )
    report = office.reconciler.pass_once()
    assert (report.created, report.failed) == (13, {})


def test_an_edited_config_is_put_back(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    project = office.task("one").project_id
    xml = labeling_config(CaseKind.ASSOCIATION, 1).xml
    office.sdk.projects.update(
        id=project, label_config=xml.replace('alias="cannot_tell"', 'alias="shrug"')
    )
    assert office.another().pass_once().configs_restored == 1
    assert office.sdk.projects.get(id=project).label_config.strip() == xml.strip()


def test_tasks_of_others_are_left_alone(office: Office) -> None:
    office.desk.want(association("one"))
    office.reconciler.pass_once()
    task = office.task("one")
    full = office.sdk.tasks.get(id=str(task.id))
    foreign = {"concert": {**full.meta["concert"], "owner": "another"}}
    for meta in (foreign, {}, {"concert": "torn"}):
        office.studio.import_tasks(task.project_id, [{"data": full.data, "meta": meta}])
    before = {seen.id for seen in office.studio.tasks(task.project_id)}
    assert not office.another().pass_once().changed
    assert {seen.id for seen in office.studio.tasks(task.project_id)} == before
    for task_id in before - {task.id}:
        office.studio.delete_task(task_id)


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


def test_lanes_are_told_by_their_titles() -> None:
    for lane in (Lane(CaseKind.APPEAL, 1), Lane(CaseKind.POST_HARM, 12, round=13, blind=True)):
        assert Lane.titled(lane.title) == lane
        # The server's own limit.
        assert len(lane.title) <= 50
    assert Lane.titled("Concert · Something else · v1") is None
