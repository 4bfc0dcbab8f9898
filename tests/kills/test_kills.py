"""Kill -9 of the reconciler and of Label Studio: nothing is lost, doubled, or done twice.

A few points of each, so that it fits beside all other tests; bench/kills.py does 50 of each.
"""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from labeling.server import LocalServer
from tests.kills.world import World

pytestmark = pytest.mark.server

ACCOUNTS = tuple(f"made_up_{number}" for number in range(12))

# Both sides of the first commits (binding and deciding) and of requests to Label Studio.
POINTS = (
    "after-request:4",
    "before-commit:1",
    "after-commit:1",
    "before-commit:2",
    "after-commit:3",
    "before-request:6",
)


@pytest.fixture
def world(tmp_path: Path, label_studio: LocalServer) -> Iterator[World]:
    # Another Concert's tasks may lie beside ours: which is as it may be in a team's Label Studio.
    made = World(tmp_path / "home", label_studio, ACCOUNTS)
    yield made
    made.close()


def test_kills_lose_and_double_nothing(world: World) -> None:
    rng = random.Random(7)
    reached = 0
    for point in POINTS:
        process = world.run("review", "sync", "--watch", at=point)
        reached += world.until_dead(process, within_s=20)
        world.review(rng, most=2)
    assert reached >= len(POINTS) - 1

    for wait_s in (0.4, 1.1):
        process = world.run("review", "sync", "--watch")
        world.review(rng)
        world.until_dead(process, within_s=wait_s)
        world.kill_label_studio()

    world.settle("review", "sync")
    assert world.answered
    assert world.faults() == []
    assert world.task_faults() == []


def test_killed_service_takes_each_decision_once(world: World) -> None:
    rng = random.Random(11)
    for point in ("before-commit:1", "after-commit:2"):
        process = world.serve(at=point)
        for case_id in world.waiting():
            if not world.decide(case_id, rng.choice(["associated", "not_associated"])):
                world.interrupted += 1
                break
        # BentoML would start its worker again; the whole service is killed with it.
        world.kill_service(process)
    assert world.interrupted == 2

    process = world.serve()
    for case_id in world.waiting():
        assert world.decide(case_id, "not_associated")
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(30) == 0
    assert world.faults() == []
