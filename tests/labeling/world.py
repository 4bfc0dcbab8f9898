"""Two hundred cases, five reviewers and a troubled Label Studio; and what ought to come of it."""

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import httpx

from casework import example
from casework.cases import open_case
from casework.dossier import save_findings
from casework.gold import make_gold, mix_in
from casework.hints import take_hints
from casework.house import change_rules
from casework.office import Office
from casework.reviewers import invite
from casework.technical import pursue_proven
from labeling.case_desk import CaseDesk
from labeling.people import enrol, sign_up
from labeling.reconcile import Reconciler
from labeling.report import PassReport
from labeling.server import LocalServer
from labeling.studio import SeenTask, Studio, StudioAwayError, StudioRefusedError
from policy.cases import AskedAbout, Case, CaseKind, CaseState
from policy.findings import Coordination, Finding, Proof
from policy.roles import Role
from policy.settings import Settings
from policy.verdicts import AssociationChoice, AssociationVerdict, PrimaryUse
from policy.words import Harm, LinkageKind, Severity, SubjectKind
from store.work import Writing
from tests.labeling.browser import LoginError, browser
from tests.labeling.cases import ASSOCIATED, NOT_ASSOCIATED
from tests.labeling.people import PASSWORD, Persona, Scripted, answer_to
from tests.labeling.showcase import GROUP as SHOWN_GROUP
from tests.labeling.showcase import POSTS

T = TypeVar("T")

GROUP = "weigh-it-again"
SHARE = 0.4
LEAD = "person:lead@concert.example"

PEOPLE = (
    Persona("ada@concert.example", 0.97),
    Persona("ben@concert.example", 0.93),
    Persona("cleo@concert.example", 0.88),
    Persona("dan@concert.example", 0.8),
    Persona("eve@concert.example", 0.65),
)
LEADS = frozenset(one.person for one in PEOPLE[:3])
OUTSIDER = "mallory@concert.example"


def truth(case: Case) -> bool:
    """What is so, as this world has it: told by the subject's own number.

    The example's proven ring is one, whatever its accounts are called.
    """
    number = case.subject_id.rsplit("-", 1)[-1]
    return case.kind is CaseKind.SUSPENSION or int(number) % 2 == 0


class World:
    """One installation with its cases, reviewers and faults."""

    def __init__(self, home: Path, server: LocalServer, *, cases: int, seed: int = 5) -> None:
        self.server = server
        self.office = Office.open(Settings(home=home, _env_file=None))
        self.rng = random.Random(seed)
        self.stop = threading.Event()
        self.backup = home / "label-studio.backup"
        self.done: Counter[str] = Counter()
        """Faults that were brought about, by name."""
        example.load(self.office)
        change_rules(
            self.office,
            {
                "second_share": SHARE,
                "gold_share": 0.1,
                "severe_in_a_row": 100,
                "severe_a_day": 10_000,
                "kept_minutes": 1,
            },
            by=LEAD,
            reason="the rules of this simulation",
        )
        self._open_cases(cases)
        self._people()

    @property
    def owner(self) -> str:
        """By which our tasks are told from those of other tests."""
        return self.office.store.name

    def _open_cases(self, cases: int) -> None:
        suspensions, posts, findings = cases // 20, cases // 10, cases // 5
        accounts = tuple(f"linked-{number}" for number in range(suspensions))
        ring = Finding(
            id="ring-1",
            kind=Coordination.TECHNICAL,
            account_ids=accounts,
            summary="One phone stands behind all of these accounts.",
            proofs=(Proof.LINKAGE,),
            linkage_kinds=(LinkageKind.PHONE,),
            found_at=self.office.now(),
            found_by="person:analyst",
            origin="person",
            sources=("a carrier's answer",),
            rule="entered.v1",
        )
        save_findings(self.office, [ring], actor="person:analyst")

        def do(work: Writing) -> None:
            for number in range(cases - suspensions - posts - findings):
                profile = {"account_id": f"account-{number}"}
                open_case(
                    work,
                    kind=CaseKind.ASSOCIATION,
                    subject_kind=SubjectKind.ACCOUNT,
                    subject_id=profile["account_id"],
                    group_id=GROUP,
                    rule="routing.association.review.v1",
                    evidence={"group": SHOWN_GROUP, "profile": profile, "posts": POSTS},
                )
            for number in range(posts):
                post = {**POSTS[0], "post_id": f"post-{number}", "account": f"author-{number}"}
                open_case(
                    work,
                    kind=CaseKind.POST_HARM,
                    subject_kind=SubjectKind.POST,
                    subject_id=post["post_id"],
                    rule="routing.harm.review.v1",
                    harm=Harm.PHYSICAL,
                    severity=Severity.MODERATE,
                    evidence={"post": post},
                )
            for number in range(findings):
                open_case(
                    work,
                    kind=CaseKind.COORDINATION,
                    subject_kind=AskedAbout.FINDING,
                    subject_id=f"finding-{number}",
                    rule="coordination.review.v1",
                    harm=Harm.INFORMATIONAL,
                    severity=Severity.LOW,
                    evidence={"posts": POSTS[:1]},
                )

        self.office.store.transact(do, actor="system:test", now=self.office.now())
        assert pursue_proven(self.office) >= suspensions

    def _people(self) -> None:
        for one in PEOPLE:
            roles = (Role.REVIEWER, Role.LEAD) if one.person in LEADS else (Role.REVIEWER,)
            invite(self.office, one.email, roles=roles, by=LEAD)
        with self._studio() as studio:
            for email in (*(person.email for person in PEOPLE), OUTSIDER):
                if studio.user_of(email) is None:
                    sign_up(studio, email, PASSWORD)
            assert len(enrol(self.office, studio)) == len(PEOPLE)
            assert enrol(self.office, studio) == []

    def _studio(self) -> "closing[Studio]":
        return closing(Studio(self.server.connection))

    # What happens

    def review(self, *, within_s: float) -> list[Scripted]:
        """Let everybody work, and things go wrong, until each case is decided."""
        people = [Scripted(self.office, self.server.url, one, truth, self.stop) for one in PEOPLE]
        keepers = [threading.Thread(target=self._keep) for _ in range(2)]
        chaos = threading.Thread(target=self._trouble)
        threads = [*keepers, *people, chaos]
        for thread in threads:
            thread.start()
        until = time.monotonic() + within_s
        while time.monotonic() < until and (self.open() or chaos.is_alive()):
            time.sleep(0.5)
        self.stop.set()
        for thread in threads:
            thread.join()
        for one in people:
            if one.error is not None:
                raise one.error
        return people

    def open(self) -> int:
        """Cases that are not decided yet."""
        with self.office.store.reading() as work:
            return work.cases.count(state=CaseState.OPEN.value)

    def decided(self) -> int:
        """Cases that are."""
        with self.office.store.reading() as work:
            return work.cases.count(state=CaseState.DECIDED.value)

    def settle(self) -> list[PassReport]:
        """Whole passes of reconcilers that know nothing yet: each reads everything again."""
        reports = []
        for _ in range(3):
            with self._studio() as studio:
                keeper = Reconciler(CaseDesk(self.office), studio, owner=self.owner)
                reports.append(keeper.pass_once())
        return reports

    def tasks(self) -> list[SeenTask]:
        """All our tasks on the server."""
        with self._studio() as studio:
            return [
                task
                for project in studio.projects()
                for task in studio.tasks(project.id)
                if task.mark is not None and task.mark.owner == self.owner
            ]

    def close(self) -> None:
        """Take our tasks away, and give the store back."""
        with self._studio() as studio:
            for task in self.tasks():
                studio.delete_task(task.id)
        self.office.close()

    def _keep(self) -> None:
        """One of two reconcilers, as two processes of an installation run them."""
        with self._studio() as studio:
            reconciler = Reconciler(
                CaseDesk(self.office), studio, owner=self.owner, sweep_every_s=20
            )
            reconciler.run(self.stop, hint=lambda: take_hints(self.office), interval=1.0)

    def _trouble(self) -> None:
        """One fault after the other, each when another part of the work is done."""
        faults = (
            *(self._forge, self._kill, self._gold, self._keep_backup, self._edit, self._delete),
            *(self._config, self._forge, self._restore, self._edit, self._kill, self._hints),
        )
        total = self.open()
        for number, fault in enumerate(faults, start=1):
            while self.decided() < total * 0.9 * number / len(faults) and not self.stop.is_set():
                time.sleep(0.2)
            if self.stop.is_set():
                return
            for _ in range(5):
                try:
                    fault()
                except (httpx.HTTPError, StudioAwayError, StudioRefusedError, LoginError):
                    time.sleep(0.5)
                else:
                    self.done[fault.__name__.strip("_")] += 1
                    break

    def _kill(self) -> None:
        assert self.server.pid is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.stop()
        self.server.start()

    def _keep_backup(self) -> None:
        with (
            closing(sqlite3.connect(self._database)) as now,
            closing(sqlite3.connect(self.backup)) as kept,
        ):
            now.backup(kept)

    def _restore(self) -> None:
        assert self.server.pid is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.stop()
        for leftover in ("-wal", "-shm", "-journal"):
            Path(f"{self._database}{leftover}").unlink(missing_ok=True)
        shutil.copy(self.backup, self._database)
        self.server.start()

    @property
    def _database(self) -> Path:
        return self.server.data / "label_studio.sqlite3"

    def _open_tasks(self) -> list[tuple[int, int]]:
        with self.office.store.reading() as work:
            tasks = work.tasks.find(bound=True)
            cases = work.cases.get_many([task.case_id for task in tasks])
        return [
            (task.project_id, task.task_id)
            for task in tasks
            if cases[task.case_id].state is CaseState.OPEN
        ]

    def _answered(self) -> list[int]:
        with self.office.store.reading() as work:
            return [one.accepted[0] for one in work.tasks.find(bound=True) if one.accepted]

    def _some(self, given: Sequence[T], most: int) -> list[T]:
        return self.rng.sample(given, min(most, len(given)))

    def _forge(self) -> None:
        """Somebody with the invitation answers in their own name, and in a reviewer's."""
        with closing(browser(self.server.url, OUTSIDER, PASSWORD)) as http:
            users = {one["email"]: one["id"] for one in http.get("/api/users/").json()}
            for number, (_, task_id) in enumerate(self._some(self._open_tasks(), 4)):
                name = {"completed_by": users[PEOPLE[number].email]} if number % 2 else {}
                body = {"result": ASSOCIATED, **name}
                reply = http.post(f"/api/tasks/{task_id}/annotations/", json=body)
                self.done["forged answer"] += reply.status_code == httpx.codes.CREATED

    def _edit(self) -> None:
        with closing(browser(self.server.url, PEOPLE[4].email, PASSWORD)) as http:
            answered = self._answered()
            for annotation in self._some(answered, 4):
                reply = http.patch(
                    f"/api/annotations/{annotation}/",
                    json={"result": answer_to(CaseKind.ASSOCIATION, self.rng.random() < 0.5)},
                )
                self.done["edited answer"] += reply.is_success

    def _delete(self) -> None:
        with closing(browser(self.server.url, PEOPLE[3].email, PASSWORD)) as http:
            answered = self._answered()
            for annotation in self._some(answered, 3):
                reply = http.delete(f"/api/annotations/{annotation}/")
                self.done["deleted answer"] += reply.is_success
            for _, task_id in self._some(self._open_tasks(), 3):
                reply = http.delete(f"/api/tasks/{task_id}/")
                self.done["deleted task"] += reply.is_success

    def _config(self) -> None:
        with closing(browser(self.server.url, PEOPLE[2].email, PASSWORD)) as http:
            project_id, _ = self.rng.choice(self._open_tasks())
            config = http.get(f"/api/projects/{project_id}/").json()["label_config"]
            changed = config.replace("Cannot tell from this", "Cannot tell")
            http.patch(f"/api/projects/{project_id}/", json={"label_config": changed})

    def _hints(self) -> None:
        """Webhooks, as forged as can be: even believed, they say only that something happened."""

        def do(work: Writing) -> None:
            cases = work.cases.find(state=CaseState.OPEN.value, limit=5)
            for case in cases:
                annotation = {"result": NOT_ASSOCIATED, "completed_by": 1}
                body = {"action": "ANNOTATION_CREATED", "case": case.id, "annotation": annotation}
                work.hints.add(body, at=work.now)

        self.office.store.transact(do, actor="system:test", now=self.office.now())

    def _gold(self) -> None:
        with self.office.store.reading() as work:
            decided = work.cases.find(
                state=CaseState.DECIDED.value, kind=CaseKind.ASSOCIATION.value, limit=8
            )
        for case in decided:
            right = (
                AssociationVerdict(
                    association=AssociationChoice.ASSOCIATED,
                    primary_use=PrimaryUse.NO,
                    reason="it is known",
                )
                if truth(case)
                else AssociationVerdict(association=AssociationChoice.NOT_ASSOCIATED)
            )
            make_gold(self.office, case.id, by=LEAD, why="clear as day", expected=right)
        mix_in(self.office)


# What ought to come of it: the rules of the house in plain words.


def twice(case: Case) -> bool:
    """Whether the draw gives a case a second opinion: the first 64 bits of its id's SHA-256."""
    drawn = int(hashlib.sha256(case.id.encode()).hexdigest()[:16], 16)
    return drawn < SHARE * 2**64


def ought(case: Case, said: Sequence[str]) -> str | None:
    """The answer that decides, given the main answers by round; None while another is asked.

    `undecided` where two differ and the lead's restriction is nobody else's.
    """
    restrictive = {"associated", "require_removal", "uphold"}
    first = said[0]
    two = case.gold is None and (
        case.kind is CaseKind.SUSPENSION or first == "require_removal" or twice(case)
    )
    if not two:
        return first
    if len(said) == 1:
        return None
    if said[0] == said[1]:
        return said[1]
    if len(said) == 2:
        return None
    return "undecided" if said[2] in restrictive and said[2] not in said[:2] else said[2]


def plain_alpha(units: Sequence[Sequence[str]]) -> float:
    """Krippendorff's alpha for plain categories, pair by pair, as its definition reads."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    observed = sum(
        sum(one != other for i, one in enumerate(unit) for j, other in enumerate(unit) if i != j)
        / (len(unit) - 1)
        for unit in units
    ) / len(values)
    counts = Counter(values)
    pairs = len(values) * (len(values) - 1)
    expected = sum(counts[a] * counts[b] for a in counts for b in counts if a != b) / pairs
    return 1 - observed / expected


def rounds_are_whole(rounds: Sequence[int]) -> bool:
    """1, 2, 3 without a gap."""
    return rounds[0] == 1 and all(after == before + 1 for before, after in pairwise(rounds))
