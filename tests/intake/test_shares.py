"""Tables of shares, for detection."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from intake.errors import FileError, RequestError
from intake.shares import SCHEMA, read_shares

from .conftest import Write

AT = datetime(2020, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "time",
    [
        "1588896000",
        "1588896000000",
        "2020-05-08T00:00:00Z",
        "2020-05-08 00:00:00",
        "2020-05-07T20:00:00-04:00",
    ],
)
def test_shares_with_times_of_any_kind(write: Write, time: str) -> None:
    path = write("s.csv", f"object_id,who,content_id,timestamp\nhttps://x.org/a b,1,c,{time}\n")
    shares = read_shares(
        path, {"object": "object_id", "account": "who", "post": "content_id", "time": "timestamp"}
    )
    assert shares.table.schema == SCHEMA
    assert shares.table.to_pylist() == [
        {"object": "https://x.org/a b", "account": "1", "post": "c", "time": AT}
    ]
    assert shares.rejects == ()


def test_bad_shares_are_rejected_one_by_one(write: Write) -> None:
    path = write("s.csv", "object,account,time\na,1,1588896000\n,1,1588896000\na,,1\nb,1,\nc,1,x\n")
    shares = read_shares(path)
    assert shares.table["post"].to_pylist() == [None]
    assert [(bad.row, bad.field) for bad in shares.rejects] == [
        (2, "object"),
        (3, "account"),
        (4, "time"),
        (5, "time"),
    ]


def test_a_table_without_a_needed_column_is_refused(write: Write) -> None:
    with pytest.raises(FileError, match="shares need time"):
        read_shares(write("s.csv", "object,account\na,1\n"))
    with pytest.raises(RequestError, match="'text' is no field of shares"):
        read_shares(write("s.csv", "object,account\na,1\n"), {"text": "object"})


def test_the_shares_that_a_peer_read(shared: Path) -> None:
    path = shared / "oracle/coordination/russian_coord_tweets.csv.gz"
    names = {"object": "object_id", "account": "account_id", "post": "content_id"}
    shares = read_shares(path, names | {"time": "timestamp_share"})
    assert shares.rejects == ()
    assert shares.table.num_rows == 35_125
    assert isinstance(shares.table, pa.Table)
