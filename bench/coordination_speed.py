"""Time and memory of `concert detect` beside its peers, and how both grow.

    python -m bench.coordination_speed oracle SHARED [--repeat 3] [--cnt PYTHON]
    python -m bench.coordination_speed generated --rows 1000000 [--cnt PYTHON] [--peers]
    python -m bench.coordination_speed generated --rows 10000000
    python -m bench.coordination_speed generated --rows 100000000
    python -m bench.coordination_speed whole --rows 1000000 [--peers]   # with the tests

Peers: coordination-network-toolkit 1.5.2 itself, in an environment made for it (`--cnt` names the
Python of one that stands already), and CooRTweet's algorithm as `bench/coortweet.py` writes it
down. Each run is a process of its own: wall and processor seconds, and the largest resident set
of any of its processes. Generated shares: objects by a Zipf law (rank r with chance ∝ 1 / (r + 2)),
accounts likewise, times uniform over a span that makes about 3 pairs in 60 s for each row.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

TOOLKIT = "coordination-network-toolkit==1.5.2"
WINDOW = 60
PAIRS_PER_ROW = 3
FIELDS = "object=object_id,account=account_id,post=content_id,time=timestamp_share"
PLAIN = "object=object,account=account,post=post,time=time"
CONCERT = [str(Path(sys.executable).with_name("concert")), "detect"]


@dataclass(frozen=True)
class Run:
    """One process, and what it cost."""

    what: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str

    def __str__(self) -> str:
        return (
            f"{self.what:<34} {self.wall_s:8.2f} s wall {self.cpu_s:8.2f} s cpu "
            f"{self.peak_mb:8.0f} MB   {self.said}"
        )


def run(what: str, command: Sequence[str]) -> Run:
    """Run a command to its end, and print what it cost."""
    with tempfile.TemporaryFile("w+") as said:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, text=True)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = said.read().strip().splitlines() or [""]
    if process.returncode:
        raise SystemExit(f"{what} failed:\n" + "\n".join(lines[-10:]))
    done = Run(what, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, lines[-1][:90])
    print(done, flush=True)
    return done


def best(what: str, command: Sequence[str], repeat: int) -> Run:
    """The fastest of several runs: the others waited for something else."""
    return min((run(what, command) for _ in range(repeat)), key=lambda one: one.wall_s)


def toolkit(python: str | None, folder: Path) -> list[str]:
    """The command of the peer, installed into an environment of its own where none is given."""
    if python is None:
        venv.create(folder / "cnt", with_pip=True)
        python = str(folder / "cnt" / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", TOOLKIT], check=True)
    return [python, "-m", "coordination_network_toolkit"]


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of processor time: on a busy machine only the second tells."""

    wall_s: float
    cpu_s: float

    def of(self, other: Cost) -> str:
        return f"{self.wall_s / other.wall_s:.2f} (wall) {self.cpu_s / other.cpu_s:.2f} (cpu)"


def run_toolkit(peer: list[str], source: str, folder: Path, repeat: int) -> tuple[Cost, Cost]:
    """Ingest and compute, each a process: the whole, and what of it is work and not start-up."""
    table, base = folder / "cnt.csv", folder / "cnt.db"
    duckdb.sql(
        f"copy (select post as message_id, account as user_id, account as username, "
        f"object as repost_id, '' as reply_id, '' as message, time as timestamp, '' as urls "
        f"from ({source})) to '{table}' (header)"
    )
    whole = []
    for _ in range(repeat):
        base.unlink(missing_ok=True)
        ingest = run("cnt preprocess", [*peer, str(base), "preprocess", str(table)])
        options = ["--time_window", str(WINDOW), "--min_edge_weight", "1", "--n_cpus", "2"]
        compute = run("cnt compute", [*peer, str(base), "compute", "co_retweet", *options])
        whole.append((ingest.wall_s + compute.wall_s, ingest.cpu_s + compute.cpu_s))
    start = best("cnt, start alone", [*peer, "--help"], repeat)
    wall, cpu = (min(one[at] for one in whole) for at in (0, 1))
    return Cost(wall, cpu), Cost(wall - 2 * start.wall_s, cpu - 2 * start.cpu_s)


def steps(path: Path, fields: str, method: str | None) -> Cost:
    """What each step costs within one process, without start-up: a method's, or our own."""
    call = "detect(path, on=[], window=window, out=out, fields=fields, progress=tell)"
    if method is not None:
        call = (
            f"run_method(path, Method('{method}', window), out=out, fields=fields, progress=tell)"
        )
    code = (
        "import sys, json, time\n"
        "from datetime import timedelta\n"
        "from coordination.detect import detect\n"
        "from coordination.method import Method, run_method\n"
        "import ibis; ibis.duckdb.connect().disconnect()\n"
        "told, path, out, fields = [], *sys.argv[1:4]\n"
        "fields = dict(part.split('=') for part in fields.split(','))\n"
        f"window = timedelta(seconds={WINDOW})\n"
        "tell = lambda step, _: told.append((step, time.perf_counter(), time.process_time()))\n"
        f"{call}\n"
        "spent = {}\n"
        "for (step, *at), (_, *then) in zip(told, told[1:]):\n"
        "    had = spent.get(step, (0, 0))\n"
        "    spent[step] = [round(h + t - a, 3) for h, t, a in zip(had, then, at)]\n"
        "print(json.dumps(spent))"
    )
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), out, fields],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    spent: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    cost = Cost(*(sum(each[at] for each in spent.values()) for at in (0, 1)))
    print(f"steps of {method or 'the tests'} [wall, cpu]: {spent}; together {cost}", flush=True)
    return cost


def oracle(shared: Path, repeat: int, cnt: str | None) -> None:
    path = shared / "oracle/coordination/russian_coord_tweets.csv.gz"
    source = (
        "select object_id as object, account_id as account, content_id as post, "
        f"timestamp_share as time from read_csv('{path}')"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, work = run_toolkit(toolkit(cnt, folder), source, folder, repeat)
        options = ["--window", f"{WINDOW}s", "--map", FIELDS, "--out", str(folder / "out")]
        mine = {
            method: best(
                f"concert --method {method}",
                [*CONCERT, str(path), *options, "--method", method, "--json"],
                repeat,
            )
            for method in ("cnt", "coortweet")
        }
        spent = min((steps(path, FIELDS, "cnt") for _ in range(repeat)), key=lambda c: c.cpu_s)
        tested = best("concert, against chance", [*CONCERT, str(path), *options, "--json"], repeat)
        shares = folder / "shares.parquet"
        duckdb.sql(f"copy ({source}) to '{shares}' (format parquet)")
        ours = str(Path(__file__).with_name("coortweet.py"))
        best("coortweet's algorithm", [sys.executable, ours, str(shares), str(WINDOW), "2"], repeat)
    print(
        f"work: {spent} is {spent.of(work)} of the toolkit's {work} (wanted: at most 0.33)\n"
        f"whole process: {_cost(mine['cnt']).of(whole)} of the toolkit's {whole} (wanted: at most "
        f"1.5); with the tests against chance {_cost(tested).of(whole)}"
    )


def _cost(one: Run) -> Cost:
    return Cost(one.wall_s, one.cpu_s)


def generate(rows: int, path: Path) -> None:
    """Write shares (object, account, post: text; time: seconds) as Parquet, row by row the same."""
    objects, accounts = rows // 2, rows // 10
    rank = np.arange(objects) + 2.0
    chance = np.log1p(1 / rank) / np.log((objects + 2) / 2)
    span = WINDOW * rows * float((chance**2).sum()) / PAIRS_PER_ROW
    con = duckdb.connect()
    con.execute("set threads = 1")
    con.execute("select setseed(0.5)")
    con.execute(
        f"copy (select 'object-' || (2 * pow({objects / 2 + 1}, random()) - 2)::bigint as object, "
        f"'account-' || (20 * pow({accounts / 20 + 1}, random()) - 20)::bigint as account, "
        f"'post-' || range as post, 1700000000 + (random() * {span})::bigint as time "
        f"from range({rows})) to '{path}' (format parquet)"
    )
    top = con.sql(f"select count(*) n from '{path}' group by object order by n desc limit 1")
    print(f"{rows:,} rows over {span:,.0f} s; the first object has {top.fetchall()[0][0]:,}")


def generated(rows: int, cnt: str | None, peers: bool, folder: Path) -> None:
    path = folder / f"shares-{rows}.parquet"
    if not path.exists():
        generate(rows, path)
    out = ["--window", f"{WINDOW}s", "--map", PLAIN, "--out", str(folder / "out"), "--json"]
    mine = run(f"concert --method cnt, {rows:,}", [*CONCERT, str(path), *out, "--method", "cnt"])
    run(
        f"concert --method coortweet, {rows:,}",
        [*CONCERT, str(path), *out, "--method", "coortweet"],
    )
    steps(path, PLAIN, "cnt")
    if peers:
        source = f"select * from '{path}'"
        whole, _ = run_toolkit(toolkit(cnt, folder), source, folder, 1)
        print(f"the whole process takes {_cost(mine).of(whole)} of the toolkit's (wanted: 0.2)")


def whole(rows: int, cnt: str | None, peers: bool, folder: Path) -> None:
    path = folder / f"shares-{rows}.parquet"
    if not path.exists():
        generate(rows, path)
    out = ["--window", f"{WINDOW}s", "--map", PLAIN, "--out", str(folder / "out"), "--json"]
    mine = run(f"concert, against chance, {rows:,}", [*CONCERT, str(path), *out])
    steps(path, PLAIN, None)
    if peers:
        source = f"select * from '{path}'"
        other, _ = run_toolkit(toolkit(cnt, folder), source, folder, 1)
        print(f"the whole process takes {_cost(mine).of(other)} of the toolkit's (wanted: 0.2)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["oracle", "generated", "whole"])
    parser.add_argument("shared", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cnt", help="a Python that has the toolkit")
    parser.add_argument("--peers", action="store_true", help="time the toolkit as well")
    parser.add_argument("--folder", type=Path, help="keep generated data here")
    given = parser.parse_args()
    if given.what == "oracle":
        if given.shared is None:
            parser.error("oracle needs the folder of real data")
        oracle(given.shared, given.repeat, given.cnt)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if given.what == "generated":
            generated(given.rows, given.cnt, given.peers, folder)
        else:
            whole(given.rows, given.cnt, given.peers, folder)


if __name__ == "__main__":
    main()
