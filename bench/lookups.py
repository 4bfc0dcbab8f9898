"""Look-ups over HTTP, with a million accounts and 100,000 restrictions, while posts are scored.

    python -m bench.lookups [--accounts 1000000] [--restrictions 100000] [--seconds 20]

Singles come at 150 a second (open loop: a late answer delays no other request), half of them to a
route that asks nothing of the store, in the same seconds. Batches of 100 are asked by two callers
in a closed loop. Client, service and models share the machine's cores. At the end it says where the
time of a batch goes, step by step, in one process.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

import aiohttp
from pydantic import SecretStr

from casework.installation import prepare
from casework.office import opened
from policy.restrictions import Restriction
from policy.settings import Settings
from policy.statements import Found, state_reasons
from policy.words import RestrictionKind, SubjectKind, Surface
from serving.launch import launch
from store import tables
from store.documents import write_document
from store.shelves import RESTRICTIONS, STATEMENTS
from tests.servers import free_port
from tests.serving.values import restriction

KEY = "concert_a-key-of-the-bench-alone"
RATE = 150
BATCH = 100
SEED = 20261122
KINDS = (
    RestrictionKind.LIMIT_SEARCH,
    RestrictionKind.LIMIT_REPLIES,
    RestrictionKind.LIMIT_TIMELINES,
)


def fill(settings: Settings, accounts: int, restrictions: int) -> None:
    """Put rows straight into the tables: the audit log is not what is measured here."""
    now = datetime.now(UTC)
    with opened(settings) as office:
        engine = office.store.engine

        def put(table: Any, rows: list[dict[str, Any]]) -> None:
            with engine.begin() as connection:
                connection.execute(table.insert(), rows)

        for start in range(0, accounts, 50_000):
            put(
                tables.associations,
                [
                    {
                        "id": f"account_{n}|g",
                        "version": 1,
                        "doc": "{}",
                        "account_id": f"account_{n}",
                        "group_id": "g",
                        "at": now,
                        "probability": 0.1,
                        "lane": "dismiss",
                    }
                    for n in range(start, min(start + 50_000, accounts))
                ],
            )
        for start in range(0, restrictions, 10_000):
            made = [_restriction(n, accounts, now) for n in range(start, start + 10_000)]
            put(
                tables.restrictions,
                [
                    {
                        "id": one.id,
                        "version": 1,
                        "doc": write_document(one),
                        **RESTRICTIONS.row(one, now),
                    }
                    for one in made
                ],
            )
            stated = [
                state_reasons(one, statement_id=f"s_{one.id}", notice_at=now, found=Found.MACHINE)
                for one in made
            ]
            put(
                tables.statements,
                [
                    {
                        "id": one.id,
                        "version": 1,
                        "doc": write_document(one),
                        **STATEMENTS.row(one, now),
                    }
                    for one in stated
                ],
            )


def _restriction(n: int, accounts: int, now: datetime) -> Restriction:
    """Three kinds for one account, so that a third as many accounts are limited; spread evenly."""
    account = (n // len(KINDS)) * 29 % accounts
    return restriction(
        f"r_{n}",
        f"account_{account}",
        KINDS[n % len(KINDS)],
        starts_at=now - timedelta(days=1),
        expires_at=now + timedelta(days=30),
    )


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed, in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


class Bench:
    """A caller of the service."""

    def __init__(self, url: str, accounts: int, seconds: float, processes: dict[str, int]) -> None:
        self.url = url
        self.processes = processes
        self.accounts = accounts
        self.seconds = seconds
        self.random = random.Random(SEED)
        self.scored = 0
        self.session: aiohttp.ClientSession

    async def run(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {KEY}"}
        # Shorter than the service keeps idle connections, or one that it just closed is used again.
        connector = aiohttp.TCPConnector(limit=200, keepalive_timeout=2.0)
        async with aiohttp.ClientSession(self.url, headers=headers, connector=connector) as session:
            self.session = session
            await self._batches(1.0)
            found: dict[str, Any] = {"quiet": await self._measured()}
            stop = asyncio.Event()
            scoring = asyncio.create_task(self._score(stop))
            await asyncio.sleep(2)
            found["while posts are scored"] = await self._measured()
            stop.set()
            await scoring
            found["posts scored"] = self.scored
            return found

    async def _measured(self) -> dict[str, Any]:
        before = self.scored
        singles = await self._singles()
        batches = await self._batches(self.seconds)
        return {**singles, **batches, "posts scored meanwhile": self.scored - before}

    async def _singles(self) -> dict[str, Any]:
        """Alternately a look-up and a no-op, each at RATE a second, on one clock."""
        taken: dict[str, list[float]] = {"look-up": [], "no-op": []}
        began = time.perf_counter()

        async def ask(what: str, at: float) -> None:
            account = self.random.randrange(self.accounts)
            path = f"/v1/restrictions/accounts/account_{account}?surface=search"
            async with self.session.get(path if what == "look-up" else "/v1/me") as answer:
                await answer.read()
                assert answer.status == 200, answer.status
            taken[what].append(time.perf_counter() - began - at)

        asked = []
        for n in range(int(self.seconds * RATE)):
            for half, what in enumerate(taken):
                at = (n + half / 2) / RATE
                await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
                asked.append(asyncio.create_task(ask(what, at)))
        await asyncio.gather(*asked)
        told = {
            what: {
                "requests": len(values),
                "p50_ms": round(percentile(values, 0.50), 2),
                "p99_ms": round(percentile(values, 0.99), 2),
            }
            for what, values in taken.items()
        }
        ratio = told["look-up"]["p99_ms"] / told["no-op"]["p99_ms"]
        return {**told, "p99 ratio": round(ratio, 2)}

    async def _batches(self, seconds: float) -> dict[str, Any]:
        done = 0
        before = {name: self._spent(name) for name in self.processes}
        until = time.perf_counter() + seconds
        began = time.perf_counter()

        async def ask() -> None:
            nonlocal done
            while time.perf_counter() < until:
                ids = [f"account_{self.random.randrange(self.accounts)}" for _ in range(BATCH)]
                body = {"accounts": ids, "surface": "search"}
                async with self.session.post("/v1/restrictions/lookup", json=body) as answer:
                    await answer.read()
                    assert answer.status == 200, answer.status
                done += BATCH

        await asyncio.gather(ask(), ask())
        rate = round(done / (time.perf_counter() - began))
        spent = {name: round(self._spent(name) - at, 2) for name, at in before.items()}
        return {"look-ups/s in batches": rate, "batches": done // BATCH, "cpu_s": spent}

    def _spent(self, name: str) -> float:
        """Seconds of processor time that a process has used so far."""
        stat = Path(f"/proc/{self.processes[name]}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    async def _score(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            posts = [
                {"id": str(n), "text": f"{time.time_ns()} {n} the library opens again " * 6}
                for n in range(16)
            ]
            async with self.session.post("/score_posts", json={"posts": posts}) as answer:
                await answer.read()
                self.scored += 16 if answer.status == 200 else 0


def breakdown(settings: Settings, accounts: int) -> dict[str, float]:
    """Microseconds for each step of a batch, in one process, without HTTP."""
    from serving.standing import StandingRestrictions
    from serving.v1 import lookups

    now = datetime.now(UTC)
    chance = random.Random(SEED)
    rounds = 200
    batches = [
        [f"account_{chance.randrange(accounts)}" for _ in range(BATCH)] for _ in range(rounds)
    ]
    took: dict[str, float] = {}

    def timed(name: str, do: Callable[[int], Any]) -> None:
        # The processor's time, not the wall's: others may be at work beside us.
        began = time.process_time()
        for at in range(rounds):
            do(at)
        took[name] = round((time.process_time() - began) / rounds * 1e6)

    with opened(settings) as office:
        register = StandingRestrictions(office.store)
        bodies = [json.dumps({"accounts": ids, "surface": "search"}) for ids in batches]
        timed("read the body", lambda at: lookups.Wanted.model_validate_json(bodies[at]))
        found: list[Any] = [None] * rounds

        def look(at: int) -> None:
            found[at] = register.look_up(SubjectKind.ACCOUNT, set(batches[at]), now).found

        timed("ask the store", look)
        took["restrictions found"] = mean(sum(len(laid) for laid in one.values()) for one in found)
        timed(
            "find the statements, first time",
            lambda at: register.statement_ids(r for laid in found[at].values() for r in laid),
        )
        told = [register.statement_ids(r for laid in one.values() for r in laid) for one in found]
        timed(
            "put the answers together",
            lambda at: {
                id_: lookups.answer(laid, Surface.SEARCH, now, told[at])
                for id_, laid in found[at].items()
            },
        )
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--restrictions", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="concert-bench-") as folder:
        home = Path(folder) / "home"
        settings = Settings(
            home=home, port=free_port(), api_key=SecretStr(KEY), rate_limit=0, _env_file=None
        )
        prepare(settings)
        began = time.perf_counter()
        fill(settings, given.accounts, given.restrictions)
        print(f"filled in {time.perf_counter() - began:.0f} s")
        print(json.dumps({"where a batch's time goes, µs": breakdown(settings, given.accounts)}))
        what = launch(settings, env=os.environ)
        with (home / "service.log").open("wb") as log:
            process = subprocess.Popen(
                what.command,
                cwd=what.folder,
                env=dict(what.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            url = f"http://{settings.host}:{settings.port}"
            asyncio.run(_ready(url))
            load = os.getloadavg()[0]
            found = asyncio.run(
                Bench(url, given.accounts, given.seconds, _processes(process.pid)).run()
            )
            print(json.dumps({"load before": round(load, 1), **found}, indent=2))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _processes(pid: int) -> dict[str, int]:
    """The processes whose time is told apart: the front, the models, and the caller itself."""
    found = {"caller": os.getpid()}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if b"--service-name" in words:
            found["models" if b"Scoring" in words else "front"] = int(child)
    return found


async def _ready(url: str) -> None:
    until = time.monotonic() + 180
    async with aiohttp.ClientSession(url) as session:
        while time.monotonic() < until:
            try:
                async with session.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.5)
    raise SystemExit("the service is not ready; its log says why")


if __name__ == "__main__":
    main()
