"""The lake: nothing twice, nothing lost, whatever the order, and what can be asked of it."""

import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake import ingest
from intake.commits import Tally
from intake.errors import FileError
from intake.items import Kind
from intake.lake import Lake
from policy.records import Post

from .conftest import Write

HEAD = "post_id,account_id,text,created_at,lang\n"
NOON = datetime(2018, 3, 5, 12, tzinfo=UTC)

ids = st.integers(0, 30).map(str)
cells = st.sampled_from(["ok", "bad date", "no account", "short row"])
files = st.lists(st.lists(st.tuples(ids, cells), max_size=25), min_size=1, max_size=3)


def _csv(rows: list[tuple[str, str]]) -> str:
    """The content follows from the id, so that one id always means one post."""
    shapes = {
        "ok": "{0},u{0},post {0},2018-03-05T12:00:00Z,en",
        "bad date": "{0},u{0},post {0},2018-02-30,en",
        "no account": "{0},,post {0},,",
        "short row": "{0},u{0}",
    }
    return HEAD + "".join(shapes[shape].format(post) + "\n" for post, shape in rows)


def _content(lake: Lake) -> list[Post]:
    return sorted(lake.posts(), key=lambda post: post.post_id)


@settings(deadline=None, max_examples=20)
@given(files=files, seed=st.randoms())
def test_every_row_is_accounted_for_and_no_order_or_repetition_matters(
    files: list[list[tuple[str, str]]], seed: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{at}.csv" for at in range(len(files))]
        for path, rows in zip(paths, files, strict=True):
            path.write_text(_csv(rows), encoding="utf-8")
        lake = Lake(Path(folder) / "lake")
        report = lake.ingest(paths)
        for file, rows in zip(report.files, files, strict=True):
            total = file.total
            assert total.taken + total.rejected + total.already_there == len(rows)
        good = {post for rows in files for post, shape in rows if shape == "ok"}
        expected = [
            Post(post_id=one, account_id=f"u{one}", text=f"post {one}", created_at=NOON, lang="en")
            for one in sorted(good)
        ]
        assert _content(lake) == expected
        assert report.total.taken == len(good)

        head, rejects = lake.head(), lake.rejects()
        again = lake.ingest(paths)
        assert again.total.taken == 0
        assert again.total.rejected == report.total.rejected
        assert all(file.repeated for file in again.files)
        assert (lake.head(), lake.rejects()) == (head, rejects)

        seed.shuffle(paths)
        assert _content(lake) == expected
        other = Lake(Path(folder) / "other")
        assert other.ingest(paths).total.taken == len(good)
        assert _content(other) == expected


def test_the_same_file_under_another_name_and_the_same_post_in_another_file(
    lake: Lake, write: Write
) -> None:
    text = HEAD + "1,u,hello,,\n2,u,again,,\n"
    assert lake.ingest([write("a.csv", text)]).total == Tally(taken=2)
    repeated = lake.ingest([write("b.csv", text)])
    assert repeated.files[0].repeated
    assert repeated.total == Tally(already_there=2)
    other = lake.ingest([write("c.csv", text + "3,u,new,,\n")])
    assert other.total == Tally(taken=1, already_there=2)
    assert lake.counts()["posts"] == 3


def test_batches_change_nothing(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{at % 40},u,hello,,\n" for at in range(50))
    path = write("posts.csv", HEAD + rows)
    whole, pieces = Lake(tmp_path / "whole"), Lake(tmp_path / "pieces")
    first = whole.ingest([path])
    monkeypatch.setattr(ingest, "BATCH_ROWS", 7)
    second = pieces.ingest([path])
    assert first.total == second.total == Tally(taken=40, rejected=10)
    assert _content(whole) == _content(pieces)
    assert (whole.head(), pieces.head()) == (1, 8)
    assert [{**one, "source": ""} for one in whole.rejects()] == [
        {**one, "source": ""} for one in pieces.rejects()
    ]


def test_the_cursor_takes_only_what_is_new(lake: Lake, write: Write) -> None:
    assert (lake.head(), lake.parts_after(), list(lake.posts())) == (0, [], [])
    lake.ingest([write("a.csv", HEAD + "1,u1,hello,,\n"), write("b.csv", HEAD + "2,u2,hello,,\n")])
    cursor = lake.head()
    assert [part.number for part in lake.parts_after()] == [1, 2]
    assert lake.parts_after(cursor) == []
    assert lake.active_after(cursor) == []
    # Another process brings more; this lake sees it.
    Lake(lake.folder).ingest([write("c.csv", HEAD + "3,u1,hello,,\n2,u2,hello,,\n")])
    assert [part.rows for part in lake.parts_after(cursor)] == [1]
    assert lake.active_after(cursor) == ["u1"]
    assert lake.active_after(0) == ["u1", "u2"]
    assert [post.post_id for post in lake.posts(after=cursor)] == ["3"]


def test_the_most_recent_posts_of_some_accounts(lake: Lake, write: Write) -> None:
    times = [NOON + timedelta(hours=at) for at in range(5)]
    rows = "".join(f"{at},u1,hello,{time.isoformat()},\n" for at, time in enumerate(times))
    lake.ingest([write("a.csv", HEAD + rows + "8,u1,undated,,\n9,u2,hello,,\n")])
    found = lake.posts_of(["u1", "u3"], limit=2)
    assert [post.post_id for post in found["u1"]] == ["4", "3"]
    assert found["u3"] == []
    assert set(found) == {"u1", "u3"}
    assert [post.post_id for post in lake.posts_of(["u1"])["u1"]] == ["4", "3", "2", "1", "0", "8"]
    since = lake.posts_of(["u1"], since=times[3])
    assert [post.post_id for post in since["u1"]] == ["4", "3"]
    assert {key: post.text for key, post in lake.post(["8", "77"]).items()} == {"8": "undated"}
    assert lake.posts_of([]) == {}


def test_the_latest_snapshot_of_an_account(lake: Lake, write: Write) -> None:
    head = "account_id,description,observed_at\n"
    lake.ingest(
        [
            write("a.csv", head + "1,newest,2020-01-01T00:00Z\n2,first,\n"),
            write("b.csv", head + "1,older,2019-01-01T00:00Z\n2,second,\n1,undated,\n"),
        ]
    )
    found = lake.accounts()
    assert {key: one.description for key, one in found.items()} == {"1": "newest", "2": "second"}
    assert list(lake.accounts(["2"])) == ["2"]
    assert [one.description for one in lake.snapshots("1")] == ["undated", "older", "newest"]


def test_two_ingests_at_once_do_not_harm_each_other(lake: Lake, write: Write) -> None:
    paths = [
        write(
            f"{at}.csv", HEAD + "".join(f"{n},u,hello,,\n" for n in range(at * 100, at * 100 + 300))
        )
        for at in range(4)
    ]
    threads = [
        threading.Thread(target=lambda order=order: Lake(lake.folder).ingest(order))  # type: ignore[misc]
        for order in (paths, paths[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(post.post_id for post in lake.posts()) == sorted(str(at) for at in range(600))
    assert lake.ingest(paths).total == Tally(already_there=1200)


def test_an_account_snapshot_is_kept_once(lake: Lake, write: Write) -> None:
    head = "account_id,description\n"
    first = lake.ingest([write("a.csv", head + "1,same\n1,same\n1,other\n")])
    assert first.tallies == {Kind.ACCOUNTS: Tally(taken=2, already_there=1)}
    assert lake.ingest([write("b.csv", head + "1,other\n1,same\n")]).total.taken == 0


def test_progress_is_told(lake: Lake, write: Write) -> None:
    told: list[tuple[float, int]] = []
    path = write("a.csv", HEAD + "".join(f"{at},u,hello,,\n" for at in range(12_000)))
    lake.ingest([path], progress=lambda _, share, rows: told.append((share, rows)))
    assert [rows for _, rows in told] == [5_000, 10_000, 12_000]
    assert told == sorted(told)
    assert told[-1][0] == 1.0


def test_a_lake_that_is_a_file_or_damaged_is_named(lake: Lake, write: Write) -> None:
    path = write("a.csv", HEAD + "1,u,hello,,\n")
    with pytest.raises(FileError, match="the lake cannot be written"):
        Lake(path).ingest([path])
    lake.ingest([path])
    lake.parts_after()[0].path.write_bytes(b"not Parquet at all")
    with pytest.raises(FileError, match="a part of the lake cannot be read"):
        lake.posts_of(["u"])
    (lake.folder / "commits" / "00000001.json").write_text("{}")
    with pytest.raises(FileError, match="damaged commit"):
        Lake(lake.folder).head()
