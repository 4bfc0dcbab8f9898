"""Label Studio is away for an hour, and for days: told by a clock that the test turns."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from casework.cases import lapse_cases, open_case
from casework.office import Office
from casework.review import decide
from intake.lake import Lake
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.server import Connection, LocalServer
from labeling.studio import SeenTask, Studio
from policy.cases import AskedAbout, CaseKind, CaseState
from policy.settings import Settings
from policy.verdicts import CoordinationChoice, CoordinationVerdict
from policy.words import Harm, Severity, SubjectKind
from store.audit import verify
from store.store import Store
from store.work import Writing
from tests.casework.conftest import TurnedClock
from tests.labeling.cases import choice
from tests.labeling.gate import Gate
from tests.labeling.showcase import shown
from tests.servers import free_port

pytestmark = pytest.mark.server

NONE = [choice("coordination", "none")]
UNBROKEN = [choice("policies", "none_of_these"), choice("action", "none")]
INTERVAL = 2.0


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def office(tmp_path: Path, clock: TurnedClock) -> Iterator[Office]:
    settings = Settings(home=tmp_path / "home", _env_file=None)
    made = Office(settings, Store.open(settings), Lake(settings.lake), clock)
    yield made
    made.close()


@pytest.fixture
def gate(label_studio: LocalServer) -> Iterator[Gate]:
    made = Gate(free_port(), httpx.URL(label_studio.url).port or 0)
    yield made
    made.shut()


def ask(office: Office, kind: CaseKind, *names: str) -> list[str]:
    """Open cases; their ids."""
    about = AskedAbout.FINDING if kind is CaseKind.COORDINATION else SubjectKind.POST

    def do(work: Writing) -> list[str]:
        return [
            open_case(
                work,
                kind=kind,
                subject_kind=about,
                subject_id=name,
                rule="routing.harm.review.v1",
                evidence=shown(kind),
                harm=Harm.INFORMATIONAL,
                severity=Severity.LOW,
            ).id
            for name in names
        ]

    return office.store.transact(do, actor="system:test", now=office.now())


def decide_by_hand(office: Office, case_id: str) -> None:
    """Decide a case from the shell, where no Label Studio is needed."""
    office.store.transact(
        lambda work: decide(
            work,
            case_id,
            CoordinationVerdict(coordination=CoordinationChoice.NONE),
            round_=1,
            by="person:desk",
            at=work.now,
            source=f"shell:{case_id}",
            periods=office.periods,
        ),
        actor="person:desk",
        now=office.now(),
    )


def answer(server: LocalServer, task: SeenTask, result: list[dict[str, Any]]) -> None:
    """Answer a task past the gate, as a reviewer's browser does."""
    httpx.post(
        f"{server.url}/api/tasks/{task.id}/annotations/",
        headers={"Authorization": f"Token {server.connection.token}"},
        json={"result": result},
        timeout=60,
        trust_env=False,
    ).raise_for_status()


def ours(office: Office, studio: Studio) -> dict[str, list[SeenTask]]:
    """Our tasks by case."""
    found: dict[str, list[SeenTask]] = {}
    for project in studio.projects():
        for task in studio.tasks(project.id):
            if task.mark is not None and task.mark.owner == office.store.name:
                found.setdefault(task.mark.key.case_id, []).append(task)
    return found


@pytest.mark.parametrize(
    ("away", "at_least", "tries"),
    [
        # Four within the first minute, then one each minute.
        pytest.param(timedelta(hours=1), timedelta(0), 63, id="an hour"),
        # Not every minute of eight days: each rest is two hours by the cases' clock.
        pytest.param(timedelta(days=8), timedelta(hours=2), 96, id="eight days"),
    ],
)
def test_what_comes_of_an_outage(
    office: Office,
    clock: TurnedClock,
    gate: Gate,
    label_studio: LocalServer,
    away: timedelta,
    at_least: timedelta,
    tries: int,
) -> None:
    taken, late, quiet = ask(office, CaseKind.COORDINATION, "taken", "late", "quiet")
    post, silent = ask(office, CaseKind.POST_HARM, "post", "silent")
    waits: list[float] = []
    during: list[str] = []
    stop = threading.Event()

    connection = Connection(gate.url, label_studio.connection.token)
    # Without the client's own retries, which wait by this machine's clock.
    with closing(Studio(connection, retries=0)) as studio:
        keeper = Reconciler(CaseDesk(office), studio, owner=office.store.name)
        assert keeper.pass_once().created == 5
        tasks = {case_id: found[0] for case_id, found in ours(office, studio).items()}
        # Answers that nobody fetched before the server went.
        answer(label_studio, tasks[taken], NONE)
        answer(label_studio, tasks[late], NONE)
        answer(label_studio, tasks[post], UNBROKEN)
        gate.shut()
        back = clock.now() + away

        def rest(stop: threading.Event, hint: Callable[[], bool], seconds: float) -> None:
            waits.append(seconds)
            if clock.now() < back:
                clock.turn(seconds=max(seconds, at_least.total_seconds()))
                # What the rest of Concert does meanwhile.
                lapse_cases(office)
                if not during:
                    decide_by_hand(office, late)
                    during.extend(ask(office, CaseKind.COORDINATION, "new", "newer"))
                if clock.now() >= back:
                    gate.open()
            elif waits[-3:] == [INTERVAL] * 3:
                stop.set()

        keeper.run(stop, interval=INTERVAL, rest=rest)

        lapsed = away > timedelta(days=7)
        tried = waits[: waits.index(INTERVAL)]
        assert tried == [4, 8, 16, 32, *[60] * (tries - 4)]
        there = ours(office, studio)
        assert not Reconciler(CaseDesk(office), studio, owner=office.store.name).pass_once().changed
        for found in there.values():
            for task in found:
                studio.delete_task(task.id)

    with office.store.reading() as work:
        cases = {one.id: one for one in work.cases.find()}
        decisions = {one.case_id: one for one in work.decisions.find()}
        told = Counter(one.action for one in work.history.after(0, limit=10_000))
    open_now = {quiet, *during, *(() if lapsed else (silent,))}
    assert {id_ for id_, one in cases.items() if one.state is CaseState.OPEN} == open_now
    decided = {taken: "person:" + label_studio.credentials.email, late: "person:desk"}
    if not lapsed:
        decided[post] = decided[taken]
    assert {id_: one.decided_by for id_, one in decisions.items()} == decided
    # Each open case has one task; answers stay where they were given, late ones too.
    assert {id_: len(found) for id_, found in there.items()} == dict.fromkeys(
        open_now | {taken, late, post}, 1
    )
    assert told["case.lapsed"] == (2 if lapsed else 0)
    assert told["answer.accepted"] == (1 if lapsed else 2)
    assert told["answer.noted"] == (2 if lapsed else 1)
    assert told["task.bound"] == 5 + len(during)
    assert verify(office.store).problems == ()
