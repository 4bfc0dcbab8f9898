"""A great many open tasks: how long a pass takes when nothing changed, and when a little did.

    python -m bench.labeling [--tasks 10000]

A Label Studio of its own, a store of its own, made-up cases. Measured: creating the tasks, a pass
by watermark, a full sweep by a reconciler that knows all and by one that knows nothing yet, a pass
that finds one answer, and one that moves twenty tasks up. Exit code 1 where a pass by watermark
takes 10 s or a sweep 60 s.
"""

import argparse
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from casework import example
from casework.cases import open_case
from casework.office import Office, opened
from labeling.case_desk import CaseDesk
from labeling.reconcile import Reconciler
from labeling.report import PassReport
from labeling.server import LocalServer
from labeling.studio import Studio
from policy.cases import CaseKind, CaseState
from policy.settings import Settings
from policy.words import SubjectKind
from store.work import Writing
from tests.kills.world import GROUP
from tests.labeling.cases import ASSOCIATION_DATA, NOT_ASSOCIATED
from tests.servers import LABEL_STUDIO, free_port

PASS_S = 10.0
SWEEP_S = 60.0
_AT_ONCE = 1_000
out = Console()


def fill(office: Office, count: int) -> None:
    """Open so many cases, each on an account of its own."""

    def do(work: Writing, first: int) -> None:
        for number in range(first, min(first + _AT_ONCE, count)):
            account = f"made_up_{number}"
            open_case(
                work,
                kind=CaseKind.ASSOCIATION,
                subject_kind=SubjectKind.ACCOUNT,
                subject_id=account,
                group_id=GROUP,
                rule="routing.association.review.v1",
                evidence={**ASSOCIATION_DATA, "profile": {"account_id": account}},
            )

    for first in range(0, count, _AT_ONCE):
        office.store.transact(partial(do, first=first), actor="system:bench", now=office.now())


def answer_one(server: LocalServer, office: Office) -> None:
    """One reviewer answers one task."""
    with office.store.reading() as work:
        task = work.tasks.find(bound=True, limit=1)[0]
    connection = server.connection
    httpx.post(
        f"{connection.url}/api/tasks/{task.task_id}/annotations/",
        headers={"Authorization": f"Token {connection.token}"},
        json={"result": NOT_ASSOCIATED},
        timeout=60,
        trust_env=False,
    ).raise_for_status()


def make_urgent(office: Office, count: int) -> None:
    """So many open cases become more urgent."""

    def do(work: Writing) -> None:
        for case in work.cases.find(state=CaseState.OPEN.value, limit=count):
            work.save(case.model_copy(update={"priority": case.priority + 1}), action="case.ranked")

    office.store.transact(do, actor="system:bench", now=office.now())


def tell(what: str, report: PassReport) -> float:
    """Print one pass."""
    did = {name: value for name, value in report.told().items() if name not in ("took_s", "swept")}
    out.print(f"{what:<44}{report.took_s:>8.1f} s   {did or ''}", highlight=False)
    return report.took_s


def measure(server: LocalServer, home: Path, tasks: int) -> bool:
    """All measurements; whether both bounds were kept."""
    with opened(Settings(home=home, _env_file=None)) as office:
        example.load(office)
        begun = time.monotonic()
        fill(office, tasks)
        out.print(f"{'cases opened':<44}{time.monotonic() - begun:>8.1f} s", highlight=False)
        with closing(Studio(server.connection)) as studio:

            def anew() -> Reconciler:
                return Reconciler(CaseDesk(office), studio, owner=office.store.name)

            standing = anew()
            tell("all tasks created", standing.pass_once())
            tell("the first pass after it", standing.pass_once())
            time.sleep(31)
            idle = tell("a pass by watermark, nothing changed", standing.pass_once())
            again = tell("the next", standing.pass_once())
            fresh = anew()
            cold = tell("a full sweep that knows nothing yet", fresh.pass_once())
            fresh._swept_at = None
            warm = tell("a full sweep that knows all", fresh.pass_once())
            answer_one(server, office)
            tell("a pass that finds one answer", standing.pass_once())
            make_urgent(office, 20)
            tell("a pass that moves twenty up", standing.pass_once())
    return max(idle, again) < PASS_S and max(cold, warm) < SWEEP_S


def main() -> int:
    """Start a server, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    tasks = parser.parse_args().tasks
    with tempfile.TemporaryDirectory(prefix="concert-labeling-") as name:
        folder = Path(name)
        with LocalServer(LABEL_STUDIO, folder / "label-studio", free_port()) as server:
            kept = measure(server, folder / "home", tasks)
    out.print(
        f"{tasks:,} tasks: {'within' if kept else 'beyond'} {PASS_S:.0f} s and {SWEEP_S:.0f} s"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
