"""Tasks that go, come again or move up, on a real Label Studio."""

import pytest

from labeling.desk import TaskKey
from tests.labeling.cases import ASSOCIATED, association
from tests.labeling.conftest import Office

pytestmark = pytest.mark.server

ONE = TaskKey("one", 1)


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
