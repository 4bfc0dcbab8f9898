"""The lake's Parquet parts: their columns, how rows become one, where each lies."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intake.commits import write_whole
from intake.items import Bad, Kind
from intake.rows import Row

_TIME = pa.timestamp("us", tz="UTC")
_STRINGS = pa.list_(pa.string())
ROW_DIGEST = "row_digest"
"""What a row without an id of its own is known by: a digest of all its fields."""

LAKE_KINDS = (Kind.POSTS, Kind.ACCOUNTS, Kind.LINKAGES, Kind.FOLLOWS)
KEY: dict[Kind, str] = {Kind.POSTS: "post_id"} | dict.fromkeys(LAKE_KINDS[1:], ROW_DIGEST)
"""The column by which a row that is already there is recognised."""

REJECTS = "rejects"


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(columns)


SCHEMAS: dict[str, pa.Schema] = {
    Kind.POSTS: _schema(
        post_id=pa.string(),
        account_id=pa.string(),
        text=pa.string(),
        created_at=_TIME,
        lang=pa.string(),
        reposted_post_id=pa.string(),
        reposted_account_id=pa.string(),
        replied_to_post_id=pa.string(),
        replied_to_account_id=pa.string(),
        quoted_post_id=pa.string(),
        urls=_STRINGS,
        hashtags=_STRINGS,
        mentions=_STRINGS,
        media_hashes=_STRINGS,
        client=pa.string(),
    ),
    Kind.ACCOUNTS: _schema(
        account_id=pa.string(),
        handle=pa.string(),
        display_name=pa.string(),
        description=pa.string(),
        location=pa.string(),
        created_at=_TIME,
        followers=pa.int64(),
        following=pa.int64(),
        observed_at=_TIME,
        row_digest=pa.string(),
    ),
    Kind.LINKAGES: _schema(
        account_id=pa.string(),
        kind=pa.string(),
        key_hash=pa.string(),
        observed_at=_TIME,
        row_digest=pa.string(),
    ),
    Kind.FOLLOWS: _schema(
        follower_id=pa.string(),
        followed_id=pa.string(),
        observed_at=_TIME,
        row_digest=pa.string(),
    ),
    REJECTS: _schema(
        file=pa.string(),
        source=pa.string(),
        row=pa.int64(),
        place=pa.string(),
        kind=pa.string(),
        field=pa.string(),
        reason=pa.string(),
        account_id=pa.string(),
        raw=pa.string(),
    ),
}


def row_digest(row: Row) -> str:
    """32 hex digits that tell this row's content from any other's."""
    return hashlib.blake2b(repr(tuple(row.values())).encode(), digest_size=16).hexdigest()


def reject_row(bad: Bad, file: str, source: str) -> Row:
    """The row of the rejects for `bad`."""
    return {"file": file, "source": source} | asdict(bad)


def part_path(lake: Path, folder: str, number: int) -> Path:
    """Where the part of commit `number` lies."""
    return lake / folder / f"part-{number:08d}.parquet"


def part_number(path: Path) -> int:
    """The commit to which a part belongs."""
    return int(path.stem.removeprefix("part-"))


def write_part(lake: Path, folder: str, number: int, rows: Sequence[Row]) -> None:
    """Write one part: all of it or nothing."""
    schema = SCHEMAS[folder]
    columns = [pa.array([row[field.name] for row in rows], type=field.type) for field in schema]
    table = pa.Table.from_arrays(columns, schema=schema)
    path = part_path(lake, folder, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: pq.write_table(table, partial, compression="zstd"))


def remove_unfinished(lake: Path, last: int) -> None:
    """Remove what a killed ingest left: partial files and parts that no commit names."""
    for folder in (*SCHEMAS, "commits"):
        for path in _files(lake / folder):
            unnamed = path.suffix == ".parquet" and part_number(path) > last
            if path.name.endswith(".partial") or unnamed:
                path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterable[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries, without the digest."""
    kept = [name for name in table.column_names if name != ROW_DIGEST]
    rows: list[dict[str, Any]] = table.select(kept).to_pylist()
    return rows


def batches_of(path: Path, rows: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of one part, some at a time."""
    with pq.ParquetFile(path) as part:
        for batch in part.iter_batches(rows):
            yield rows_of(pa.Table.from_batches([batch]))
