"""What a year needs: the service on a turned clock, a reviewer, and made-up posts."""

import csv
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from casework.installation import prepare
from casework.office import Office
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.server import LocalServer
from labeling.studio import SeenTask, Studio
from serving.launch import Launch, launch
from tests.labeling.cases import choice, text
from tests.serving.conftest import Server, make_settings, start_as

SITE = Path(__file__).resolve().parent / "site"
START = datetime(2025, 1, 6, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

CALLS = (
    "Harbour Watch: every reply under her page tonight until she quits the paper #quaywatch {n}",
    "Flood her timeline at eight, all of you, she must leave the harbour #quaywatch {n}",
    "Keep answering each of her posts, do not stop until she quits #quaywatch {n}",
    "Another wave on the harbour reporter, everyone reply now #quaywatch {n}",
    "She still writes for the paper. Reply, reply, reply until she leaves #quaywatch {n}",
)
OTHERS = (
    "The ferry was late again, but the sunset over the bay made up for it {n}",
    "Does anybody have a good recipe for leek soup? {n}",
    "Our team lost by two goals and I blame the rain {n}",
    "The library opens earlier this week, bring the children {n}",
    "I planted tomatoes on the balcony and the cat ate them {n}",
    "New bicycle lanes on the market square, at last {n}",
)


@dataclass
class FileClock:
    """A clock that all processes of the year read from one file."""

    path: Path

    def now(self) -> datetime:
        return datetime.fromisoformat(self.path.read_text(encoding="utf-8"))

    def turn_to(self, moment: datetime) -> None:
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(moment.isoformat(), encoding="utf-8")
        fresh.replace(self.path)


@dataclass
class Town:
    """The service, the shared store and lake, and the reviewer."""

    home: Path
    studio: LocalServer
    clock: FileClock
    office: Office
    server: Server
    api: httpx.Client
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    posted: dict[str, datetime] = field(default_factory=dict)
    """By post: when it was made."""
    last: dict[str, datetime] = field(default_factory=dict)
    """By account: when it posted last."""

    @classmethod
    def build(cls, home: Path, studio: LocalServer) -> "Town":
        clock = FileClock(home / "clock")
        home.mkdir(parents=True)
        clock.turn_to(START)
        settings = make_settings(home / "data").model_copy(update={"example": False})
        prepare(settings)
        given = launch(settings, env=os.environ)
        turned = {
            **given.environment,
            "PYTHONPATH": os.pathsep.join([str(SITE), os.environ.get("PYTHONPATH", "")]),
            "LIFE_CLOCK": str(clock.path),
        }
        server = start_as(
            settings, home / "service.log", Launch(given.command, turned, given.folder)
        )
        office = Office.open(settings, clock)
        return cls(home, studio, clock, office, server, server.client())

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One call of the API that has to succeed."""
        asked = {name: value for name, value in query.items() if value is not None}
        reply = self.api.request(method, f"/v1/{path}", json=body, params=asked)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def refused(self, path: str, body: Any) -> str:
        """The rule by which a call is refused."""
        reply = self.api.post(f"/v1/{path}", json=body)
        assert reply.status_code == httpx.codes.CONFLICT, reply.text[:500]
        return str(reply.json()["error"])

    def all(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page by page."""
        after = None
        while True:
            page = self.ask("GET", path, limit=1000, after=after, **query)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    # Posts

    def post(self, now: datetime, *, members: list[str], others: list[str], each: int = 4) -> None:
        """Members call for floods, others speak of other things; all within the last hour."""
        rows = []
        for accounts, texts in ((members, CALLS), (others, OTHERS)):
            for account in accounts:
                # Whoever posts once speaks of any of it, or a background would be of one text.
                first = self.rng.randrange(len(texts))
                for number in range(first, first + each):
                    id_ = f"p{len(self.posted) + 1}"
                    at = now - timedelta(minutes=self.rng.randint(1, 55), seconds=number)
                    self.posted[id_] = at
                    self.last[account] = max(at, self.last.get(account, at))
                    said = texts[number % len(texts)].format(n=self.rng.randint(1, 40))
                    rows.append((id_, account, said, at.isoformat(), "en"))
        path = self.home / f"posts-{len(self.posted)}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("post_id", "account_id", "text", "created_at", "lang"))
            writer.writerows(rows)
        report = self.office.lake.ingest([path])
        assert not report.errors

    # The reviewer

    def reconcile(self) -> None:
        """One pass of the reconciler, in the year's time."""
        client = Studio(self.studio.connection)
        try:
            Reconciler(CaseDesk(self.office), client, owner=self.office.store.name).pass_once()
        finally:
            client.close()

    def tasks(self) -> list[SeenTask]:
        """Our open tasks on the server."""
        client = Studio(self.studio.connection)
        try:
            return [
                task
                for project in client.projects()
                for task in client.tasks(project.id)
                if task.mark is not None
                and task.mark.owner == self.office.store.name
                and not task.answers
            ]
        finally:
            client.close()

    def annotate(self, task: SeenTask, result: list[dict[str, Any]]) -> None:
        """Answer a task as a reviewer's browser does."""
        connection = self.studio.connection
        reply = httpx.post(
            f"{connection.url}/api/tasks/{task.id}/annotations/",
            headers={"Authorization": f"Token {connection.token}"},
            json={"result": result, "lead_time": 3.0},
            timeout=60,
            trust_env=False,
        )
        assert reply.status_code == httpx.codes.CREATED, reply.text[:500]

    def close(self, how: int) -> None:
        """Give back everything; the reviewer's tasks too."""
        client = Studio(self.studio.connection)
        for task in self.tasks():
            client.delete_task(task.id)
        client.close()
        self.api.close()
        self.office.close()
        self.server.process.send_signal(how)
        self.server.process.wait(30)


def tie(member: bool) -> list[dict[str, Any]]:
    """A reviewer's answer about an account's tie."""
    if not member:
        return [choice("association", "not_associated")]
    return [
        choice("association", "associated"),
        choice("primary_use", "no"),
        text("It answers every call."),
    ]


def outcome(overturn: bool) -> list[dict[str, Any]]:
    """A reviewer's answer to an appeal."""
    decided = choice("decision", "reject" if overturn else "uphold")
    return [decided, text("I weighed what was posted and what the person says.")]
