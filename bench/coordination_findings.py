"""False findings and power of `coordination.detect`, measured on real posts.

    python -m bench.coordination_findings crowds   SHARED [--on repost,url] [--window 60]
    python -m bench.coordination_findings permuted SHARED [--runs 100] [--first 0] [--data shares]
    python -m bench.coordination_findings planted  SHARED [--window 3600] [--seeds 3]
    python -m bench.coordination_findings viral    SHARED [--window 3600] [--seeds 3]

SHARED is the folder of real data (data/*.parquet, oracle/coordination). `crowds` prints every
group found in crowds that share a topic or an event; `permuted` counts runs with any finding when
times are shuffled; `planted` puts campaigns into real traffic and tells precision and recall;
`viral` puts texts there that run wild among unrelated accounts, and looks whether any is found.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.campaigns import Plan, Row, plant, viral
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
CROWDS = {
    "cricket": ("control_posts", "Control_IPLcricket"),
    "debate": ("control_posts", "Control_GOPdebate"),
    "ISIS-topic": ("control_posts", "Control_ISIStopic"),
    "Congress": ("control_congress_posts", "Control_Congress"),
}
TEXTS = ("near_text",)
SIZES, SPREADS = (5, 20, 60), (30.0, 600.0, 3600.0, 86_400.0)


def crowd(shared: Path, name: str) -> pa.Table:
    """The posts of one crowd: post_id, author, content, publish_date (UTC)."""
    file, group = CROWDS[name]
    return duckdb.sql(
        "select post_id, author, content, publish_date from read_parquet($file) "
        'where "group" = $group order by post_id',
        params={"file": str(shared / "data" / f"{file}.parquet"), "group": group},
    ).to_arrow_table()


def run(
    table: pa.Table, fields: dict[str, str], on: tuple[str, ...], window: float, **more: Any
) -> DetectReport:
    with tempfile.TemporaryDirectory() as out:
        return detect(
            table,
            on=on,
            window=timedelta(seconds=window),
            out=out,
            fields=fields,
            threads=1,
            **more,
        )


def messages(shared: Path, how_many: int = 500) -> list[str]:
    """Real statements that the crowds to be planted in did not make: originals of Congress."""
    file = str(shared / "data" / "control_congress_posts.parquet")
    rows = duckdb.sql(
        "select distinct content from read_parquet($file) where not starts_with(content, 'RT') "
        "and not contains(content, 'http') and length(content) between 70 and 120 "
        "order by md5(content) limit $limit",
        params={"file": file, "limit": how_many},
    ).fetchall()
    return [row[0] for row in rows]


def crowds(shared: Path, on: tuple[str, ...], window: float) -> None:
    for name in CROWDS:
        begin = time.perf_counter()
        report = run(crowd(shared, name), POSTS, on, window)
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


def permuted(shared: Path, window: float, runs: int, data: tuple[str, ...], first: int = 0) -> None:
    """Times shuffled within each object and over the whole table (shares), over the table (posts).

    Shuffled rounds are left out: they describe the chance level and decide nothing.
    """
    path = shared / "oracle/coordination/russian_coord_tweets.csv.gz"
    shares = duckdb.sql(f"select * from read_csv('{path}') order by object_id").to_arrow_table()
    object_ = np.unique(shares["object_id"].to_pylist(), return_inverse=True)[1]
    cases: list[tuple[str, pa.Table, NDArray[np.int64], dict[str, str], tuple[str, ...]]] = [
        ("shares within objects", shares, object_, SHARES, ()),
        ("shares over all rows", shares, np.zeros_like(object_), SHARES, ()),
    ]
    layers = ("repost", "url", "text", "near_text")
    if "shares" not in data:
        cases.clear()
    for name in data:
        if name == "shares":
            continue
        table = crowd(shared, name)
        group = np.zeros(table.num_rows, dtype=np.int64)
        cases.append((f"{name} over all rows", table, group, POSTS, layers))
    found = dict.fromkeys((case[0] for case in cases), 0)
    edges = dict.fromkeys(found, 0)
    for at in range(first, first + runs):
        rng = np.random.default_rng(at)
        for name, table, group, fields, on in cases:
            column = fields.get("time", fields.get("created_at", ""))
            times = table[column].to_numpy()
            in_order = np.argsort(group, kind="stable")
            mixed = times.copy()
            mixed[in_order] = times[np.lexsort((rng.random(len(group)), group))]
            place = table.column_names.index(column)
            report = run(
                table.set_column(place, column, pa.array(mixed)), fields, on, window, rounds=0
            )
            found[name] += bool(report.concert)
            edges[name] += bool(report.significant)
        print(f"seeds {first} to {at}: findings {found}; pairs beyond chance {edges}", flush=True)


def planted(shared: Path, window: float, seeds: int) -> None:
    """Campaigns of edited copies inside the cricket and debate crowds, one at a time, then all.

    Precision is over accounts that are not found in the same traffic without a campaign: `crowds`
    lists those to be read. Counted as well: all others named, known or not. All twelve at once are
    drawn `seeds` times, with other messages, members, times, edits and cover.
    """
    rows, known = _traffic(shared, window)
    texts = messages(shared)
    for plan in _plans():
        begin = time.perf_counter()
        report = run(_table(plant(rows, plan, texts, seed=1)), POSTS, TEXTS, window, rounds=0)
        named = _named(report)
        mine = {name for name in named if name.startswith(f"{plan.name}-")}
        new = named - mine - known
        print(
            f"window {window:g} s, {plan.size} accounts within {plan.spread:g} s, {plan.messages} "
            f"messages, cover {plan.cover:g}: recall {len(mine) / plan.size:.2f}, precision "
            f"{_share(len(mine), len(mine | new))} ({len(new)} new others, {len(named - mine)} "
            f"others at all), {time.perf_counter() - begin:.1f} s",
            flush=True,
        )
    for seed in range(2, 2 + seeds):
        _all_at_once(rows, known, texts, window, seed)


def _all_at_once(
    rows: list[Row], known: set[str], texts: list[str], window: float, seed: int
) -> None:
    plans = [Plan(size, spread) for size in SIZES for spread in SPREADS]
    here = np.random.default_rng(seed).permutation(len(texts)).tolist()
    together = rows
    for number, plan in enumerate(plans):
        own = [texts[at] for at in here[number * 40 : number * 40 + 40]]
        together = plant(together, plan, own, seed=seed)
    named = _named(run(_table(together), POSTS, TEXTS, window, rounds=0))
    found = {
        plan.name: sum(name.startswith(f"{plan.name}-") for name in named) / plan.size
        for plan in plans
    }
    mine = {name for name in named if name.startswith("planted-")}
    print(
        f"all twelve at once, window {window:g} s, draw {seed}: precision "
        f"{_share(len(mine), len(named - known | mine))} over new accounts, "
        f"{_share(len(mine), len(named))} over all named ({len(mine)} planted, "
        f"{len(named & known)} known, {len(named - known - mine)} new); recall "
        + ", ".join(f"{name} {share:.2f}" for name, share in found.items()),
        flush=True,
    )


def _plans() -> Iterator[Plan]:
    for size in SIZES:
        for spread in SPREADS:
            yield Plan(size, spread)
        yield Plan(size, 3600.0, cover=4.0)
        yield Plan(size, 3600.0, cover=0.0)
        for count in (2, 3, 4, 5):
            yield Plan(size, 3600.0, messages=count)


def viral_texts(shared: Path, window: float, seeds: int) -> None:
    """Fifteen viral texts in the same traffic, as reposts and as own texts, in some draws."""
    rows, known = _traffic(shared, window, ("repost", *TEXTS))
    texts = messages(shared)
    for marked in (True, False):
        for seed in range(seeds):
            more = viral(rows, texts[15 * seed : 15 * seed + 15], seed, marked=marked)
            report = run(_table(more), POSTS, ("repost", *TEXTS), window, rounds=0)
            named = _named(report)
            hit = sum(
                any("viral/" in pair.post_id for pair in finding.pairs)
                for finding in report.concert
            )
            print(
                f"window {window:g} s, {'reposts' if marked else 'own texts'}, draw {seed}: "
                f"{len(more) - len(rows)} viral posts, {report.tested} pairs tested, "
                f"{len(report.concert)} findings, {hit} with a viral text in it, "
                f"{len(named - known)} new accounts named, {len(known - named)} no longer",
                flush=True,
            )


def _traffic(
    shared: Path, window: float, on: tuple[str, ...] = TEXTS
) -> tuple[list[Row], set[str]]:
    table = pa.concat_tables([crowd(shared, "cricket"), crowd(shared, "debate")])
    report = run(table, POSTS, on, window, rounds=0)
    known = _named(report)
    print(
        f"without a campaign: {len(known)} accounts in {len(report.concert)} findings", flush=True
    )
    return table.to_pylist(), known


def _table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows)


def _named(report: DetectReport) -> set[str]:
    return {name for finding in report.concert for name in finding.account_ids}


def _share(some: int, of: int) -> str:
    return f"{some / of:.3f}" if of else "none named"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["crowds", "permuted", "planted", "viral"])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--window", type=float, help="seconds")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the first seed of permuted")
    parser.add_argument("--seeds", type=int, default=3, help="draws of what is planted")
    parser.add_argument("--data", default="shares,cricket,debate", help="what permuted shuffles")
    parser.add_argument("--on", default="repost,text,near_text,url,hashtag_sequence")
    given = parser.parse_args()
    if given.what == "crowds":
        crowds(given.shared, tuple(given.on.split(",")), given.window or 60)
    elif given.what == "permuted":
        data = tuple(given.data.split(","))
        permuted(given.shared, given.window or 60, given.runs, data, given.first)
    elif given.what == "planted":
        planted(given.shared, given.window or 3600, given.seeds)
    else:
        viral_texts(given.shared, given.window or 3600, given.seeds)


if __name__ == "__main__":
    main()
