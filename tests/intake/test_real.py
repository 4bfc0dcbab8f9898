"""Real posts and accounts, as a researcher has them: a sample of each file."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from intake.lake import Lake
from intake.reading import parse_column_map

POSTS = parse_column_map("account_id=author,text=content,created_at=publish_date,lang=language")


@pytest.mark.parametrize(
    "name",
    ["troll_posts", "extremist_posts", "control_posts", "control_congress_posts"],
)
def test_real_posts(shared: Path, lake: Lake, tmp_path: Path, name: str) -> None:
    table = pq.read_table(shared / "data" / f"{name}.parquet").slice(0, 4_000)
    for path in (tmp_path / "sample.parquet", tmp_path / "sample.csv"):
        if path.suffix == ".csv":
            table.to_pandas().to_csv(path, index=False, quoting=csv.QUOTE_ALL)
            continue
        pq.write_table(table, path)
    report = lake.ingest([tmp_path / "sample.parquet"], column_map=POSTS)
    file = report.files[0]
    assert file.error is None
    assert (file.total.taken, file.total.rejected) == (4_000, 0)
    assert file.notes[0].endswith("times without a zone were taken as UTC")
    assert len(file.notes) == 1, "a language was not recognised"
    posts = {post.post_id: post for post in lake.posts()}
    for row in table.to_pylist():
        post = posts[row["post_id"]]
        assert (post.account_id, post.text) == (row["author"].strip(), row["content"])
        assert post.created_at is not None
        assert post.created_at.replace(tzinfo=None) == row["publish_date"]
    again = lake.ingest([tmp_path / "sample.csv"], column_map=POSTS)
    assert (again.total.taken, again.total.already_there) == (0, 4_000)


def test_real_accounts(shared: Path, lake: Lake, tmp_path: Path) -> None:
    table = pq.read_table(shared / "data" / "accounts.parquet").slice(0, 4_000)
    pq.write_table(table, tmp_path / "accounts.parquet")
    columns = {"account_id": "author", "display_name": "name"}
    report = lake.ingest([tmp_path / "accounts.parquet"], column_map=columns)
    total = report.total
    assert total.taken + total.rejected + total.already_there == 4_000
    # One account's name is longer than an id may be.
    assert total.rejected <= 1
    assert len(lake.accounts()) <= total.taken
