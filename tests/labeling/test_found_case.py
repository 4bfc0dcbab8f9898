"""From the example's posts to a task on the real server: what a reviewer sees of a finding."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from casework import example
from casework.found import ask_about, keep_findings, touching
from casework.office import Office
from coordination.detect import detect
from coordination.findings import LINKED
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.server import LocalServer
from labeling.studio import Studio
from policy.cases import CaseKind
from policy.settings import Settings

pytestmark = pytest.mark.server

RING, NEIGHBOURS = "clear-drop", "open-hollin-library"


class Words(HTMLParser):
    """The words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said = ""
        self.feed(html)
        self.said = " ".join(self.said.split())

    def handle_data(self, data: str) -> None:
        self.said += f" {data}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office.open(Settings(home=tmp_path / "home", _env_file=None))
    example.load(made)
    yield made
    made.close()


def test_the_task_shows_what_the_machine_found(
    office: Office, label_studio: LocalServer, sdk: Any, tmp_path: Path
) -> None:
    report = detect(
        office.lake.folder, on=["near_text"], window=timedelta(minutes=10), out=tmp_path / "out",
        threads=1, memory="1GB", rounds=0,
    )  # fmt: skip
    (found,) = report.concert
    assert found.rule == LINKED
    assert touching(office, [found], NEIGHBOURS) == []
    mine = touching(office, report.findings, RING)
    keep_findings(office, mine, RING)
    assert ask_about(office, mine, RING) == 1
    with office.store.reading() as work:
        (case,) = work.cases.find(kind=CaseKind.COORDINATION.value, group_id=RING)

    with closing(Studio(label_studio.connection)) as studio:
        Reconciler(CaseDesk(office), studio, owner=office.store.name).pass_once()
        (task,) = [
            task
            for project in studio.projects()
            for task in studio.tasks(project.id)
            if task.mark is not None and task.mark.key.case_id == case.id
        ]
        page = Words(str(sdk.tasks.get(id=str(task.id)).data["evidence"])).said
        studio.delete_task(task.id)

    for kind, held in found.keys:
        assert f"one {kind} {len(held)} accounts: {', '.join(held)}" in page
    assert "Known members of the group 5 of 14 accounts" in page
    assert f"{found.pair_count}, of which 8 are shown, 50 on the time line" in page
    assert all(name in page for name in found.account_ids)
    # Eight pairs from eight of its nine waves, and not eight of the first.
    waves = {post["post_id"].rpartition("-")[0] for post in case.evidence["posts"]}
    assert len(waves) == 8
    assert page.count("same text (with edits)") >= 16
    assert "T0084.001 (use copypasta)" in page
