"""False findings and power of `coordination.detect`, measured on real posts.

    python bench/coordination_findings.py crowds   SHARED [--window 60]
    python bench/coordination_findings.py permuted SHARED [--runs 100]
    python bench/coordination_findings.py planted  SHARED [--window 3600]

SHARED is the folder of real data (data/*.parquet, oracle/coordination). `crowds` prints every
group found in crowds that share a topic or an event; `permuted` counts runs with any finding when
times are shuffled; `planted` puts campaigns into real traffic and tells precision and recall.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from coordination.detect import detect
from coordination.result import DetectReport

POSTS = {
    "post_id": "post_id",
    "account_id": "author",
    "text": "content",
    "created_at": "publish_date",
}
SHARES = {
    "object": "object_id", "account": "account_id", "post": "content_id", "time": "timestamp_share",
}  # fmt: skip
LAYERS = ("repost", "text", "url", "hashtag_sequence")
CROWDS = {
    "cricket": ("control_posts", "Control_IPLcricket"),
    "debate": ("control_posts", "Control_GOPdebate"),
    "ISIS-topic": ("control_posts", "Control_ISIStopic"),
    "Congress": ("control_congress_posts", "Control_Congress"),
}


def _crowd(shared: Path, name: str) -> pa.Table:
    file, group = CROWDS[name]
    return duckdb.sql(
        "select post_id, author, content, publish_date from read_parquet($file) "
        'where "group" = $group',
        params={"file": str(shared / "data" / f"{file}.parquet"), "group": group},
    ).to_arrow_table()


def _run(
    table: pa.Table, fields: dict[str, str], on: tuple[str, ...], window: float
) -> DetectReport:
    with tempfile.TemporaryDirectory() as out:
        return detect(
            table, on=on, window=timedelta(seconds=window), out=out, fields=fields, threads=1
        )


def crowds(shared: Path, window: float) -> None:
    for name in CROWDS:
        begin = time.perf_counter()
        report = _run(_crowd(shared, name), POSTS, LAYERS, window)
        print(
            f"{name}: {report.actions} actions, {report.accounts} accounts, {report.tested} pairs "
            f"tested, {report.significant} beyond chance, {len(report.concert)} findings, "
            f"{time.perf_counter() - begin:.0f} s",
            flush=True,
        )
        for finding in report.concert:
            print(
                f"  {finding.kind} {finding.rule} {len(finding.account_ids)} accounts, "
                f"{'+'.join(finding.layers)}, {finding.pair_count} pairs, q {finding.q:.2g}, "
                f"{finding.started:%Y-%m-%d %H:%M} to {finding.ended:%Y-%m-%d %H:%M}"
            )


def permuted(shared: Path, window: float, runs: int) -> None:
    """Times shuffled within each object, and over the whole table, in turn."""
    path = shared / "oracle/coordination/russian_coord_tweets.csv.gz"
    shares = duckdb.sql(f"select * from read_csv('{path}') order by object_id").to_arrow_table()
    object_ = np.unique(shares["object_id"].to_pylist(), return_inverse=True)[1]
    times = shares["timestamp_share"].to_numpy()
    hit = {"within objects": 0, "over all rows": 0}
    edges = dict.fromkeys(hit, 0)
    for run in range(runs):
        rng = np.random.default_rng(run)
        for how in hit:
            group = object_ if how == "within objects" else np.zeros_like(object_)
            by_object = np.argsort(group, kind="stable")
            drawn = np.lexsort((rng.random(len(group)), group))
            mixed = times.copy()
            mixed[by_object] = times[drawn]
            table = shares.set_column(3, "timestamp_share", pa.array(mixed))
            report = _run(table, SHARES, (), window)
            hit[how] += bool(report.concert)
            edges[how] += bool(report.significant)
        print(f"after {run + 1} runs: findings {hit}, any edge beyond chance {edges}", flush=True)


def planted(shared: Path, window: float) -> None:
    """Campaigns of copied texts put into the cricket and debate crowds, members posting cover.

    Accounts found without any campaign count neither way: `crowds` lists them to be read.
    """
    crowd = pa.concat_tables([_crowd(shared, "cricket"), _crowd(shared, "debate")])
    rows = crowd.to_pylist()
    bare = _run(crowd, POSTS, ("text",), window)
    known = {name for one in bare.concert for name in one.account_ids}
    print(f"without a campaign: {len(known)} accounts in {len(bare.concert)} findings", flush=True)
    for size in (5, 20, 60):
        for spread in (30, 600, 3600, 86_400):
            rng = np.random.default_rng([size, spread])
            mine = _campaign(rows, size, spread, rng)
            report = _run(pa.Table.from_pylist(rows + mine), POSTS, ("text",), window)
            members = {f"planted-{i}" for i in range(size)}
            named = {name for one in report.concert for name in one.account_ids} - known
            found = len(named & members)
            precision = found / len(named) if named else float("nan")
            print(
                f"{size} accounts within {spread} s: recall {found / size:.2f}, precision "
                f"{precision:.2f} ({len(named - members)} others)",
                flush=True,
            )


def _campaign(
    rows: list[dict[str, object]], size: int, spread: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Eight texts, each posted by most members within `spread`, and as many posts of cover."""
    mine: list[dict[str, object]] = []
    starts = rng.choice(len(rows), 8, replace=False)
    for text, start in enumerate(starts):
        for member in range(size):
            if rng.random() < 0.8:
                when = rows[start]["publish_date"] + timedelta(
                    seconds=float(rng.uniform(0, spread))
                )
                what = f"made up slogan number {text} that every member was told to post today"
                mine.append(_post(member, len(mine), what, when))
            cover = rows[int(rng.integers(len(rows)))]
            mine.append(_post(member, len(mine), cover["content"], cover["publish_date"]))
    return mine


def _post(member: int, number: int, text: object, when: object) -> dict[str, object]:
    return {
        "post_id": f"planted-{number}", "author": f"planted-{member}", "content": text,
        "publish_date": when,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["crowds", "permuted", "planted"])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--window", type=float, help="seconds")
    parser.add_argument("--runs", type=int, default=100)
    given = parser.parse_args()
    if given.what == "crowds":
        crowds(given.shared, given.window or 60)
    elif given.what == "permuted":
        permuted(given.shared, given.window or 60, given.runs)
    else:
        planted(given.shared, given.window or 3600)


if __name__ == "__main__":
    main()
