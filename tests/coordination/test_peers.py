"""The peers' published results on real shares, reproduced edge for edge by their own rules."""

from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow.csv as pacsv
import pytest
from ibis.backends.duckdb import Backend

from coordination.peers import cnt_edges, coortweet_edges, coortweet_groups

GROUP = ["object", "account", "post", "account_y", "post_y", "delta"]


@pytest.fixture(scope="module")
def con() -> Backend:
    return ibis.duckdb.connect(threads=1)


def _shares(con: Backend, path: Path) -> ir.Table:
    table = pacsv.read_csv(path)
    raw = con.create_table(ibis.util.gen_name("shares"), table, temp=True)
    return raw.select(
        row=ibis.row_number(),
        object=raw.object_id.cast("string"),
        account=raw.account_id.cast("string"),
        post=raw.content_id.cast("string"),
        time=raw.timestamp_share.cast("int64"),
    ).cache()


@pytest.fixture(scope="module")
def russian(con: Backend, shared: Path) -> ir.Table:
    return _shares(con, shared / "oracle/coordination/russian_coord_tweets.csv.gz")


def _groups(path: Path) -> list[tuple[object, ...]]:
    rows = pacsv.read_csv(path).to_pylist()
    return sorted(
        (
            r["object_id"],
            r["account_id"],
            r["content_id"],
            r["account_id_y"],
            r["content_id_y"],
            int(r["time_delta"]),
        )
        for r in rows
    )


def _edges(path: Path) -> dict[tuple[str, str], tuple[int, float]]:
    return {
        tuple(sorted((r["from"], r["to"]))): (r["weight"], pytest.approx(r["avg_time_delta"]))  # type: ignore[misc]
        for r in pacsv.read_csv(path).to_pylist()
    }


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("ru_tw60_mp1", {"window": 60, "min_participation": 1}),
        ("ru_tw60_mp2", {"window": 60, "min_participation": 2}),
        ("ru_tw10_mp5", {"window": 10, "min_participation": 5}),
        ("ru_tw10_mp5_loops", {"window": 10, "min_participation": 5, "loops": True}),
    ],
)
def test_coortweet_groups_and_edges(
    russian: ir.Table, shared: Path, name: str, rules: dict[str, int]
) -> None:
    folder = shared / "oracle/coordination/coortweet"
    groups = coortweet_groups(russian, **rules).cache()
    found = sorted(tuple(row[c] for c in GROUP) for row in groups.to_pyarrow().to_pylist())
    assert found == _groups(folder / f"{name}_groups.csv.gz")
    edges = coortweet_edges(groups).to_pyarrow().to_pylist()
    assert {(e["source"], e["target"]): (e["weight"], e["avg_delta"]) for e in edges} == _edges(
        folder / f"{name}_edges.csv.gz"
    )


def test_coortweet_simulated(con: Backend, shared: Path) -> None:
    folder = shared / "oracle/coordination/simulate"
    shares = _shares(con, folder / "sim123_input.csv.gz")
    groups = coortweet_groups(shares, window=10)
    found = sorted(tuple(row[c] for c in GROUP) for row in groups.to_pyarrow().to_pylist())
    assert found == _groups(folder / "sim123_coortweet_groups.csv.gz")


@pytest.mark.parametrize("weight", [1, 2])
def test_cnt_co_retweet(russian: ir.Table, shared: Path, weight: int) -> None:
    rows = pacsv.read_csv(shared / f"oracle/coordination/cnt/ru_co_retweet_tw60_w{weight}.csv.gz")
    expected = {(r["source"], r["target"]): r["weight"] for r in rows.to_pylist()}
    edges = cnt_edges(russian, window=60, min_weight=weight).to_pyarrow().to_pylist()
    assert {(e["source"], e["target"]): e["weight"] for e in edges} == expected
