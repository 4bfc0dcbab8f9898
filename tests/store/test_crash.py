"""kill -9 of a writer at every step of its way: what was confirmed is there, nothing is half there.

The writer is a process of its own. Each step that touches the database or the anchor counts down,
and at zero the process kills itself as the system would.
"""

import multiprocessing
import os
import signal
from itertools import count
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from policy.words import SubjectKind
from store.anchor import Anchor
from store.audit import verify
from store.store import Store
from tests.store.values import T0, case, decision

# Forked: importing everything anew for each of the deaths would take longer than all of them.
PROCESSES = multiprocessing.get_context("fork")
WORKS = 2


class Countdown:
    """Kills this process at the n-th step."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalAnchor(Anchor):
    """The anchor, with a step before and after each line."""

    countdown: Countdown

    def intend(self, *args: Any) -> None:
        self.countdown.step()
        super().intend(*args)
        self.countdown.step()

    def done(self, *args: Any) -> None:
        self.countdown.step()
        super().done(*args)
        self.countdown.step()


def write(url: str, anchor: Path, steps: int, confirm: Pipe) -> None:
    countdown = Countdown(steps)
    with Store.open(url, anchor) as store:
        store.anchor = MortalAnchor(anchor)
        store.anchor.countdown = countdown
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(store.engine, name, countdown.step)
        for n in range(WORKS):
            with store.writing("process:mortal", T0) as work:
                id_ = f"{steps}-{n}"
                work.save(case(f"c{id_}", f"a{id_}"), action="case.opened")
                work.save(decision(f"d{id_}", f"label-studio:{id_}"), action="decision.received")
                work.events.emit("laid", SubjectKind.ACCOUNT, f"a{id_}", {}, at=T0)
            confirm.send(id_)


def test_a_writer_killed_at_every_step(store: Store, store_url: str, anchor_path: Path) -> None:
    confirmed: set[str] = set()
    deaths = 0
    for steps in count(1):
        receive, send = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=write, args=(store_url, anchor_path, steps, send))
        writer.start()
        send.close()
        try:
            while True:
                confirmed.add(receive.recv())
        except EOFError:
            writer.join(30)
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        deaths += 1
    assert deaths > 15 * WORKS
    with store.reading() as work:
        cases = {one.id.removeprefix("c") for one in work.cases.find()}
        assert cases == {one.id.removeprefix("d") for one in work.decisions.find()}
        told = work.events.after(0, limit=10_000)
        assert cases == {one.subject_id.removeprefix("a") for one in told}
        assert len(told) == len(cases)
    assert confirmed <= cases
    report = verify(store)
    assert report.problems == ()
    assert report.rows == 2 * len(cases)
    # Some died between their commit and its line: the later ones bear the witness.
    assert 0 < report.unfinished < deaths


@pytest.mark.parametrize("last", [True, False])
def test_a_death_between_commit_and_line_is_no_tampering(store: Store, last: bool) -> None:
    with store.writing("person:ada", T0) as work:
        work.save(case("c1", "a1"), action="case.opened")
    lines = store.anchor.path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 2
    store.anchor.path.write_bytes(lines[0])
    if not last:
        with store.writing("person:ada", T0) as work:
            work.save(case("c2", "a2"), action="case.opened")
    assert verify(store).problems == ()
    assert verify(store).unfinished == int(last)
