"""What is done on several cores at once is what one does."""

import random
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coordination.blocks import sort_rows
from coordination.detect import detect
from coordination.parallel import in_turn, one_ahead
from coordination.sweep import pair_chunks
from coordination.tally import Tally


def _shares(rows: int = 3000) -> pa.Table:
    """Accounts that share what is around, at any time of a day."""
    rng = random.Random(4)
    columns: dict[str, list[object]] = {"object": [], "account": [], "post": [], "time": []}
    for row in range(rows):
        columns["object"].append(f"o{int(rng.paretovariate(0.6)) % 90}")
        columns["account"].append(f"a{int(rng.paretovariate(0.9)) % 25}")
        columns["post"].append(f"p{row}")
        columns["time"].append(1_760_000_000 + rng.randrange(2 * 86_400))
    return pa.table(columns)


def test_two_threads_give_the_tables_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small enough that there are several of each: blocks, ranges of pairs, portions of tests.
    monkeypatch.setattr("coordination.layer.sort_rows", partial(sort_rows, at_once=1000))
    monkeypatch.setattr("coordination.layer.Tally", partial(Tally, hold=500))
    monkeypatch.setattr("coordination.layer.pair_chunks", partial(pair_chunks, at_once=200))
    monkeypatch.setattr("coordination.common.PORTION", 100)
    tables = []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        window = timedelta(minutes=10)
        report = detect(_shares(), on=[], window=window, out=out, threads=threads, rounds=5)
        assert report.tested > 50
        names = ("edges", "evidence", "clusters")
        tables.append([pq.read_table(out / f"{name}.parquet") for name in names])
    assert tables[0] == tables[1]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    def late(item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return item

    assert list(in_turn(late, range(9), threads)) == list(range(9))
    assert list(in_turn(late, [], threads)) == []
    assert list(one_ahead(iter(range(4)), threads)) == [0, 1, 2, 3]


@pytest.mark.parametrize("threads", [1, 2])
def test_what_goes_wrong_on_another_core_is_told(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_turn(lambda item: 1 // item, [1, 0, 1], threads))
    with pytest.raises(ZeroDivisionError):
        list(one_ahead((1 // item for item in [1, 0]), threads))
