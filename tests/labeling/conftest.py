"""The real Label Studio, and a fresh desk with its reconciler for each test."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from labeling.configs import Lane
from labeling.reconcile import Reconciler
from labeling.server import LocalServer
from labeling.studio import SeenTask, Studio
from tests.labeling.cases import Result
from tests.labeling.memory import MemoryDesk


@pytest.fixture(scope="session")
def sdk(label_studio: LocalServer) -> Iterator[Any]:
    """The SDK's own client: a test acts through it as a reviewer's browser would."""
    from label_studio_sdk.client import LabelStudio

    connection = label_studio.connection
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield LabelStudio(base_url=connection.url, api_key=connection.token, httpx_client=http)


class Office:
    """A desk, a reconciler and a view on the server, apart from those of any other test."""

    def __init__(self, server: LocalServer, sdk: Any) -> None:
        self.owner = uuid4().hex
        self.server = server
        self.sdk = sdk
        self.desk = MemoryDesk()
        self.studios: list[Studio] = []
        self.studio = self.look()
        self.reconciler = self.another()

    def look(self) -> Studio:
        """A client that is closed when the test ends."""
        self.studios.append(Studio(self.server.connection))
        return self.studios[-1]

    def another(self, desk: MemoryDesk | None = None, **options: Any) -> Reconciler:
        """A reconciler that knows nothing yet, as after a restart."""
        return Reconciler(desk or self.desk, self.look(), owner=self.owner, **options)

    def tasks(self, case_id: str | None = None) -> list[SeenTask]:
        """Our tasks on the server, whatever the reconciler thinks."""
        return [
            task
            for project in self.studio.projects()
            if Lane.titled(project.title)
            for task in self.studio.tasks(project.id)
            if task.mark is not None
            and task.mark.owner == self.owner
            and case_id in (None, task.mark.key.case_id)
        ]

    def task(self, case_id: str) -> SeenTask:
        (found,) = self.tasks(case_id)
        return found

    def answer(self, case_id: str, result: Result) -> int:
        """Answer a case's task; the id of the annotation."""
        task = self.task(case_id)
        return int(self.sdk.annotations.create(id=task.id, result=result, lead_time=12.5).id)

    def data(self, case_id: str) -> dict[str, Any]:
        """What a reviewer is shown."""
        return dict(self.sdk.tasks.get(id=str(self.task(case_id).id)).data)


@pytest.fixture
def office(label_studio: LocalServer, sdk: Any) -> Iterator[Office]:
    office = Office(label_studio, sdk)
    yield office
    for task in office.tasks():
        office.studio.delete_task(task.id)
    for studio in office.studios:
        studio.close()
