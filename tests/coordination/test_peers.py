"""The peers' published results on real shares, reproduced edge for edge by their own rules."""

import json
from dataclasses import fields
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from typer.testing import CliRunner

from cli.main import app
from coordination.engine import in_order
from coordination.method import Method, run_method
from coordination.peers import coortweet
from coordination.prints import take_prints
from coordination.source import InputError, open_source

FIELDS = {
    "object": "object_id",
    "account": "account_id",
    "post": "content_id",
    "time": "timestamp_share",
}
MINUTE, TEN = timedelta(seconds=60), timedelta(seconds=10)
INPUT = "russian_coord_tweets.csv.gz"
Pair = tuple[object, ...]
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Path:
    return shared / "oracle" / "coordination"


def _written(source: object, method: Method, out: Path, **more: Any) -> Rows:
    report = run_method(source, method, out=out, **({"fields": FIELDS, "threads": 1} | more))
    return pq.read_table(report.path).to_pylist()


def _expected(path: Path, weight: str, delta: str) -> dict[tuple[str, str], Any]:
    """Undirected edges of an oracle file: weight and mean difference, null as None."""
    return {
        tuple(sorted((r["from"], r["to"]))): (  # type: ignore[misc]
            r[weight],
            None if r[delta] is None else pytest.approx(r[delta]),
        )
        for r in pacsv.read_csv(path).to_pylist()
    }


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("ru_tw60_mp1", Method("coortweet", MINUTE, min_participation=1)),
        ("ru_tw60_mp2", Method("coortweet", MINUTE)),
        ("ru_tw10_mp5", Method("coortweet", TEN, min_participation=5)),
        ("ru_tw10_mp5_loops", Method("coortweet", TEN, min_participation=5, loops=True)),
    ],
)
def test_coortweet_edges(oracle: Path, tmp_path: Path, name: str, method: Method) -> None:
    rows = _written(oracle / INPUT, method, tmp_path)
    assert all(row["source"] <= row["target"] for row in rows)
    found = {(r["source"], r["target"]): (r["weight"], r["avg_time_delta"]) for r in rows}
    path = oracle / f"coortweet/{name}_edges.csv.gz"
    assert found == _expected(path, "weight", "avg_time_delta")
    assert len(rows) == len(found)


def test_coortweet_threshold(oracle: Path, tmp_path: Path) -> None:
    method = Method("coortweet", MINUTE, edge_weight=0.5)
    above = {
        (r["source"], r["target"]): r["weight_threshold"]
        for r in _written(oracle / INPUT, method, tmp_path)
    }
    expected = pacsv.read_csv(oracle / "coortweet/ru_tw60_mp2_edges.csv.gz").to_pylist()
    assert above == {tuple(sorted((r["from"], r["to"]))): r["weight_threshold"] for r in expected}


@pytest.mark.parametrize("which", [0, 2, 3])
def test_coortweet_with_a_narrower_window(oracle: Path, tmp_path: Path, which: int) -> None:
    method = Method("coortweet", MINUTE, fast=TEN, subgraph=which, edge_weight=0.5)
    rows = _written(oracle / INPUT, method, tmp_path)
    path = oracle / f"coortweet/ru_fast60_10_edges_sub{which}.csv.gz"
    for ours, theirs in (("", "_full"), ("_fast", "_fast")):
        found = {
            (r["source"], r["target"]): (r[f"weight{ours}"], r[f"avg_time_delta{ours}"])
            for r in rows
        }
        assert found == _expected(path, f"weight{theirs}", f"avg_time_delta{theirs}")
    marks = {(r["source"], r["target"]): r["weight_threshold_fast"] for r in rows}
    assert marks == {
        tuple(sorted((r["from"], r["to"]))): r["weight_threshold_fast"]
        for r in pacsv.read_csv(path).to_pylist()
    }


@pytest.mark.parametrize(
    ("name", "file", "rules"),
    [
        ("ru_tw60_mp2", INPUT, {"window": 60}),
        ("ru_tw10_mp5_loops", INPUT, {"window": 10, "min_participation": 5, "loops": True}),
        ("ru_fast60_10", INPUT, {"window": 60, "fast": 10}),
        ("sim123", "simulate/sim123_input.csv.gz", {"window": 10}),
    ],
)
def test_coortweet_groups(
    con: Backend, oracle: Path, tmp_path: Path, name: str, file: str, rules: dict[str, int]
) -> None:
    """The pairs themselves: which post came first, ties in the order of R's grouping."""
    con.raw_sql("SET preserve_insertion_order = true")
    source = open_source(con, oracle / file, fields=FIELDS)
    assert source.shares is not None
    rows = in_order(source.shares).order_by("row").to_pyarrow()
    prints = take_prints(con, in_order(source.shares), tmp_path, keep=True)
    micros = {key: rules[key] * 1_000_000 for key in ("window", "fast") if key in rules}
    post, object_ = rows["post"].to_pylist(), rows["object"].to_pylist()
    account = rows["account"].to_pylist()
    found = []
    for some in coortweet(prints, **(rules | micros)):  # type: ignore[arg-type]
        older, newer = some.block.row[some.older], some.block.row[some.newer]
        found += [
            (object_[a], account[a], post[a], account[b], post[b], int(d) // 1_000_000, int(near))
            for a, b, d, near in zip(older, newer, some.delta, some.near, strict=True)
        ]
    folder = "simulate" if name == "sim123" else "coortweet"
    tail = "_coortweet_groups" if name == "sim123" else "_groups"
    expected = pacsv.read_csv(oracle / folder / f"{name}{tail}.csv.gz").to_pylist()
    assert sorted(found) == sorted(
        (
            r["object_id"],
            r["account_id"],
            r["content_id"],
            r["account_id_y"],
            r["content_id_y"],
            int(r["time_delta"]),
            int(r.get("time_window_10", 0)),
        )
        for r in expected
    )


@pytest.mark.parametrize("weight", [1, 2])
def test_cnt_co_retweet(oracle: Path, tmp_path: Path, weight: int) -> None:
    rows = pacsv.read_csv(oracle / f"cnt/ru_co_retweet_tw60_w{weight}.csv.gz").to_pylist()
    found = _written(oracle / INPUT, Method("cnt", MINUTE, min_weight=weight), tmp_path)
    assert {(r["source"], r["target"]): r["weight"] for r in found} == {
        (r["source"], r["target"]): r["weight"] for r in rows
    }
    # As a table of posts, the same network by its name.
    fields = {
        "reposted_post_id": "object_id",
        "account_id": "account_id",
        "post_id": "content_id",
        "created_at": "timestamp_share",
    }
    method = Method("cnt", MINUTE, min_weight=weight, network="co-retweet")
    again = _written(oracle / INPUT, method, tmp_path, fields=fields)
    assert [{**row, "layers": None} for row in again] == [{**row, "layers": None} for row in found]
    assert {name for row in again for name in row["layers"]} == {"co-retweet"}


SHARES = st.lists(
    st.tuples(st.sampled_from("xy"), st.sampled_from("abc"), st.integers(0, 6), st.integers(0, 40)),
    min_size=1,
    max_size=20,
)


def _table(rows: list[tuple[str, str, int, int]]) -> pa.Table:
    return pa.table(
        {
            "object": [row[0] for row in rows],
            "account": [row[1] for row in rows],
            "post": [f"p{row[2]}" for row in rows],
            "time": [row[3] for row in rows],
        }
    )


@given(SHARES, st.integers(0, 12), st.booleans(), st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_cnt_equals_a_double_loop(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, int, int]],
    window: int,
    loops: bool,
    least: int,
) -> None:
    near: dict[tuple[str, str], set[int]] = {}
    for one in rows:
        for other in rows:
            met = one[0] == other[0] and abs(one[3] - other[3]) <= window
            if met and (loops or one[1] != other[1]):
                near.setdefault((one[1], other[1]), set()).add(one[2])
    expected = {pair: len(posts) for pair, posts in near.items() if len(posts) >= least}
    method = Method("cnt", timedelta(seconds=window), loops=loops, min_weight=least)
    found = _written(_table(rows), method, tmp_path_factory.mktemp("cnt"), fields=None)
    assert {(r["source"], r["target"]): r["weight"] for r in found} == expected


@given(SHARES, st.integers(1, 20))
@settings(max_examples=10, deadline=None)
def test_shares_in_parts_are_those_at_once(
    con: Backend,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, int, int]],
    at_once: int,
) -> None:
    con.raw_sql("SET preserve_insertion_order = true")
    shares = open_source(con, _table(rows)).shares
    assert shares is not None
    scratch = tmp_path_factory.mktemp("prints")
    found = []
    for keep, most in ((True, 1000), (False, at_once)):
        prints = take_prints(con, in_order(shares), scratch, keep=keep, at_once=most)
        blocks = [
            list(zip(*(getattr(block, f.name).tolist() for f in fields(block)), strict=True))
            for block in prints.blocks()
        ]
        objects = [{row[0] for row in block} for block in blocks]
        assert sum(map(len, objects)) == len(set().union(*objects))
        names, held, first = prints.names.to_pylist(), prints.held, prints.appears
        found.append((sorted(chain.from_iterable(blocks)), names, held.tolist(), first.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("method", "says"),
    [
        (Method("abacus", MINUTE), "abacus"),
        (Method("cnt", MINUTE, network="co-similar"), "co-similar"),
        (Method("coortweet", -MINUTE), "negative"),
        (Method("coortweet", MINUTE, subgraph=2), "fast"),
        (Method("coortweet", MINUTE, subgraph=4), "0, 1, 2 or 3"),
        (Method("coortweet", MINUTE, edge_weight=2), "quantile"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, method: Method, says: str) -> None:
    with pytest.raises(InputError, match=says):
        run_method(_table([("x", "a", 1, 1)]), method, out=tmp_path)


def test_networks_of_posts_follow_the_peer(tmp_path: Path) -> None:
    """A repost is no link and no text of one's own; mentions and case do not tell texts apart."""
    posts = pa.table(
        {
            "post_id": ["1", "2", "3", "4", "5"],
            "account_id": ["a", "b", "c", "d", "e"],
            "created_at": [0, 10, 20, 30, 40],
            "text": ["Same @x  words", "same words", "same words", "others", "SAME words @y"],
            "reposted_post_id": [None, None, "9", None, ""],
            "replied_to_post_id": ["7", "7", "7", "", None],
            "urls": ["http://u.example/1", "", "http://u.example/1", None, "http://u.example/1"],
        }
    )

    def pairs(network: str) -> set[tuple[str, str]]:
        rows = _written(posts, Method("cnt", MINUTE, network=network), tmp_path, fields=None)
        return {(r["source"], r["target"]) for r in rows if r["source"] < r["target"]}

    assert pairs("co-tweet") == {("a", "b"), ("a", "e"), ("b", "e")}
    assert pairs("co-link") == {("a", "e")}
    assert pairs("co-reply") == {("a", "b")}
    assert pairs("co-retweet") == set()
    assert len(pairs("co-post")) == 10


def test_the_shell_gives_the_same(oracle: Path, tmp_path: Path) -> None:
    columns = ",".join(f"{field}={column}" for field, column in FIELDS.items())
    asked = ["--map", columns, "--window", "60s", "--out", str(tmp_path)]
    method = ["--method", "coortweet", "--min-participation", "2", "--fast", "10s"]
    done = CliRunner().invoke(app, ["detect", str(oracle / INPUT), *asked, *method, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["edges"] == 3721
    rows = pq.read_table(tmp_path / "edges.parquet").to_pylist()
    for ours, theirs in (("", "_full"), ("_fast", "_fast")):
        found = {
            (r["source"], r["target"]): (r[f"weight{ours}"], r[f"avg_time_delta{ours}"])
            for r in rows
        }
        path = oracle / "coortweet/ru_fast60_10_edges_sub0.csv.gz"
        assert found == _expected(path, f"weight{theirs}", f"avg_time_delta{theirs}")
    wrong = CliRunner().invoke(
        app, ["detect", "x.csv", *asked, "--method", "cnt", "--fast", "soon"]
    )
    assert wrong.exit_code == 2
    assert "--fast" in wrong.output
