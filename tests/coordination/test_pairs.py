"""Pairs and edges against a plain double loop."""

from collections import defaultdict
from itertools import combinations
from statistics import fmean

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from coordination.actions import actions
from coordination.layer import meet
from coordination.pairs import between_accounts, edges, pair_counts, pairs
from coordination.source import open_source
from coordination.workspace import workspace

Row = tuple[int, int, int, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 9), st.integers(-30, 30)),
    min_size=1,
    max_size=25,
)


def _table(con: Backend, rows: list[Row]) -> ibis.Table:
    names = ("object", "account", "post", "time")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    # Rows are numbered in order of time, as a run numbers them.
    order = sorted(range(len(rows)), key=lambda i: (rows[i][3], i))
    number = {i: place for place, i in enumerate(order)}
    table = pa.table(columns | {"row": [number[i] for i in range(len(rows))]})
    return con.create_table("some_rows", table, overwrite=True)


def _plain(rows: list[Row], window: int) -> list[tuple[Row, Row]]:
    ordered = sorted(rows, key=lambda row: row[3])
    return [(a, b) for a, b in combinations(ordered, 2) if a[0] == b[0] and b[3] - a[3] <= window]


@given(ROWS, st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_pairs_and_counts_equal_a_double_loop(con: Backend, rows: list[Row], window: int) -> None:
    table = _table(con, rows)
    got = pairs(table, window).to_pyarrow().to_pylist()
    expected = _plain(rows, window)
    assert len({(r["row"], r["row_y"]) for r in got}) == len(got)
    assert sorted(
        (r["object"], r["time"], r["time_y"], *sorted([r["post"], r["post_y"]])) for r in got
    ) == sorted((a[0], a[3], b[3], *sorted([a[2], b[2]])) for a, b in expected)
    counts = {
        r["object"]: (r["n"], r["k"]) for r in pair_counts(table, window).to_pyarrow().to_pylist()
    }
    assert counts == {
        name: (sum(r[0] == name for r in rows), sum(a[0] == name for a, _ in expected))
        for name in {r[0] for r in rows}
    }


def _sides(both: list[tuple[Row, Row]]) -> list[tuple[list[Row], int]]:
    """Where the objects, the posts of one side and the posts of the other are."""
    first, second = [a for a, _ in both], [b for _, b in both]
    return [(first, 0), (first, 2), (second, 2)]


@given(ROWS, st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_edges_equal_a_double_loop(con: Backend, rows: list[Row], window: int) -> None:
    met: dict[tuple[int, int], list[tuple[Row, Row]]] = defaultdict(list)
    for a, b in _plain(rows, window):
        if a[1] != b[1] and a[2] != b[2]:
            low, high = sorted((a[1], b[1]))
            met[low, high].append((a, b) if a[1] == low else (b, a))
    expected = {
        pair: (
            len(both),
            min(len({one[at] for one in side}) for side, at in _sides(both)),
            pytest.approx(fmean(abs(a[3] - b[3]) for a, b in both)),
            pytest.approx(fmean((b[3] > a[3]) - (b[3] < a[3]) for a, b in both)),
            min(min(a[3], b[3]) for a, b in both),
            max(max(a[3], b[3]) for a, b in both),
        )
        for pair, both in met.items()
    }  # fmt: skip
    found = edges(between_accounts(pairs(_table(con, rows), window))).to_pyarrow().to_pylist()
    assert {
        (e["source"], e["target"]): (
            e["weight"], e["occasions"], e["avg_delta"], e["leads"], e["first"], e["last"]
        )
        for e in found
    } == expected  # fmt: skip


def test_an_object_shared_by_too_many_at_once_is_named_and_left_out(con: Backend) -> None:
    names = [f"a{i}" for i in range(40)]
    shares = pa.table(
        {
            "object": ["everybody's"] * 40 + ["ours"] * 3,
            "account": names + names[:3],
            "post": [f"p{i}" for i in range(43)],
            "time": list(range(43)),
        }
    )
    work = workspace(con, actions(open_source(con, shares), []))
    layer = meet(work, "object", 60_000_000, max_pairs=100)
    assert layer.left_out == (("everybody's", 780),)
    assert layer.edges.count().to_pyarrow().as_py() == 3
