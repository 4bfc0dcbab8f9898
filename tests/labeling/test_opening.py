"""The start of an installation: two reconcilers, an empty Label Studio, a store full of cases."""

import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from casework.cases import open_case
from casework.office import Office
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.report import PassReport
from labeling.server import LocalServer
from labeling.studio import Studio
from policy.cases import AskedAbout, CaseKind
from policy.settings import Settings
from policy.words import Harm, Severity
from store.work import Writing
from tests.labeling.showcase import shown

pytestmark = pytest.mark.server

CASES = 30


def fill(work: Writing) -> None:
    """Cases of two kinds, so that there are two projects to make."""
    for number in range(CASES):
        kind = CaseKind.COORDINATION if number % 3 else CaseKind.ASSOCIATION
        open_case(
            work,
            kind=kind,
            subject_kind=AskedAbout.FINDING,
            subject_id=f"f-{number}",
            rule="coordination.review.v1",
            evidence=shown(kind),
            harm=Harm.INFORMATIONAL,
            severity=Severity.LOW,
        )


def test_two_at_once_open_each_task_once(tmp_path: Path, label_studio: LocalServer) -> None:
    settings = Settings(home=tmp_path / "home", _env_file=None)
    ready = threading.Barrier(2)
    reports: list[PassReport] = []
    failures: list[BaseException] = []

    def keep() -> None:
        """As a process of its own would: its own store, its own client."""
        try:
            with (
                closing(Office.open(settings)) as office,
                closing(Studio(label_studio.connection)) as studio,
            ):
                keeper = Reconciler(CaseDesk(office), studio, owner=office.store.name)
                ready.wait(30)
                for _ in range(3):
                    reports.append(keeper.pass_once())
                    time.sleep(0.2)
        except BaseException as error:
            failures.append(error)
            raise

    with closing(Office.open(settings)) as office:
        office.store.transact(fill, actor="system:test", now=office.now())
        both = [threading.Thread(target=keep) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert failures == []
        with closing(Studio(label_studio.connection)) as studio:
            last = Reconciler(CaseDesk(office), studio, owner=office.store.name)
            assert not last.pass_once().changed
            ours = [
                task
                for project in studio.projects()
                for task in studio.tasks(project.id)
                if task.mark is not None and task.mark.owner == office.store.name
            ]
            for task in ours:
                studio.delete_task(task.id)
    assert sum(one.created for one in reports) == CASES
    assert sum(one.doubles_removed for one in reports) == 0
    assert set(Counter(task.mark for task in ours).values()) == {1}
    assert len(ours) == CASES
