"""Scripted reviewers: each of a known quality, each in a browser session of its own."""

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from casework.next_case import next_case
from casework.office import Office
from policy.cases import Case, CaseKind, CaseState
from tests.labeling.browser import LoginError, browser
from tests.labeling.cases import Result, choice, text

PASSWORD = "a-long-enough-one"
EMPTY: Result = []
CONTRADICTORY: Result = [choice("association", "not_associated"), choice("primary_use", "yes")]

Truth = Callable[[Case], bool]


@dataclass(frozen=True)
class Persona:
    """Somebody who is right so often, and says the same however often they are asked."""

    email: str
    right: float

    @property
    def person(self) -> str:
        return f"person:{self.email}"

    def is_right(self, case_id: str) -> bool:
        drawn = hashlib.sha256(f"{self.email}|{case_id}".encode()).digest()[:8]
        return int.from_bytes(drawn) / 2**64 < self.right

    def says(self, case: Case, truth: bool) -> Result:
        return answer_to(case.kind, truth if self.is_right(case.id) else not truth)


def answer_to(kind: CaseKind, yes: bool) -> Result:
    """The two answers that this world knows to each kind of case."""
    why = text("It is what the evidence shows.")
    match kind:
        case CaseKind.ASSOCIATION if yes:
            return [choice("association", "associated"), choice("primary_use", "no"), why]
        case CaseKind.ASSOCIATION:
            return [choice("association", "not_associated")]
        case CaseKind.COORDINATION:
            return [choice("coordination", "social" if yes else "none"), why]
        case CaseKind.SUSPENSION:
            return [choice("decision", "uphold" if yes else "cannot_tell"), why]
        case CaseKind.POST_HARM if yes:
            broken = [choice("policies", "violence"), choice("severity", "high")]
            return [*broken, choice("action", "require_removal"), why]
        case _:
            return [choice("policies", "none_of_these"), choice("action", "none")]


MAIN = {
    CaseKind.ASSOCIATION: ("not_associated", "associated"),
    CaseKind.COORDINATION: ("none", "social"),
    CaseKind.SUSPENSION: ("cannot_tell", "uphold"),
    CaseKind.POST_HARM: ("none", "require_removal"),
}
"""The main answer for no and for yes."""


class Scripted(threading.Thread):
    """One reviewer at work: takes the case that Concert gives, reads its task, answers, goes on.

    Now and then it hands in nothing, or a contradiction, sends the same five times, or answers a
    task that is not for it.
    """

    def __init__(
        self, office: Office, url: str, who: Persona, truth: Truth, stop: threading.Event
    ) -> None:
        super().__init__(name=who.email)
        self.office = office
        self.url = url
        self.who = who
        self.truth = truth
        self.stop = stop
        self.sent: Counter[tuple[str, int]] = Counter()
        """How many sound answers were sent, by case and round.

        Not only what the server acknowledged: killed after it kept an answer, it cannot say so.
        """
        self.spoiled = 0
        self.trespassed = 0
        self.error: BaseException | None = None
        self._rng = random.Random(who.email)
        self._http: httpx.Client | None = None
        self._me = 0
        self._waits_for: tuple[str, int] | None = None
        self._until = 0.0

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                try:
                    if not self._step():
                        time.sleep(0.5)
                except (httpx.HTTPError, LoginError):
                    # The server is being killed, or starts anew: the page is loaded again.
                    self._leave()
                    time.sleep(0.5)
        except BaseException as error:
            self.error = error
            raise
        finally:
            self._leave()

    def _step(self) -> bool:
        if self._still_waits():
            return False
        served = next_case(self.office, self.who.email)
        if served.case_id is None or served.round is None or served.task_id is None:
            return False
        key = (served.case_id, served.round)
        http = self._browser()
        page = http.get(f"/api/tasks/{served.task_id}/")
        if page.status_code != httpx.codes.OK:
            return False
        mark = (page.json().get("meta") or {}).get("concert", {})
        if (mark.get("case"), mark.get("round")) != key:
            return False
        self._waits_for, self._until = key, time.monotonic() + 3
        if any(_author(one) == self._me for one in page.json()["annotations"]):
            return False
        with self.office.store.reading() as work:
            case = work.cases.need(served.case_id)
        self._answer(http, served.task_id, case, served.round)
        return True

    def _still_waits(self) -> bool:
        """Whether what was handed in last is still to be taken: asked of one row, as it is often.

        Five people who ask for their next case instead take the processor from the server.
        """
        if self._waits_for is None or time.monotonic() >= self._until:
            return False
        case_id, round_ = self._waits_for
        with self.office.store.reading() as work:
            case = work.cases.need(case_id)
        return case.state is CaseState.OPEN and case.round == round_

    def _answer(self, http: httpx.Client, task_id: int, case: Case, round_: int) -> None:
        dice = self._rng.random()
        if dice < 0.04:
            self.spoiled += self._post(http, task_id, EMPTY)
            return
        if dice < 0.08 and case.kind is CaseKind.ASSOCIATION:
            self.spoiled += self._post(http, task_id, CONTRADICTORY)
            return
        said = self.who.says(case, self.truth(case))
        for _ in range(5 if dice > 0.97 else 1):
            self.sent[case.id, round_] += 1
            self._post(http, task_id, said)
        if dice > 0.9:
            self.trespassed += self._trespass(http)

    def _trespass(self, http: httpx.Client) -> bool:
        """Give a further opinion on a case that this very person answered before."""
        with self.office.store.reading() as work:
            forbidden = [
                (task, case)
                for task in work.tasks.find(bound=True)
                if (case := work.cases.need(task.case_id)).round == task.round
                and case.gold is None
                and self.who.person in case.not_by
            ]
        if not forbidden:
            return False
        task, case = self._rng.choice(forbidden)
        return self._post(http, task.task_id, self.who.says(case, self.truth(case)))

    def _post(self, http: httpx.Client, task_id: int, result: Result) -> bool:
        body: dict[str, Any] = {"result": result, "lead_time": 5 + 10 * self._rng.random()}
        reply = http.post(f"/api/tasks/{task_id}/annotations/", json=body)
        return reply.status_code == httpx.codes.CREATED

    def _browser(self) -> httpx.Client:
        if self._http is None:
            self._http = browser(self.url, self.who.email, PASSWORD)
            me = self._http.get("/api/current-user/whoami")
            if me.status_code != httpx.codes.OK:
                raise LoginError(f"{self.who.email}: {me.status_code}")
            self._me = int(me.json()["id"])
        return self._http

    def _leave(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None


def _author(annotation: dict[str, Any]) -> int:
    by = annotation["completed_by"]
    return int(by["id"] if isinstance(by, dict) else by)
