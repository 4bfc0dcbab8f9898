"""Which tasks the reconciler creates on a real Label Studio: each once, whatever happens."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from labeling.configs import Lane, labeling_config, newest_version
from labeling.desk import Binding, TaskKey
from policy.cases import CaseKind
from tests.labeling.cases import NOT_ASSOCIATED, POST_DATA, association
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


def test_what_another_creates_just_now_is_left_to_it(office: Office) -> None:
    office.desk.want(association("one"), association("two"))
    with office.desk.alone() as other:
        assert other
        report = office.reconciler.pass_once()
    assert (report.created, report.left, report.changed) == (0, 2, False)
    assert office.tasks() == []
    assert office.reconciler.pass_once().created == 2


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


def test_lanes_are_told_by_their_titles() -> None:
    for lane in (Lane(CaseKind.APPEAL, 1), Lane(CaseKind.POST_HARM, 12, round=13, blind=True)):
        assert Lane.titled(lane.title) == lane
        # The server's own limit.
        assert len(lane.title) <= 50
    assert Lane.titled("Concert · Something else · v1") is None
