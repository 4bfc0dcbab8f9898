"""A table of shares: who shared which object in which post, and when. Input of detection alone."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from intake.errors import FieldError
from intake.items import Bad, Kind, Notes, rejected
from intake.opening import Source
from intake.reading import check_request, read
from intake.rows import FIELDS, Cleaner, Row

_COLUMNS: dict[str, pa.DataType] = {
    "object": pa.string(),
    "account": pa.string(),
    "post": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
}
SCHEMA = pa.schema(_COLUMNS)
_BATCH = 100_000


class Shares:
    """Shares as an Arrow table (`SCHEMA`), and the rows that could not be taken."""

    def __init__(self, table: pa.Table, rejects: tuple[Bad, ...], notes: tuple[str, ...]) -> None:
        self.table = table
        self.rejects = rejects
        self.notes = notes


def read_shares(
    path: Path,
    column_map: Mapping[str, str] | None = None,
    *,
    format: str | None = None,  # noqa: A002  (the name of the option)
) -> Shares:
    """Read a CSV, Parquet or JSON table of shares.

    Times may be RFC 3339 in any zone, without a zone (taken as UTC, and noted), epoch seconds,
    milliseconds or microseconds. Where there is no `post`, the column is null.

    Raises:
        RequestError: the map names an unknown field.
        FileError: the file cannot be read or lacks a column.
    """
    found_format, kind = check_request(format, Kind.SHARES, column_map)
    rejects: list[Bad] = []
    batches: list[pa.RecordBatch] = []
    rows: list[Row] = []
    notes = Notes()
    with Source(path) as source:
        reading = read(source, form=found_format, column_map=column_map, kind=kind)
        cleaner = Cleaner(naive_is_utc=reading.naive_is_utc, notes=notes)
        for item in reading.items:
            if isinstance(item, Bad):
                rejects.append(item)
                continue
            try:
                rows.append(cleaner.clean(item))
            except FieldError as error:
                rejects.append(rejected(item, error.field, error.reason))
            if len(rows) == _BATCH:
                batches.append(_batch(rows))
                rows = []
    batches.append(_batch(rows))
    table = pa.Table.from_batches(batches, schema=SCHEMA)
    return Shares(table, tuple(rejects), tuple(notes.lines()))


def _batch(rows: list[Row]) -> pa.RecordBatch:
    columns = [
        pa.array([row[name] for row in rows], type=SCHEMA.field(name).type)
        for name in FIELDS[Kind.SHARES]
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
