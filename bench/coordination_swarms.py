"""Swarms: false findings, power and cost, on made-up platforms.

    python bench/coordination_swarms.py null  [--runs 60]
    python bench/coordination_swarms.py power [--runs 10]
    python bench/coordination_swarms.py cost  [--rows 1000000]

`null`: storms of strangers, the caller's fans writing to the target as ever, and calls at any time,
half of them into the storms; counts runs with any finding. `power`: a call that some of the
caller's audience answers within two hours, by how many and by the audience's share of all accounts.
`cost`: one run over so many posts with heavy tails (one target has a fifth of all acts, a twentieth
of the posts call for something), with the peak of memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from coordination.detect import detect
from coordination.findings import CoordinationFinding
from tests.coordination.swarm_world import World


def _found(world: World) -> list[CoordinationFinding]:
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        for part, table in (
            ("posts", world.table()),
            ("follows", pa.Table.from_pylist(world.follows)),
        ):
            (lake / part).mkdir(parents=True)
            pq.write_table(table, lake / part / "part.parquet")
        report = detect(
            lake, on=["swarm"], window=timedelta(minutes=1), out=Path(folder) / "out", threads=1
        )
    return list(report.concert)


def null(runs: int) -> None:
    hit = 0
    for run in range(runs):
        world = World(1000 + run, people=300)
        storms = world.rng.uniform(60, 440, 4)
        for at in storms:
            crowd = world.strangers(int(world.rng.integers(20, 120)))
            world.answers(crowd, float(at), float(world.rng.uniform(1, 8)))
        for fan in world.fans_among(25):
            at = float(world.rng.uniform(24, 480))
            world.post(fan, at, "@target hello", replied_to_account_id="target")
        for at in [*(storms + world.rng.uniform(-1, 2, 4)), *world.rng.uniform(48, 450, 4)]:
            world.call(float(at))
        found = _found(world)
        hit += bool(found)
        if found:
            print(f"run {run}: {found[0].summary}", flush=True)
    print(f"runs with any finding: {hit} of {runs}", flush=True)


def power(runs: int) -> None:
    for fans in (20, 100, 300):
        for size in (3, 5, 8, 12, 20):
            hit = 0
            for run in range(runs):
                world = World(2000 + run, people=1000, fans=fans)
                world.call(300)
                world.answers(world.fans_among(size), 300, 2)
                hit += bool(_found(world))
            print(
                f"audience {fans / 1000:.0%}, {size} answer: found in {hit} of {runs}", flush=True
            )


_POSTS = """
copy (
    select 'p' || i post_id, 'u' || (hash(i) % ({rows} // 20)) account_id,
        timestamp '2026-01-01' + to_seconds(hash(i + 1) % (30 * 86400)) created_at,
        case when hash(i + 2) % 20 = 0 then 'Everyone, tell @' || target || ' what you think'
             when hash(i + 3) % 3 = 0 then '@' || target || ' hello' else 'words of my own' end
            "text",
        case when hash(i + 4) % 5 = 0 then 'p' || (hash(i + 5) % {rows}) end reposted_post_id
    from (select i, case when hash(i + 6) % 5 = 0 then 'hot'
        else 'u' || (({rows} // 20) * power((hash(i + 7) % 100000 + 1) / 100000, 4))::bigint
        end as target
        from range({rows}) r(i))
) to '{path}' (format parquet)
"""


def cost(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.parquet"
        duckdb.execute(_POSTS.format(path=path, rows=rows))
        begin = time.perf_counter()
        report = detect(
            path, on=["swarm"], window=timedelta(minutes=1), out=Path(folder) / "out", threads=2
        )
        took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{rows} posts: {took:.1f} s, peak {peak:.2f} GiB, {len(report.concert)} findings",
        flush=True,
    )
    for finding in report.findings:
        print(f"  {finding.kind}: {finding.summary[:160]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["null", "power", "cost"])
    parser.add_argument("--runs", type=int)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.what == "null":
        null(given.runs or 60)
    elif given.what == "power":
        power(given.runs or 10)
    else:
        cost(given.rows)


if __name__ == "__main__":
    main()
