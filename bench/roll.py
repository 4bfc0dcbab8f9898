"""The rolling pass at size: a million accounts of which some posted anew, and kills in the midst.

    python -m bench.roll [--accounts 1000000] [--changed 0.01]
    python -m bench.roll --accounts 100000 --kills 5

Without --kills it times one pass by its parts, once what is new was embedded. With --kills every
account is new; the pass is killed at boundaries of its commits, goes on, and what came of it is
held against a pass that nobody killed: exit code 1 and a list if anything was lost or doubled.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from casework.measure import measure
from casework.office import Office, opened
from casework.roll import roll
from intake.items import Kind
from policy.settings import Settings
from store.audit import verify
from store.work import Writing
from tests.kills.world import ROOT, SITE
from tests.life.world import GROUP, dossier, grave, questions
from tests.life.year import CALLS, OTHERS

MEMBERS = 0.002
"""Of all accounts, so many speak as the group does."""
KNOWN = 60
TEXTS = 200


def build(home: Path, accounts: int) -> None:
    """An installation with a designated group and a lake of accounts that posted once or thrice."""
    with opened(_settings(home)) as office:
        _found(office)
        _ingest(office, "first", range(accounts))


def _settings(home: Path) -> Settings:
    # The brake is not what is measured here.
    return Settings(home=home, brake_accounts=10_000_000, _env_file=None)


def _found(office: Office) -> None:
    from casework import designate
    from casework.assess import assess
    from casework.dossier import save_findings, save_groups, save_incidents

    now = office.now()
    group, finding = dossier(now)
    told = group.model_dump(mode="json") | {
        "members": [f"host{number}" for number in range(8)],
        "narratives": ["Flood her replies until she quits the paper and leaves the harbour."],
        "hashtags": ["quaywatch"],
        "decisions": [
            {"account_id": f"known{number}", "member": number < KNOWN - 5}
            for number in range(KNOWN)
        ],
    }
    save_groups(office, [type(group).model_validate(told)], actor="person:ana")
    save_findings(office, [finding], actor="person:ana")
    save_incidents(office, grave(now, 1), actor="person:ana")
    made = assess(office, GROUP, actor="person:ana", questions=questions())
    proposed = designate.propose_designation(office, made.id, actor="model:policy")
    designate.designate(
        office,
        proposed.id,
        questions(),
        by="person:ana",
        reason="as the file shows",
        seconded_by="person:ben",
    )
    members = [f"host{number}" for number in range(8)]
    members += [f"known{number}" for number in range(KNOWN - 5)]
    _ingest_posts(office, "known", [(one, True, 4) for one in members])
    others = [f"known{number}" for number in range(KNOWN - 5, KNOWN)]
    _ingest_posts(office, "others", [(one, False, 4) for one in others])


def _ingest(office: Office, name: str, numbers: range) -> None:
    rng = random.Random(name)
    rows = []
    for number in numbers:
        # Spread over all, so that what is new lies everywhere.
        member = number % round(1 / MEMBERS) == 0
        rows.append((f"a{number:07}", member, 4 if member else rng.choice((1, 1, 3))))
    _ingest_posts(office, name, rows)


def _ingest_posts(office: Office, name: str, rows: list[tuple[str, bool, int]]) -> None:
    rng = random.Random(name)
    now = office.now()
    columns: dict[str, list[object]] = {
        column: [] for column in ("post_id", "account_id", "text", "created_at", "lang")
    }
    for account, member, posts in rows:
        texts = CALLS if member else OTHERS
        for number in range(posts):
            columns["post_id"].append(f"{name}-{account}-{number}")
            columns["account_id"].append(account)
            columns["text"].append(texts[number % len(texts)].format(n=rng.randint(1, TEXTS)))
            columns["created_at"].append(now - timedelta(minutes=rng.randint(1, 600)))
            columns["lang"].append("en")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.parquet"
        pq.write_table(pa.table(columns), path)
        report = office.lake.ingest([path])
    assert not report.errors, report.errors
    assert report.tallies[Kind.POSTS].rejected == 0


def time_pass(home: Path, accounts: int, changed: float) -> None:
    """Time one pass over what is new, beside a lake of all."""
    begun = time.monotonic()
    build(home, accounts)
    _say(f"{accounts} accounts ingested", begun)
    with opened(_settings(home)) as office:
        begun = time.monotonic()
        measured = measure(office, GROUP, None)
        assert measured is not None
        with office.store.reading() as work:
            [designation] = work.designations.find()

        # As if a pass over everybody had ended here.
        def done(work: Writing) -> None:
            work.cursors.set(f"roll.group.{designation.id}", measured.basis.model_dump_json())
            work.cursors.set("roll.screened", str(office.lake.head()))

        office.store.transact(done, actor="system:bench", now=office.now())
        _say("yardstick made", begun)
        begun = time.monotonic()
        step = max(1, round(1 / changed))
        _ingest(office, "second", range(0, accounts, step))
        _say(f"{len(range(0, accounts, step))} accounts posted anew", begun)
        begun = time.monotonic()
        texts = {one.text: one for one in office.lake.posts(after=measured.basis.head)}
        from models.text import normalise

        office.models.association.encoder.encode([normalise(text) for text in sorted(texts)])
        office.models.harm.score(list(texts.values()))
        _say(f"{len(texts)} different texts embedded", begun)
        begun = time.monotonic()
        report = roll(office)
        _say(
            f"the pass: {report.accounts} accounts measured ({_counts(report.outcomes)}), "
            f"{report.posts} posts screened",
            begun,
        )
        begun = time.monotonic()
        roll(office)
        _say("a second pass that finds nothing new", begun)


def kill_passes(home: Path, accounts: int, kills: int, seed: int) -> list[str]:
    """Kill passes over accounts that are all new; what was lost or doubled."""
    build(home / "whole", accounts)
    shutil.copytree(home / "whole", home / "killed")
    begun = time.monotonic()
    whole = _rolled(home / "whole", [])
    _say(f"a whole pass: {len(whole)} results", begun)
    rng = random.Random(seed)
    points = [
        f"{rng.choice(['before', 'after'])}-commit:{rng.randint(5, max(6, accounts // 500))}"
        for _ in range(kills)
    ]
    begun = time.monotonic()
    killed = _rolled(home / "killed", points)
    _say(f"{kills} kills at {', '.join(points)}, then a whole pass", begun)
    return [f"only without kills: {one}" for one in sorted(whole - killed)] + [
        f"only with kills: {one}" for one in sorted(killed - whole)
    ]


def _rolled(home: Path, points: list[str]) -> set[str]:
    environment = {
        **os.environ,
        "CONCERT_HOME": str(home),
        "CONCERT_SECRET": "x" * 32,
        "CONCERT_BRAKE_ACCOUNTS": "10000000",
    }
    for at in [*points, ""]:
        killing = {"KILL_AT": at, "PYTHONPATH": str(SITE)} if at else {}
        subprocess.run(
            [sys.executable, "-m", "cli", "roll"],
            cwd=ROOT,
            env=environment | killing,
            start_new_session=True,
            check=not at,
        )
    with opened(_settings(home)) as office:
        with office.store.reading() as work:
            found = Counter(
                [f"case {one.kind} {one.subject_id} {one.rule}" for one in work.cases.find()]
                + [
                    f"restriction {one.kind} {one.subject_id} {one.cause.rule}"
                    for one in work.restrictions.find()
                ]
                + [
                    f"association {one.account_id} {one.lane} {one.probability:.9f}"
                    for one in work.associations.find()
                ]
            )
        problems = [str(problem) for problem in verify(office.store).problems]
    doubled = [f"{what} {count} times" for what, count in found.items() if count > 1]
    return {*found, *doubled, *problems}


def _counts(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in outcomes.items() if count)


def _say(what: str, begun: float) -> None:
    print(f"{time.monotonic() - begun:8.1f} s  {what}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--changed", type=float, default=0.01)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="concert-roll-") as name:
        if not chosen.kills:
            time_pass(Path(name) / "home", chosen.accounts, chosen.changed)
            return 0
        faults = kill_passes(Path(name), chosen.accounts, chosen.kills, chosen.seed)
    print("\n".join(faults) or "Nothing was lost or doubled.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
