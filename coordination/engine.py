"""The engine under the Ibis expressions, and the few functions that engines name differently."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend


class EngineError(ValueError):
    """The engine that was asked for is not there; the message says which are."""


def _epoch_us(moment: dt.Timestamp) -> dt.Int64:
    """DuckDB's own function, named here so that Ibis may call it."""


def _make_timestamp(micros: dt.Int64) -> dt.Timestamp:
    """DuckDB's own function for the way back."""


def _regexp_extract_all(
    text: dt.String, pattern: dt.String, group: dt.Int64
) -> dt.Array[dt.String]:
    """All matches of a group of `pattern`: the same name and arguments on DuckDB and Spark."""


_epoch = ibis.udf.scalar.builtin(_epoch_us, name="epoch_us", signature=((dt.timestamp,), dt.int64))
_from_epoch = ibis.udf.scalar.builtin(
    _make_timestamp, name="make_timestamp", signature=((dt.int64,), dt.timestamp)
)
_extract_all = ibis.udf.scalar.builtin(
    _regexp_extract_all,
    name="regexp_extract_all",
    signature=((dt.string, dt.string, dt.int64), dt.Array(dt.string)),
)


def connect(engine: str, *, scratch: Path, threads: int | None, memory: str) -> Backend:
    """A fresh connection whose tables lie in `scratch`, so that large steps spill to disk.

    `memory` is a DuckDB size such as `2GB`. Raises EngineError for an engine that is not there.
    """
    if engine != "duckdb":
        raise EngineError(f"engine {engine!r} is not available; available: duckdb")
    con = ibis.duckdb.connect(
        scratch / "work.duckdb",
        temp_directory=str(scratch),
        memory_limit=memory,
        preserve_insertion_order=False,
        **({} if threads is None else {"threads": threads}),
    )
    # Naive times in files are UTC by contract, whatever the machine's own zone.
    con.raw_sql("SET TimeZone = 'UTC'")
    return con


def micros(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Microseconds since 1970-01-01 UTC of a timestamp; a naive one is UTC."""
    return _epoch(moment.cast("timestamp"))


def moment(micros_since_1970: ir.IntegerValue) -> ir.TimestampValue:
    """The timestamp in UTC of microseconds since 1970-01-01 UTC."""
    return _from_epoch(micros_since_1970).cast("timestamp('UTC')")


def extract_all(text: ir.StringValue, pattern: str, group: int) -> ir.ArrayValue:
    """Every match of a group of `pattern` in `text`, in order."""
    return _extract_all(text, pattern, group)
