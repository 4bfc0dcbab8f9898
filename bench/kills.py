"""Kill -9 of the reconciler, Label Studio, the service and the rolling pass, at seeded points.

    python -m bench.kills [--points 50] [--seed 1] [--only reconciler|label-studio|service|roll]

Every boundary of a commit is among the points of reconciler and service. After each part the store
is held against the reviewer's own notes: exit code 1 and a list if anything was lost or doubled.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from casework import example
from casework.office import opened
from labeling.server import LocalServer
from policy.settings import Settings
from store.audit import verify
from tests.kills.world import ROOT, SITE, World
from tests.servers import LABEL_STUDIO, free_port


def boundaries(points: int, *, commits: int, requests: int) -> list[str]:
    """Both sides of every commit and request, over and over, until there are enough."""
    each = [
        f"{side}-{what}:{number}"
        for what, most in (("commit", commits), ("request", requests))
        for number in range(1, most + 1)
        for side in ("before", "after")
    ]
    return [each[at % len(each)] for at in range(points)]


def kill_reconciler(world: World, points: int, rng: random.Random) -> int:
    """Kills that came at their boundary; the others came 15 s after the start."""
    reached = 0
    for at in boundaries(points, commits=8, requests=12):
        process = world.run("review", "sync", "--watch", at=at)
        world.review(rng)
        reached += world.until_dead(process, within_s=15)
        _tick(at)
    return reached


def kill_label_studio(world: World, points: int, rng: random.Random) -> int:
    """Label Studio dies at a random time while the reconciler works and a reviewer answers."""
    process = world.run("review", "sync", "--watch")
    for number in range(points):
        world.review(rng)
        time.sleep(rng.uniform(0.0, 2.0))
        world.kill_label_studio()
        _tick(str(number))
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)
    return points


def kill_service(world: World, points: int, rng: random.Random) -> int:
    """Calls that were cut off by the death of the service; each was asked again later."""
    for at in boundaries(points, commits=5, requests=0):
        process = world.serve(at=at)
        for case_id in world.waiting():
            if not world.decide(case_id, rng.choice(["associated", "not_associated"])):
                world.interrupted += 1
                break
        world.kill_service(process)
        _tick(at)
    # Whoever got no answer asks again, also after the last kill.
    process = world.serve()
    for case_id in [one for one in world.waiting() if one in world.asked]:
        world.decide(case_id, world.asked[case_id])
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)
    return world.interrupted


def _tick(what: str) -> None:
    print(what, end=" ", flush=True)


_PARTS: dict[str, Callable[[World, int, random.Random], int]] = {
    "reconciler": kill_reconciler,
    "label-studio": kill_label_studio,
    "service": kill_service,
}


def run(part: str, points: int, seed: int) -> list[str]:
    """Kill one part; everything that was lost or doubled."""
    accounts = tuple(f"made_up_{number}" for number in range(5 * points))
    with tempfile.TemporaryDirectory(prefix="concert-kills-") as name:
        folder = Path(name)
        with LocalServer(LABEL_STUDIO, folder / "label-studio", free_port()) as server:
            world = World(folder / "home", server, accounts)
            begun = time.monotonic()
            reached = _PARTS[part](world, points, random.Random(seed))
            world.settle("review", "sync")
            faults = world.faults() + world.task_faults()
            print(
                f"\n{part}: {points} kills, {reached} of them at their point, "
                f"{len(world.answered)} answers, {len(faults)} faults, "
                f"{time.monotonic() - begun:.0f} s"
            )
            world.close()
    return faults


def run_roll(points: int) -> list[str]:
    """Kill rolling passes, and hold what came of them against a pass that nobody killed."""
    with tempfile.TemporaryDirectory(prefix="concert-kills-") as name:
        begun = time.monotonic()
        whole = _rolled(Path(name) / "whole", [])
        killed = _rolled(Path(name) / "killed", boundaries(points, commits=points, requests=0))
        print(f"\nroll: {points} kills, {len(whole)} results, {time.monotonic() - begun:.0f} s")
    return [f"only without kills: {one}" for one in sorted(whole - killed)] + [
        f"only with kills: {one}" for one in sorted(killed - whole)
    ]


def _rolled(home: Path, kills: list[str]) -> set[str]:
    """What rolling passes over the example came to, in words without ids and times."""
    settings = Settings(home=home, _env_file=None)
    environment = {**os.environ, "CONCERT_HOME": str(home), "CONCERT_SECRET": "x" * 32}
    with opened(settings) as office:
        example.load(office)
        for at in [*kills, ""]:
            killing = {"KILL_AT": at, "PYTHONPATH": str(SITE)} if at else {}
            with (home / "roll.log").open("ab") as log:
                subprocess.run(
                    [sys.executable, "-m", "cli", "roll"],
                    cwd=ROOT,
                    env=environment | killing,
                    start_new_session=True,
                    check=not at,
                    stdout=log,
                    stderr=log,
                )
            _tick(at or "whole")
        with office.store.reading() as work:
            cases = Counter(
                f"case {one.kind} {one.subject_id} {one.rule} blind={one.blind}"
                for one in work.cases.find()
            )
            limits = Counter(
                f"restriction {one.kind} {one.subject_id} {one.cause.rule}"
                for one in work.restrictions.find()
            )
        problems = [str(problem) for problem in verify(office.store).problems]
    doubled = [f"{what} {count} times" for what, count in (cases + limits).items() if count > 1]
    return {*cases, *limits, *doubled, *problems}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*_PARTS, "roll"])
    chosen = parser.parse_args()
    found = [
        fault
        for part in _PARTS
        if chosen.only in (None, part)
        for fault in run(part, chosen.points, chosen.seed)
    ]
    if chosen.only in (None, "roll"):
        found += run_roll(chosen.points)
    print("\n".join(found) or "Nothing was lost, doubled or done twice.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
