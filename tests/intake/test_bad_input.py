"""Bad input: an error that names the file, or a reject that names row and field; nothing lost."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from intake.commits import Tally
from intake.errors import RequestError
from intake.lake import Lake
from intake.reading import parse_column_map

from .conftest import Write

HEAD = "post_id,account_id,text,created_at\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", "", "is empty"),
        ("empty.json", "", "is empty"),
        ("blank.csv", " \n\n", "is empty"),
        ("packed.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("broken.json", '{"data": [{"id": "1",', "broken JSON: Expecting property name"),
        ("number.json", "{]", "broken JSON"),
        ("words.txt", "just some words\nand more\n", "are of no known kind; name them with --map"),
        ("other.csv", "id,body\n1,hello\n", "columns id, body are of no known kind"),
        ("half.csv", "post_id,text\n1,hello\n", "posts need account_id"),
        ("twice.csv", "post_id,post_id,account_id\n1,1,1\n", "two columns have the name 'post_id'"),
        ("wide.csv", "post_id,account_id\n".encode("utf-16"), "is UTF-16"),
        ("sheet.xlsx", b"PK\x03\x04rest", "is a zip archive"),
        ("cut.parquet", b"PAR1rest", "damaged Parquet"),
        (
            "cut.csv.gz",
            gzip.compress((HEAD + "1,1,,\n" * 99_999).encode(), mtime=0)[:60],
            "damaged gzip data",
        ),
        ("flat.jsonl", '{"a": 1}\n{"a": 2}\n', "columns a are of no known kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_keeps_out_no_other(
    lake: Lake, write: Write, name: str, content: object, says: str
) -> None:
    good = write("good.csv", HEAD + "1,1,hello,\n")
    bad = write(name, content)
    report = lake.ingest([bad, good])
    assert says in report.errors[0]
    assert report.errors[0].startswith(str(bad))
    assert len(report.errors) == 1
    assert report.total == Tally(taken=1)


def test_a_file_that_is_absent_or_a_folder_is_named(lake: Lake, tmp_path: Path) -> None:
    report = lake.ingest([tmp_path / "absent.csv", tmp_path])
    assert "absent.csv: No such file or directory" in report.errors[0]
    assert len(report.errors) == 2


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (',1,hello,"2018-03-05T12:00Z"', "post_id", "missing"),
        ("9,,hello,", "account_id", "missing"),
        ("9,nan,hello,", "account_id", "missing"),
        ("1.23457E+18,1,hello,", "post_id", "lost digits"),
        ("9,1,hello,2018-02-30T00:00:00Z", "created_at", "not a date and time: '2018-02-30T00"),
        ("9,1,hello,0", "created_at", "not a date and time"),
        ("9,1,hello,0001-01-01T00:00:00Z", "created_at", "not between 1990 and 2100"),
        ("9,1,a\0b,", "text", "a NUL character at position 1"),
        (f"9,1,{'x' * 1_000_000},", "text", "1000000 bytes, more than the 100000"),
        ("9,1,hello", "row", "3 cells where the header has 4"),
        ("9,1,hello,,", "row", "5 cells where the header has 4"),
        ('9,1,"hel"lo,', "row", "not CSV"),
        ("1,2,the same id again,", "post_id", "came before in the same file"),
    ],
)
def test_a_bad_row_of_a_table_is_rejected_and_no_other(
    lake: Lake, write: Write, row: str, field: str, reason: str
) -> None:
    path = write("posts.csv", HEAD + f"1,1,first,\n{row}\n3,1,last,\n")
    report = lake.ingest([path])
    assert report.errors == ()
    assert report.total == Tally(taken=2, rejected=1)
    assert sorted(post.text for post in lake.posts()) == ["first", "last"]
    (reject,) = lake.rejects()
    assert reject["field"] == field
    assert reason in reject["reason"]
    assert (reject["file"], reject["row"], reject["place"]) == ("posts.csv", 2, "line 3")


def test_bytes_that_are_not_utf_8_are_rejected(lake: Lake, write: Write) -> None:
    path = write("latin.csv", HEAD.encode() + b"1,1,caf\xe9,\n2,1,caf\xc3\xa9,\n")
    assert lake.ingest([path]).total == Tally(taken=1, rejected=1)
    assert "not UTF-8 at position 3" in lake.rejects()[0]["reason"]


def test_a_quotation_mark_that_never_closes_is_told(lake: Lake, write: Write) -> None:
    path = write("open.csv", HEAD + '1,1,first,\n2,1,"open,\n3,1,swallowed,\n')
    assert lake.ingest([path]).total == Tally(taken=1, rejected=1)
    assert "never closed" in lake.rejects()[0]["reason"]


def test_a_line_without_end_is_rejected_and_the_next_is_read(lake: Lake, write: Write) -> None:
    long = "x" * (17 * 1024 * 1024)
    path = write("long.csv", HEAD + f"1,1,first,\n2,1,{long},\n3,1,last,\n")
    assert lake.ingest([path]).total == Tally(taken=2, rejected=1)
    assert "a line longer than" in lake.rejects()[0]["reason"]
    lines = [json.dumps({"post_id": at, "account_id": 1}) for at in "45"]
    rows = write("long.jsonl", f'{lines[0]}\n{{"post_id": "{long}"}}\n{lines[1]}\n')
    assert lake.ingest([rows]).total == Tally(taken=2, rejected=1)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ('{"post_id": "9", "account_id"', "row", "broken JSON: Expecting ':' delimiter"),
        ("[1]", "row", "not a JSON object"),
        ('"words"', "row", "not a JSON object"),
        ('{"other": 1}', "post_id", "missing"),
        ('{"post_id": "9", "account_id": "1", "text": "\\ud800"}', "text", "a lone surrogate"),
        ('{"post_id": "9", "account_id": "1", "text": {"a": 1}}', "text", "not a text but a dict"),
        ('{"post_id": "9", "account_id": "1", "urls": [{}]}', "urls", "an item is not a text"),
        ('{"post_id": 1e400, "account_id": "1"}', "post_id", "lost digits"),
        (
            '{"post_id": "9", "account_id": "1", "created_at": "2018-03-05T12:00:00"}',
            "created_at",
            "has no time zone",
        ),
        ("[" * 100_000, "row", "broken JSON"),
        ('{"post_id": ' + "9" * 10_000 + "}", "row", "broken JSON"),
    ],
    ids=range(11),
)
def test_a_bad_line_of_json_is_rejected_and_no_other(
    lake: Lake, write: Write, row: str, field: str, reason: str
) -> None:
    first, last = (json.dumps({"post_id": at, "account_id": "1"}) for at in "13")
    for name, lines in (("second", [first, row, last]), ("first", [row, first, last])):
        path = write(f"{name}.jsonl", "\n".join(lines))
        if name == "first" and row.startswith(("[", '"')):
            continue  # The first character tells the shape: this is another kind of file.
        report = Lake(lake.folder.with_name(name)).ingest([path], kind="posts")
        assert report.errors == ()
        assert report.total == Tally(taken=2, rejected=1)
        (reject,) = Lake(lake.folder.with_name(name)).rejects()
        assert (reject["field"], reject["row"]) == (field, 2 if name == "second" else 1)
        assert reason in reject["reason"]


def test_an_array_that_breaks_keeps_what_came_before(lake: Lake, write: Write) -> None:
    path = write("cut.json", '[{"post_id": "1", "account_id": "1"}, {"post_id": "2", "acc')
    assert lake.ingest([path]).total == Tally(taken=1, rejected=1)
    assert "the rest of the array is unread" in lake.rejects()[0]["reason"]


def test_what_is_wrong_inside_a_response_is_rejected_alone(lake: Lake, write: Write) -> None:
    x = {"data": [{"id": "1", "text": "no author"}, 5, {"id": "2", "author_id": "1", "text": "a"}]}
    report = lake.ingest([write("x.json", x)])
    assert report.total == Tally(taken=1, rejected=2)
    assert [(one["place"], one["field"]) for one in lake.rejects()] == [
        ("line 1: data[0]", "account_id"),
        ("line 1: data[1]", "row"),
    ]
    lines = '{"feed": [{"post": {}}, 5]}\n{"unheard": "of"}'
    assert lake.ingest([write("b.jsonl", lines)], format="bluesky").total == Tally(rejected=3)


def test_ids_read_as_floats_and_times_out_of_range_in_parquet(lake: Lake, tmp_path: Path) -> None:
    columns = {
        "post_id": pa.array([1.0, 1.234567890123456789e18, 3.0]),
        "account_id": pa.array(["1", "1", "1"]),
        "created_at": pa.array([None, None, 2**62], pa.timestamp("us")),
    }
    pq.write_table(pa.table(columns), tmp_path / "posts.parquet")
    assert lake.ingest([tmp_path / "posts.parquet"]).total == Tally(taken=1, rejected=2)
    assert [(one["row"], one["field"]) for one in lake.rejects()] == [
        (2, "post_id"),
        (3, "created_at"),
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"format": "xml"}, "--format: 'xml' is none of csv, parquet"),
        ({"kind": "people"}, "--kind: 'people' is none of"),
        ({"kind": "shares"}, "shares are for detection only"),
        ({"column_map": {"body": "text"}}, "--map: 'body' is no field"),
        ({"column_map": {"followers": "n"}, "kind": "posts"}, "'followers' is no field of posts"),
        ({"column_map": {"text": "a"}, "format": "x-api"}, "cannot be mapped"),
    ],
)
def test_a_wrong_request_is_refused_before_any_file(
    lake: Lake, write: Write, arguments: dict[str, str], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        lake.ingest([write("posts.csv", HEAD)], **arguments)  # type: ignore[arg-type]
    assert not lake.folder.exists()


def test_a_map_to_a_column_that_is_not_there_names_it(lake: Lake, write: Write) -> None:
    report = lake.ingest([write("posts.csv", HEAD)], column_map={"lang": "language"})
    assert "no column 'language' for lang; columns are post_id" in report.errors[0]


@pytest.mark.parametrize("given", ["a", "a=", "=b", "a=b,a=c"])
def test_a_column_map_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(RequestError, match="--map: "):
        parse_column_map(given)
    assert parse_column_map("a=b, c = d ") == {"a": "b", "c": "d"}


def test_a_raw_key_never_touches_the_disk(lake: Lake, write: Write, secret: SecretStr) -> None:
    raw = "RAWKEY0123456789"
    rows = f"1,device,{raw}\n,device,{raw}\n2,{raw},x\n3,phone,{raw}{'x' * 200}\n4,phone\n"
    path = write("linkages.csv", "account_id,kind,key_hash\n" + rows)
    good = write("good.csv", HEAD + "1,1,hello,\n")
    without = lake.ingest([path, good])
    assert "linkages.csv: CONCERT_SECRET: a secret is needed" in without.errors[0]
    assert without.total == Tally(taken=1)
    assert lake.ingest([path], secret=secret).total == Tally(taken=1, rejected=4)
    for file in lake.folder.rglob("*"):
        if file.suffix == ".parquet":
            assert raw not in str(pq.read_table(file).to_pylist())
        elif file.is_file():
            assert raw not in file.read_text()
    renewed = SecretStr("the newest secret, a secret")
    assert lake.ingest([path], secret=renewed).total == Tally(taken=1, rejected=4)


def test_what_stands_before_the_damage_is_taken(lake: Lake, write: Write) -> None:
    rows = "".join(f"{at},1,{at * 7919},\n" for at in range(40_000))
    path = write("cut.csv.gz", gzip.compress((HEAD + rows).encode())[:-2_000])
    report = lake.ingest([path])
    assert "damaged gzip data" in report.errors[0]
    assert 0 < report.total.taken < 40_000
    assert lake.counts()["posts"] == report.total.taken
    again = lake.ingest([path])
    assert again.errors == report.errors
    assert again.total == report.total
