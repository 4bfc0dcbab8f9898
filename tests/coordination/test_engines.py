"""The same input under both engines gives the same result; skipped where Spark cannot run."""

import importlib.util
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from coordination.detect import detect
from coordination.engine import ENGINES, EngineError, connect, land, reader
from coordination.method import Method, run_method
from coordination.reading import read

FIELDS = {
    "object": "object_id",
    "account": "account_id",
    "post": "content_id",
    "time": "timestamp_share",
}
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def _spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One session for all tests; without pyspark or Java, a reason to skip."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("engine spark: pyspark is not installed (pip install 'concert[spark]')")
    if shutil.which("java") is None:
        pytest.skip("engine spark: there is no java to run")
    scratch = tmp_path_factory.mktemp("spark")
    con = connect("spark", scratch=scratch, threads=1, memory="1GB")
    from pyspark.sql import SparkSession

    reader("spark", con, scratch, 1)
    yield
    con.disconnect()
    session = SparkSession.getActiveSession()
    assert session is not None
    session.stop()


def test_engines_are_named_where_they_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"abacus.*duckdb, spark"):
        connect("abacus", scratch=tmp_path, threads=1, memory="1GB")


POSTS: list[dict[str, Any]] = [
    {
        "text": "Look: https://www.Example.org/a?utm_source=x #One #two and more words",
        "urls": ["https://www.Example.org/a?utm_source=x"],
        "reposted_post_id": "r1",
        "media_hashes": ["m1", "m2"],
    },
    {
        "text": "look  HTTP://example.org/a #one #TWO and more words!",
        "urls": None,
        "reposted_post_id": "",
        "replied_to_post_id": "p9",
    },
    {"text": "RT @some_name: the words of another", "reposted_post_id": None, "urls": []},
    {"text": None, "reposted_post_id": "r1", "quoted_post_id": "q1"},
    {"text": "  名前 and a text that is long enough, with émigré's words  ", "client": "app"},
]


def _posts() -> pa.Table:
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    names = sorted({name for post in POSTS for name in post})
    rows = [
        {
            "post_id": f"p{at}",
            "account_id": f"a{at % 3}",
            "created_at": start + timedelta(seconds=7 * at, microseconds=at),
            **{name: post.get(name) for name in names},
        }
        for at, post in enumerate(POSTS * 2)
    ]
    return pa.Table.from_pylist(rows)


LAYERS = (
    "repost", "url", "domain", "hashtag", "hashtag_sequence", "text", "near_text", "reply",
    "quote", "media", "column:client",
)  # fmt: skip


@pytest.mark.usefixtures("_spark")
def test_actions_are_the_same(tmp_path: Path) -> None:
    found = []
    for engine in ENGINES:
        scratch = tmp_path / engine
        scratch.mkdir()
        con = connect(engine, scratch=scratch, threads=1, memory="1GB")
        opened = read(
            con,
            _posts(),
            engine=engine,
            scratch=scratch,
            threads=1,
            fields=None,
            linkages=None,
        )
        table = opened.actions(LAYERS)
        rows = land(con, table, "all_actions", scratch).to_pyarrow().to_pylist()
        found.append(sorted(tuple(sorted(row.items())) for row in rows))
        con.disconnect()
    assert {dict(row)["layer"] for row in found[0]} >= set(LAYERS)
    assert found[1] == found[0]


@pytest.mark.usefixtures("_spark")
@pytest.mark.parametrize(
    ("file", "name", "method"),
    [
        ("russian_coord_tweets", "ru_tw60_mp2", Method("coortweet", MINUTE)),
        (
            "russian_coord_tweets",
            "ru_tw10_mp5_loops",
            Method("coortweet", timedelta(seconds=10), min_participation=5, loops=True),
        ),
    ],
)
def test_the_oracle_on_spark(
    shared: Path, tmp_path: Path, file: str, name: str, method: Method
) -> None:
    folder = shared / "oracle/coordination"
    report = run_method(
        folder / f"{file}.csv.gz", method, out=tmp_path, engine="spark", fields=FIELDS, threads=1
    )
    found = {
        (r["source"], r["target"]): (r["weight"], r["avg_time_delta"])
        for r in pq.read_table(report.path).to_pylist()
    }
    assert found == {
        tuple(sorted((r["from"], r["to"]))): (r["weight"], pytest.approx(r["avg_time_delta"]))
        for r in pacsv.read_csv(folder / f"coortweet/{name}_edges.csv.gz").to_pylist()
    }


@pytest.mark.usefixtures("_spark")
def test_a_whole_run_is_the_same(tmp_path: Path) -> None:
    """A ring that shares links within seconds, in the traffic of others; posts in a CSV file."""
    rng = random.Random(1)
    day = 86_400
    rows = [
        (
            f"user{account}",
            rng.uniform(0, 4 * day),
            f"http://x.example/{rng.randrange(60)}/?fbclid=1",
        )
        for account in range(40)
        for _ in range(20)
    ]
    rows += [
        (f"ring{member}", day * link / 2 + rng.uniform(0, 20), f"https://x.example/{link}")
        for link in range(8)
        for member in range(5)
    ]
    table = pa.table(
        {
            "post_id": [f"p{at}" for at in range(len(rows))],
            "account_id": [row[0] for row in rows],
            "created_at": [1_760_000_000 + row[1] for row in rows],
            "urls": [row[2] for row in rows],
        }
    )
    pacsv.write_csv(table, tmp_path / "posts.csv")
    reports = []
    for engine in ENGINES:
        report = detect(
            tmp_path / "posts.csv",
            on=["url"],
            window=MINUTE,
            out=tmp_path / engine,
            engine=engine,
            threads=1,
            memory="1GB",
        )
        reports.append(replace(report, files={}))
    assert reports[0].concert[0].account_ids == tuple(f"ring{i}" for i in range(5))
    assert reports[1] == reports[0]
    tables = [pq.read_table(tmp_path / engine / "edges.parquet") for engine in ENGINES]
    assert tables[1].equals(tables[0])
