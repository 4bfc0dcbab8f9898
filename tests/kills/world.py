"""A world to kill in: the example's designated group, open cases, a real Label Studio, a reviewer.

The reviewer's own notes are the truth that the store is held against in the end.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from casework import example
from casework.cases import open_case
from casework.office import Office
from labeling.server import LocalServer
from labeling.studio import SeenTask, Studio
from policy.cases import CaseKind, CaseState
from policy.grounds import LIMITS
from policy.settings import Settings
from policy.words import SubjectKind
from store.audit import verify
from store.work import Writing
from tests.labeling.cases import ASSOCIATED, ASSOCIATION_DATA, NOT_ASSOCIATED
from tests.servers import free_port

GROUP = "weigh-it-again"
API_KEY = "concert_for_tests_only_0123456789"
ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).resolve().parent / "site"


@dataclass
class World:
    """One installation and its Label Studio."""

    home: Path
    server: LocalServer
    accounts: tuple[str, ...]
    port: int = field(default_factory=free_port)
    answered: dict[str, str] = field(default_factory=dict)
    """By case: what the reviewer answered, once Label Studio had said that it took it."""

    asked: dict[str, str] = field(default_factory=dict)
    """By case: what was first handed in by the API, whether or not a reply came."""
    interrupted: int = 0
    """Calls of the service that were cut off."""

    def __post_init__(self) -> None:
        self.settings = Settings(home=self.home, _env_file=None)
        self.office = Office.open(self.settings)
        example.load(self.office)
        self.office.store.transact(self._open, actor="system:test", now=self.office.now())

    def _open(self, work: Writing) -> None:
        for account in self.accounts:
            open_case(
                work,
                kind=CaseKind.ASSOCIATION,
                subject_kind=SubjectKind.ACCOUNT,
                subject_id=account,
                group_id=GROUP,
                rule="routing.association.review.v1",
                evidence={**ASSOCIATION_DATA, "profile": {"account_id": account}},
            )

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this installation is started with."""
        connection = self.server.connection
        return {
            **os.environ,
            "CONCERT_HOME": str(self.home),
            "CONCERT_LABEL_STUDIO_URL": connection.url,
            "CONCERT_LABEL_STUDIO_TOKEN": connection.token,
            "CONCERT_PORT": str(self.port),
            "CONCERT_API_KEY": API_KEY,
            "CONCERT_LOG_LEVEL": "WARNING",
            "HF_HUB_OFFLINE": "1",
        }

    def run(self, *words: str, at: str = "", within: str = "") -> subprocess.Popen[bytes]:
        """Start `concert …` in a group of its own, to be killed at a boundary, if one is named.

        Args:
            at: the boundary, as tests/kills/site/sitecustomize.py reads it.
            within: a part of the command line of the process that is meant.
        """
        killing = {"KILL_AT": at, "KILL_IN": within, "PYTHONPATH": str(SITE)} if at else {}
        log = (self.home / "killed.log").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "cli", *words],
                cwd=ROOT,
                env=self.environment | killing,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def until_dead(self, process: subprocess.Popen[bytes], within_s: float) -> bool:
        """Whether it came to its point; one that did not is killed at this very moment."""
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False
        return True

    def kill_label_studio(self) -> None:
        """Kill the server and all its children outright, and start it again."""
        assert self.server.pid is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.stop()
        self.server.start()

    def tasks(self) -> list[SeenTask]:
        """Every task of ours on the server."""
        studio = Studio(self.server.connection)
        try:
            return [
                task
                for project in studio.projects()
                for task in studio.tasks(project.id)
                if task.mark is not None and task.mark.owner == self.office.store.name
            ]
        finally:
            studio.close()

    def review(self, rng: random.Random, most: int = 1) -> None:
        """Answer some unanswered tasks, as a reviewer's browser does."""
        connection = self.server.connection
        waiting = [task for task in self.tasks() if not task.answers]
        rng.shuffle(waiting)
        for task in waiting[:most]:
            assert task.mark is not None
            case_id = task.mark.key.case_id
            if case_id in self.answered:
                continue
            yes = rng.random() < 0.5
            reply = httpx.post(
                f"{connection.url}/api/tasks/{task.id}/annotations/",
                headers={"Authorization": f"Token {connection.token}"},
                json={"result": ASSOCIATED if yes else NOT_ASSOCIATED, "lead_time": 3.0},
                timeout=30,
                trust_env=False,
            )
            if reply.status_code == httpx.codes.CREATED:
                self.answered[case_id] = "associated" if yes else "not_associated"

    def serve(self, *, at: str = "") -> subprocess.Popen[bytes]:
        """Start the service, its front to be killed at a boundary, and wait until it is ready."""
        process = self.run("serve", at=at, within="--service-name Concert")
        while process.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        return process

    def kill_service(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the service's first process outright; its workers end with it and free the port."""
        self.until_dead(process, within_s=0.0)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                    return
            time.sleep(0.1)

    def decide(self, case_id: str, answer: str) -> bool:
        """Hand in one decision by the API; whether the service said that it took it.

        Whoever got no answer asks the very same again, and must not decide twice.
        """
        answer = self.asked.setdefault(case_id, answer)
        verdict = {"kind": "association", "association": answer}
        if answer == "associated":
            verdict |= {"primary_use": "no", "reason": "It joins in whenever it is called."}
        body = {
            "verdict": verdict,
            "round": 1,
            "by": "person:a reviewer",
            "source": f"test-{case_id}",
        }
        try:
            reply = httpx.post(
                f"{self.url}/v1/queue/{case_id}/decision",
                json=body,
                headers={"Authorization": f"Bearer {API_KEY}"},
                timeout=20,
                trust_env=False,
            )
        except httpx.HTTPError:
            return False
        assert reply.status_code == httpx.codes.CREATED, reply.text
        self.answered[case_id] = answer
        return True

    def waiting(self) -> list[str]:
        """Ids of the cases that nobody has answered yet, as the test knows it."""
        with self.office.store.reading() as work:
            cases = work.cases.find(kind=CaseKind.ASSOCIATION.value, group_id=GROUP)
        return [case.id for case in cases if case.id not in self.answered]

    @property
    def url(self) -> str:
        """Where the service listens."""
        return f"http://127.0.0.1:{self.port}"

    def settle(self, *words: str, tries: int = 10) -> None:
        """Run whole passes until one finds nothing more to do."""
        for _ in range(tries):
            process = self.run(*words)
            assert process.wait(120) == 0, (self.home / "killed.log").read_text()[-2000:]
            with self.office.store.reading() as work:
                decided = work.cases.count(state=CaseState.DECIDED.value)
            if decided == len(self.answered):
                return
            time.sleep(0.2)

    def faults(self) -> list[str]:
        """Everything that was lost, doubled or damaged; empty is what it should be."""
        with self.office.store.reading() as work:
            decisions = work.decisions.find()
            cases = {case.id: case for case in work.cases.find(group_id=GROUP)}
            restrictions = work.restrictions.find(group_id=GROUP)
            statements = work.statements.count()
        found = []
        taken = Counter(decision.case_id for decision in decisions)
        found += [f"{case}: {count} decisions" for case, count in taken.items() if count > 1]
        found += [f"{case}: its answer is lost" for case in self.answered if case not in taken]
        found += [f"{case}: decided by nobody" for case in taken if case not in self.answered]
        found += [
            f"{one.case_id}: {one.answer}, but the reviewer said {self.answered[one.case_id]}"
            for one in decisions
            if self.answered.get(one.case_id, one.answer) != one.answer
        ]
        laid = Counter((one.subject_id, one.kind) for one in restrictions)
        wanted = {
            (cases[case].subject_id, kind)
            for case, answer in self.answered.items()
            if answer == "associated"
            for kind in LIMITS
        }
        found += [f"{what}: laid {count} times" for what, count in laid.items() if count > 1]
        found += [f"{what}: not laid" for what in sorted(wanted - set(laid))]
        found += [f"{what}: laid for nothing" for what in sorted(set(laid) - wanted)]
        if statements != len(restrictions):
            found.append(f"{statements} statements of reasons for {len(restrictions)} restrictions")
        return found + [str(problem) for problem in verify(self.office.store).problems]

    def task_faults(self) -> list[str]:
        """What was lost or doubled in Label Studio."""
        with self.office.store.reading() as work:
            cases = work.cases.find(group_id=GROUP, state=CaseState.OPEN.value)
        marks = Counter(task.mark.key for task in self.tasks() if task.mark is not None)
        missing = {case.id for case in cases} - {key.case_id for key in marks}
        return [f"{key}: {count} tasks" for key, count in marks.items() if count > 1] + [
            f"{case}: open without a task" for case in sorted(missing)
        ]

    def close(self) -> None:
        """Give back the store."""
        self.office.close()
