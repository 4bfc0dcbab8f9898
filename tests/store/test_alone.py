"""One at a time: by two stores and two processes, and free again however the holder ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

from store.alone import alone
from store.store import Store

ROOT = Path(__file__).resolve().parents[2]

_HOLDS = """
import sys, time
from pathlib import Path
from store.alone import alone
from store.store import Store

with Store.open(sys.argv[1], Path(sys.argv[2])) as store, alone(store, "tasks") as mine:
    print(mine, flush=True)
    time.sleep(600)
"""


def test_the_first_holds_it_and_the_next_gets_it_after(
    store: Store, store_url: str, anchor_path: Path
) -> None:
    with Store.open(store_url, anchor_path) as other:
        with alone(store, "tasks") as first:
            with alone(other, "tasks") as second, alone(store, "tasks") as third:
                assert (first, second, third) == (True, False, False)
            with alone(other, "events") as something_else:
                assert something_else
        with alone(other, "tasks") as again:
            assert again


def test_a_killed_holder_leaves_nothing_behind(
    store: Store, store_url: str, anchor_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, store_url, str(anchor_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline().strip() == "True"
            with alone(store, "tasks") as mine:
                assert not mine
        finally:
            holder.kill()
    # PostgreSQL hears of it from the closed connection, a moment later.
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with alone(store, "tasks") as mine:
            if mine:
                return
        time.sleep(0.05)
    raise AssertionError("the lock outlived its holder")
