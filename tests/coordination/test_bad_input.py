"""Input as it comes: a right answer or a clear refusal, and never a false finding."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coordination.detect import detect
from coordination.layer import CROWDED
from coordination.source import InputError

Row = tuple[str, str, str, Any]
START = 1_760_000_000
DAY = 86_400


def _table(rows: list[Row]) -> pa.Table:
    names = ("object", "account", "post", "time")
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})


def _crowd(seed: int = 2) -> list[Row]:
    """Forty accounts that share fifteen things over two days, each when it likes."""
    rng = random.Random(seed)
    return [
        (f"o{rng.randrange(15)}", f"a{account}", f"p{account}-{at}", START + rng.randrange(2 * DAY))
        for account in range(40)
        for at in range(12)
    ]


def _clocks_back(rows: list[Row]) -> list[Row]:
    """Clocks set back an hour in the middle, rows in no order, some before 1970."""
    rng = random.Random(3)
    moved = [(o, a, p, t - 3600 if t > START + DAY else t) for o, a, p, t in rows]
    moved += [("o1", "old", f"old{at}", -at * 1000) for at in range(5)]
    rng.shuffle(moved)
    return moved


def _all_at_once(rows: list[Row]) -> list[Row]:
    """Everything at one moment: an export that lost its times."""
    return [(o, a, p, START) for o, a, p, _ in rows]


def _to_the_day(rows: list[Row]) -> list[Row]:
    return [(o, a, p, t // DAY * DAY) for o, a, p, t in rows]


def _everybodys(rows: list[Row]) -> list[Row]:
    """One object that all share, again and again, within one window of each other."""
    more = [("all", f"a{account}", f"q{account}-{at}", START + 7 * account + 600 * at)
            for account in range(40) for at in range(6)]  # fmt: skip
    return rows + more


def _one_account(rows: list[Row]) -> list[Row]:
    return [(o, "only", p, t) for o, _, p, t in rows]


def _twice(rows: list[Row]) -> list[Row]:
    """Each row twice, and each post by the same account under the same id: no new occasion."""
    return rows + rows


def _no_objects(rows: list[Row]) -> list[Row]:
    """Half of the objects are missing in one way or another: no two of them are the same."""
    empty = ["", " ", None, "\t"]
    return [(empty[at % 4] if at % 2 else o, a, p, t) for at, (o, a, p, t) in enumerate(rows)]  # type: ignore[misc]


def _no_times(rows: list[Row]) -> list[Row]:
    words: list[Any] = ["yesterday", "", None, "2026-13-40", "NaN", "inf"]
    return [(o, a, p, str(t) if at % 2 else words[at % 6]) for at, (o, a, p, t) in enumerate(rows)]


@pytest.mark.parametrize(
    "spoil",
    [
        _clocks_back, _all_at_once, _to_the_day, _everybodys, _one_account, _twice, _no_objects,
        _no_times,
    ],
)  # fmt: skip
def test_no_finding_comes_of_it(tmp_path: Path, spoil: Callable[[list[Row]], list[Row]]) -> None:
    rows = spoil(_crowd())
    report = detect(
        _table(rows), on=[], window=timedelta(minutes=5), out=tmp_path, threads=1, memory="1GB",
        rounds=5,
    )  # fmt: skip
    assert report.concert == ()
    if spoil is _no_times:
        assert report.without_time == len(rows) // 2
    edges = pq.read_table(tmp_path / "edges.parquet").to_pylist()
    assert all(edge["source"] != edge["target"] for edge in edges)
    assert (edges == []) == (spoil is _one_account)
    if spoil is _twice:
        whole = detect(
            _table(_crowd()), on=[], window=timedelta(minutes=5), out=tmp_path / "once", threads=1,
            memory="1GB", rounds=5,
        )  # fmt: skip
        assert (whole.edges, whole.tested) == (report.edges, report.tested)
        assert pq.read_table(tmp_path / "once/edges.parquet").to_pylist() == edges


def test_many_rows_of_one_object_are_named_with_their_bound(tmp_path: Path) -> None:
    """60,000 rows within one window have 1.8 billion pairs: nobody can be told from anybody."""
    count = 60_000
    rows = pa.table(
        {
            "object": ["everybody's"] * count + ["ours"] * 2,
            "account": [f"a{at % 30_000}" for at in range(count)] + ["a1", "a2"],
            "post": [f"p{at}" for at in range(count + 2)],
            "time": [START + at % 50 for at in range(count + 2)],
        }
    )
    report = detect(
        rows, on=[], window=timedelta(minutes=1), out=tmp_path, threads=1, memory="1GB", rounds=5
    )
    ((name, pairs),) = report.left_out["object"]
    assert (name, pairs) == ("everybody's", count * (count - 1) // 2)
    assert pairs > CROWDED * count * (count - 1) / 2
    assert report.edges == 1
    assert report.concert == ()


def test_what_is_no_table_of_shares_is_told(tmp_path: Path) -> None:
    for table, says in (
        (pa.table({"object": ["x"], "account": ["a"]}), "post_id"),
        (_table([]), "no rows"),
        (pa.table({"post_id": ["p"], "account_id": ["a"], "text": ["t"]}), "created_at"),
    ):
        with pytest.raises(InputError, match=says):
            detect(table, on=["text"], window=timedelta(1), out=tmp_path, threads=1)
