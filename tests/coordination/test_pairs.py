"""Pairs and edges against a plain double loop."""

from collections import defaultdict
from itertools import combinations
from statistics import fmean

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend
from numpy.typing import NDArray

from coordination.actions import actions
from coordination.blocks import sort_rows
from coordination.layer import meet
from coordination.pairs import pairs
from coordination.source import open_source
from coordination.sweep import order_rows, pair_chunks, pairs_of_groups, reach
from coordination.tally import Edges, Tally
from coordination.workspace import Workspace, workspace

Ints = NDArray[np.int64]
Row = tuple[int, int, int, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 9), st.integers(-30, 30)),
    min_size=1,
    max_size=25,
    unique_by=lambda row: row[:3],
)


def _table(con: Backend, rows: list[Row]) -> ibis.Table:
    names = ("object", "account", "post", "time")
    kinds = (pa.uint64(), pa.int32(), pa.uint64(), pa.int64())
    columns = {
        name: pa.array([row[at] for row in rows], kind)
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    return con.create_table("some_rows", pa.table(columns), overwrite=True)


def _plain(rows: list[Row], window: int) -> list[tuple[Row, Row]]:
    ordered = sorted(rows, key=lambda row: row[3])
    return [(a, b) for a, b in combinations(ordered, 2) if a[0] == b[0] and b[3] - a[3] <= window]


@given(ROWS, st.integers(0, 12))
@settings(max_examples=15, deadline=None)
def test_joined_pairs_equal_a_double_loop(con: Backend, rows: list[Row], window: int) -> None:
    got = pairs(_table(con, rows), window).to_pyarrow().to_pylist()
    assert sorted(
        (r["object"], r["time"], r["time_y"], *sorted([r["post"], r["post_y"]])) for r in got
    ) == sorted((a[0], a[3], b[3], *sorted([a[2], b[2]])) for a, b in _plain(rows, window))


@given(ROWS, st.integers(0, 12), st.integers(1, 30))
@settings(max_examples=200, deadline=None)
def test_swept_pairs_and_counts_equal_a_double_loop(
    rows: list[Row], window: int, at_once: int
) -> None:
    rows = sorted(rows, key=lambda row: (row[0], row[3]))
    group, time = (np.array([row[at] for row in rows]) for at in (0, 3))
    ahead = reach(group, time, window)
    met = [pair for a, b in pair_chunks(ahead, at_once) for pair in zip(a, b, strict=True)]
    assert met == [
        (i, j)
        for i, j in combinations(range(len(rows)), 2)
        if rows[i][0] == rows[j][0] and rows[j][3] - rows[i][3] <= window
    ]
    starts, n, k = pairs_of_groups(group, ahead)
    assert {int(group[at]): (int(r), int(p)) for at, r, p in zip(starts, n, k, strict=True)} == {
        name: (sum(r[0] == name for r in rows), sum(rows[i][0] == name for i, _ in met))
        for name in set(group.tolist())
    }


@given(ROWS, st.sampled_from([1, 2**40, 2**57]))
@settings(max_examples=100, deadline=None)
def test_rows_go_by_object_and_time_and_only_then_by_the_rest(rows: list[Row], unit: int) -> None:
    """Also where object and time do not fit into one number."""
    item, account, post, time = (np.array([row[at] for row in rows]) for at in range(4))
    order = order_rows(item.astype(np.uint64), time * unit, post, account)
    expected = sorted(range(len(rows)), key=lambda i: (item[i], time[i], post[i], account[i]))
    assert order.tolist() == expected


@given(ROWS, st.integers(1, 30))
@settings(max_examples=15, deadline=None)
def test_actions_in_parts_are_those_at_once(con: Backend, rows: list[Row], at_once: int) -> None:
    acts = _table(con, rows)
    work = Workspace(con, acts, accounts=acts, named=acts)
    found = sort_rows(work, acts, at_once)
    seen, last = [], -1
    for block in found.blocks():
        columns = [block[name].tolist() for name in ("object", "account", "post", "time")]
        number, _, _, time = columns
        assert list(zip(number, time, strict=True)) == sorted(zip(number, time, strict=True))
        # No object goes on in the next block.
        assert not number or number[0] == last + 1
        last = number[-1] if number else last
        seen += list(zip(*columns, strict=True))
    assert sorted((int(found.prints[item]), *rest) for item, *rest in seen) == sorted(rows)


def test_a_sweep_over_the_whole_of_time_does_not_overflow() -> None:
    far = 9_000_000_000_000_000
    group = np.repeat(np.arange(2000), 2)
    time = np.tile(np.array([-far, far]), 2000)
    assert (reach(group, time, 2 * far) == np.repeat(np.arange(2, 4002, 2), 2)).all()
    assert (reach(group, time, far) == np.arange(1, 4001)).all()


def _columns(edges: Edges) -> tuple[Ints, ...]:
    own = (edges.source, edges.target, edges.weight, edges.first, edges.last)
    return (*own, edges.columns["post"], edges.columns["delta"])


@given(ROWS, st.integers(1, 40))
@settings(max_examples=50, deadline=None)
def test_a_tally_that_spills_equals_one_that_does_not(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], hold: int
) -> None:
    columns = [np.array([row[at] for row in rows]) for at in range(4)]
    held = np.bincount(columns[0], minlength=4)
    found = []
    for most in (hold, 1000):
        tally = Tally(
            tmp_path_factory.mktemp("t"), held, distinct=("post",), sums=("delta",), hold=most
        )
        for at in range(len(rows)):
            source, target, post, time = (column[at : at + 1] for column in columns)
            tally.add(source, target, time=time, until=time + 1, post=post, delta=time)
        blocks = list(tally.edges())
        found.append(
            [tuple(int(column[i]) for column in _columns(e)) for e in blocks for i in range(len(e))]
        )
    assert found[0] == found[1]
    assert sum(edge[2] for edge in found[0]) == len(rows)


def _sides(both: list[tuple[Row, Row]]) -> list[tuple[list[Row], int]]:
    """Where the objects, the posts of one side and the posts of the other are."""
    first, second = [a for a, _ in both], [b for _, b in both]
    return [(first, 0), (first, 2), (second, 2)]


@given(ROWS, st.integers(0, 12))
@settings(max_examples=15, deadline=None)
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
    acts = _table(con, rows).mutate(layer=ibis.literal("one"))
    work = Workspace(con, acts, accounts=acts, named=acts)
    layer = meet(work, "one", window)
    found = layer.edges.to_pyarrow().to_pylist()
    assert {
        (e["source"], e["target"]): (
            e["weight"], e["occasions"], e["avg_delta"], e["leads"], e["first"], e["last"]
        )
        for e in found
    } == expected  # fmt: skip
    assert layer.pairs == len(_plain(rows, window))


def test_a_hot_object_is_swept_and_a_crowded_one_is_named(con: Backend) -> None:
    """Both have the same pairs in the window; only one of them nearly all that it could have."""
    spread, crowd = 400, 41
    shares = pa.table(
        {
            "object": ["spread"] * spread + ["crowded"] * crowd,
            "account": [f"a{i}" for i in range(spread + crowd)],
            "post": [f"p{i}" for i in range(spread + crowd)],
            "time": [15 * i for i in range(spread)] + [1] * crowd,
        }
    )
    work = workspace(con, actions(open_source(con, shares), []))
    layer = meet(work, "object", 30_000_000, max_pairs=700)
    assert layer.left_out == (("crowded", 820),)
    assert layer.pairs == layer.edges.count().to_pyarrow().as_py() == 2 * spread - 3
    assert layer.found().count().to_pyarrow().as_py() == layer.pairs


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
