"""A kill -9 at any moment of an ingest leaves a readable lake, and the next ingest completes it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake import ingest
from intake.items import Kind
from intake.lake import Lake

from .conftest import Write

ROOT = Path(__file__).resolve().parents[2]

# Each point gets a process of its own (forked from one that has imported already), which kills
# itself just before its n-th rename: the renames are what makes a step visible, and between one
# and the next there is nothing on the disk but a partial file.
AT_EVERY_RENAME = """
import os, signal, sys
from pathlib import Path
from intake import ingest
from intake.lake import Lake

ingest.BATCH_ROWS = 10
real = Path.replace

def child(folder, point):
    calls = 0
    def replace(self, target):
        nonlocal calls
        calls += 1
        if calls == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, target)
    Path.replace = replace
    Lake(folder).ingest([Path(sys.argv[2])])

for point in range(1, 100):
    folder = Path(sys.argv[1]) / str(point)
    pid = os.fork()
    if not pid:
        child(folder, point)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        break
    print(folder, flush=True)
"""
ONCE = """
import sys
from pathlib import Path
from intake import ingest
from intake.lake import Lake

ingest.BATCH_ROWS = 100
print("ready", flush=True)
Lake(Path(sys.argv[1])).ingest([Path(sys.argv[2])])
"""


def _csv(count: int) -> str:
    rows = (
        f"{at % (count - 2)},u{at % 5},post {at},{'2018-02-30' if at % 9 == 0 else ''}\n"
        for at in range(count)
    )
    return "post_id,account_id,text,created_at\n" + "".join(rows)


def _assert_same(killed: Lake, whole: Lake) -> None:
    assert list(killed.posts()) == list(whole.posts())
    assert killed.rejects() == whole.rejects()
    assert killed.counts() == whole.counts()
    for folder, kind in (("posts", Kind.POSTS), ("commits", None)):
        files = {file.name for file in (killed.folder / folder).iterdir()}
        assert files == {file.name for file in (whole.folder / folder).iterdir()}
        if kind:
            assert files == {part.path.name for part in killed.parts_after(kind=kind)}


def _readable(lake: Lake) -> None:
    assert len(list(lake.posts())) == lake.counts()["posts"]
    assert len(lake.rejects()) == lake.counts()["rejects"]


def test_a_kill_at_every_rename(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("posts.csv", _csv(25))
    command = [sys.executable, "-c", AT_EVERY_RENAME, str(tmp_path / "killed"), str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    folders = [Path(line) for line in done.stdout.splitlines()]
    monkeypatch.setattr(ingest, "BATCH_ROWS", 10)
    whole = Lake(tmp_path / "whole")
    expected = whole.ingest([path]).files[0]
    # Three batches of posts, rejects and the commit.
    assert len(folders) == 3 * 3
    for folder in folders:
        _readable(Lake(folder))
        completed = Lake(folder).ingest([path]).files[0]
        assert completed == expected
        _assert_same(Lake(folder), whole)


def test_kills_at_any_time(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("posts.csv", _csv(1_600))
    folder = tmp_path / "killed"
    seeded = random.Random(2)
    heads = [0]
    for _ in range(3):
        goal = heads[-1] + seeded.randint(1, 4)
        with subprocess.Popen(
            [sys.executable, "-c", ONCE, str(folder), str(path)], cwd=ROOT, stdout=subprocess.PIPE
        ) as worker:
            assert worker.stdout is not None
            worker.stdout.readline()
            for _ in _until(60):
                if Lake(folder).head() >= goal:
                    break
            time.sleep(seeded.uniform(0, 0.05))
            os.kill(worker.pid, signal.SIGKILL)
        _readable(Lake(folder))
        heads.append(Lake(folder).head())
    assert heads == sorted(set(heads)), "each worker went on where the one before was killed"
    monkeypatch.setattr(ingest, "BATCH_ROWS", 100)
    whole = Lake(tmp_path / "whole")
    expected = whole.ingest([path])
    assert Lake(folder).ingest([path]).total == expected.total
    _assert_same(Lake(folder), whole)


def _until(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.005)
