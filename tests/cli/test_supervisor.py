"""Parts are kept up, and nothing of them is left once they are stopped."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.supervisor import Part, Supervisor

# A part that starts a child of its own, as servers do, and tells both process ids.
WORKER = (
    "import os, subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(os.getpid(), child.pid, flush=True);"
    "time.sleep(600)"
)
DEAF = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(os.getpid(), flush=True); time.sleep(600)"
)


def _part(folder: Path, code: str = WORKER) -> Part:
    return Part("worker", [sys.executable, "-u", "-c", code], folder / "worker.log", {})


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child that nobody has waited for yet is gone all the same.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _until(wanted: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < until
        time.sleep(0.05)


def _pids(folder: Path, lines: int = 1) -> list[list[int]]:
    log = folder / "worker.log"
    _until(lambda: log.exists() and log.read_text().count("\n") >= lines)
    return [[int(pid) for pid in line.split()] for line in log.read_text().splitlines()]


def test_a_part_that_dies_is_started_again_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(say=said.append)
    supervisor.start(_part(tmp_path))
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        first = _pids(tmp_path)[0]
        os.kill(first[0], signal.SIGKILL)
        second = _pids(tmp_path, lines=2)[1]
        assert second[0] != first[0]
        assert "worker ended with status -9" in said[0]
        # What the dead one had started does not run on beside its successor.
        _until(lambda: not _lives(first[1]))
    finally:
        supervisor.stopping.set()
        watching.join()
        supervisor.stop()
    assert not any(_lives(pid) for pid in second)


@pytest.mark.parametrize("code", [WORKER, DEAF], ids=["polite", "deaf"])
def test_stopping_leaves_nothing(code: str, tmp_path: Path) -> None:
    supervisor = Supervisor(say=lambda _: None)
    part = _part(tmp_path, code)
    supervisor.start(part)
    pids = _pids(tmp_path)[0]
    assert part.process is not None
    supervisor.stop(patience_s=1.0)
    assert part.process.returncode is not None
    assert not any(_lives(pid) for pid in pids)
