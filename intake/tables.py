"""Tables: CSV (comma, semicolon or tab; plain or gzip) and Parquet, row by row."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from intake.errors import FileError
from intake.items import Bad, Kind, printable
from intake.opening import LINE_BYTES, LongLineError, Source

Cells = tuple[int, str, Sequence[Any]]
"""Row number from 1, its place in other words, and the values of the wanted columns."""

# A cell may be as long as a line; the csv module's own limit would stop at 128 kB.
csv.field_size_limit(LINE_BYTES)

_BATCH = 8_192
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Table(Protocol):
    """A table with named columns that is read once, in order."""

    columns: list[str]

    def rows(self, wanted: Sequence[int], kind: Kind) -> Iterator[Cells | Bad]:
        """The cells of the columns `wanted` of each row; `kind` labels rows that cannot be read."""
        ...

    @property
    def done(self) -> float:
        """The share that has been read, 0 to 1."""
        ...


def open_table(source: Source) -> Table:
    """The table in `source`.

    Raises:
        FileError: no header, two columns of one name, or damaged Parquet.
    """
    table: Table = _Parquet(source) if source.is_parquet else _Csv(source)
    twice = {name for name in table.columns if table.columns.count(name) > 1}
    if twice:
        raise FileError(source.path, f"two columns have the name {sorted(twice)[0]!r}")
    return table


class _Csv:
    def __init__(self, source: Source) -> None:
        self._source = source
        lines = source.lines()
        try:
            header = next((line for line in lines if line.strip()), "")
        except LongLineError as error:
            raise FileError(source.path, f"no header: {error}") from None
        if not header:
            raise FileError(source.path, "is empty")
        delimiter = max(",\t;", key=header.count)
        self._reader = csv.reader(chain([header], lines), delimiter=delimiter, strict=True)
        try:
            names = next(self._reader)
        except csv.Error as error:
            raise FileError(source.path, f"its header is not CSV: {error}") from None
        self.columns = [printable(name.strip()) for name in names]

    @property
    def done(self) -> float:
        return self._source.done

    def rows(self, wanted: Sequence[int], kind: Kind) -> Iterator[Cells | Bad]:
        width = len(self.columns)
        number = 0
        while True:
            line = self._reader.line_num + 1
            place = f"line {line}"
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except LongLineError as error:
                number += 1
                yield Bad(kind, number, place, "row", str(error))
                continue
            except csv.Error as error:
                number += 1
                yield Bad(kind, number, place, "row", _in_words(error))
                continue
            if not cells:
                continue
            number += 1
            if len(cells) != width:
                reason = f"{len(cells)} cells where the header has {width}"
                yield Bad(kind, number, place, "row", reason)
                continue
            yield number, place, [cells[index] for index in wanted]


def _in_words(error: csv.Error) -> str:
    reason = str(error)
    if "unexpected end of data" in reason:
        return "a quotation mark that opens here is never closed; the rest of the file is in it"
    if "new-line character" in reason:
        return "a carriage return outside quotation marks"
    return f"not CSV: {reason}"


class _Parquet:
    def __init__(self, source: Source) -> None:
        self._path = source.path
        try:
            self._file = pq.ParquetFile(source.path)
        except (pa.ArrowException, OSError) as error:
            raise FileError(source.path, f"damaged Parquet: {_first_line(error)}") from None
        self.columns = list(self._file.schema_arrow.names)
        self._total = self._file.metadata.num_rows
        self._read = 0

    @property
    def done(self) -> float:
        return self._read / self._total if self._total else 1.0

    def rows(self, wanted: Sequence[int], kind: Kind) -> Iterator[Cells | Bad]:  # noqa: ARG002
        names = [self.columns[index] for index in wanted]
        number = 0
        batches = self._file.iter_batches(_BATCH, columns=names)
        while True:
            try:
                batch = next(batches)
                columns = [_values(batch.column(name)) for name in names]
            except StopIteration:
                return
            except (pa.ArrowException, OSError) as error:
                raise FileError(
                    self._path, f"damaged Parquet after row {number}: {_first_line(error)}"
                ) from None
            for values in zip(*columns, strict=True):
                number += 1
                yield number, f"row {number}", values
            self._read = number


def _values(column: "pa.Array[Any]") -> list[Any]:
    """The values of a column as Python's, timestamps as datetimes of microseconds."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not pa.types.is_timestamp(column.type):
        values: list[Any] = column.to_pylist()
        return values
    unit = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001}[column.type.unit]
    zoned = column.type.tz is not None
    numbers = column.cast(pa.int64()).to_pylist()
    return [None if one is None else _moment(one, unit, zoned) for one in numbers]


def _moment(number: int, unit: float, zoned: bool) -> datetime | str:
    micros = number // 1_000 if unit < 1 else number * int(unit)
    try:
        moment = _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        # No datetime can hold it; as text it is rejected with its row and field.
        return f"{micros} microseconds since 1970"
    return moment if zoned else moment.replace(tzinfo=None)


def _first_line(error: Exception) -> str:
    return printable(str(error)).splitlines()[0][:200] if str(error) else type(error).__name__
