"""The engines under the Ibis expressions, and the few functions that they name differently.

Posts are read, made comparable and reduced to actions by the engine that was asked for: DuckDB, or
PySpark where it is installed (the extra `spark`) and Java is there. Actions then land in DuckDB as
numbers; sweeps and nulls run there and in numpy, and so are the same under both.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from coordination.plain_csv import plain_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.duckdb import Backend
    from ibis.backends.sql import SQLBackend

ENGINES = ("duckdb", "spark")
_SPARK = "pyspark"
"""What Ibis calls the other one."""


class EngineError(ValueError):
    """The engine that was asked for is not there; the message says which are, or what it lacks."""


def _builtin(name: str, takes: tuple[Any, ...], gives: Any) -> Any:
    """A function that an engine has under this name, so that Ibis may call it."""
    # Ibis reads the arguments off a function that is never called.
    declared: Any = (lambda: None, lambda _a: None, None, lambda _a, _b, _c: None)[len(takes)]
    declared.__name__ = f"of_engine_{name}"
    return ibis.udf.scalar.builtin(declared, name=name, signature=(takes, gives))


_EPOCH = {
    "duckdb": _builtin("epoch_us", (dt.timestamp,), dt.int64),
    _SPARK: _builtin("unix_micros", (dt.timestamp,), dt.int64),
}
_FROM_EPOCH = _builtin("make_timestamp", (dt.int64,), dt.timestamp)
_EXTRACT_ALL = _builtin("regexp_extract_all", (dt.string, dt.string, dt.int64), dt.Array(dt.string))
_FINGERPRINT = _builtin("hash", (dt.string,), dt.uint64)
_PLACE = _builtin("monotonically_increasing_id", (), dt.int64)


def connect(engine: str, *, scratch: Path, threads: int | None, memory: str) -> Backend:
    """A fresh DuckDB with its tables in memory; what exceeds `memory` spills to `scratch`.

    It holds the run's numbers whatever `engine` reads the posts; see `reader`. `memory` is a
    DuckDB size such as `2GB`. Raises EngineError for an engine that is not known.
    """
    if engine not in ENGINES:
        raise EngineError(f"engine {engine!r} is not available; available: {', '.join(ENGINES)}")
    con = ibis.duckdb.connect(
        temp_directory=str(scratch),
        memory_limit=memory,
        preserve_insertion_order=False,
        **({} if threads is None else {"threads": threads}),
    )
    # Naive times in files are UTC by contract, whatever the machine's own zone.
    con.raw_sql("SET TimeZone = 'UTC'")
    return con


def reader(engine: str, con: Backend, scratch: Path, threads: int | None) -> SQLBackend:
    """Where posts are read: `con` itself, or a Spark session in local mode.

    A Spark session of this process that runs already is used as it is.
    Raises EngineError: no pyspark, or no Java.
    """
    if engine != "spark":
        return con
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError(
            "engine 'spark' needs PySpark: pip install 'concert[spark]'; available: duckdb"
        ) from None
    session = SparkSession.getActiveSession()
    if session is None:
        if shutil.which("java") is None:
            raise EngineError("engine 'spark' needs Java 17 or later, and there is no java to run")
        session = (
            SparkSession.builder.master(f"local[{threads or '*'}]")
            .appName("concert")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
            .config("spark.sql.shuffle.partitions", "8")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
    return ibis.pyspark.connect(session)


def land(con: Backend, expression: ir.Table, name: str, scratch: Path) -> ir.Table:
    """An expression of the reader as a table of `con`, which is computed once."""
    home = expression.get_backend()
    if home is con:
        return con.create_table(name, expression, overwrite=True)
    folder = scratch / f"{name}.parquet"
    home.to_parquet(expression, folder, mode="overwrite")
    # The parts stay where they are: DuckDB reads of them what it needs.
    return con.read_parquet(str(folder / "*.parquet"), table_name=name)


def upload(con: SQLBackend, table: Any, name: str, scratch: Path | None) -> ir.Table:
    """An Arrow table as a table of an engine; DuckDB needs no `scratch` for it."""
    if scratch is None or con.name != _SPARK:
        return con.create_table(name, table, temp=True)
    import pyarrow.parquet as pq

    # Not through pandas, as Ibis would: it makes the text "NaN" of a text that is not there.
    path = scratch / f"{name}.parquet"
    pq.write_table(table, path)
    return con.read_parquet(str(path))


def arrow(con: Backend, expression: ir.Table) -> pa.Table:
    """The rows of an expression over DuckDB's tables.

    Ibis's own way loads pandas for it, which takes longer than a small run itself.
    """
    found: pa.Table = con.con.execute(con.compile(expression)).to_arrow_table()
    return found


def unreadable() -> tuple[type[Exception], ...]:
    """What the engines raise for a file that is not what its name says."""
    import duckdb

    try:
        from pyspark.errors import PySparkException
    except ImportError:
        return (duckdb.Error,)
    return duckdb.Error, PySparkException


def read_text(con: SQLBackend, path: Path, *, keep: bool) -> ir.Table:
    """A CSV or TSV file with a header, every column as text: no type is guessed.

    With `keep` it is parsed once and its rows are kept; else, each time that they are asked for.
    Raises the engine's own error for what is no such file.
    """
    if con.name != _SPARK:
        if not keep:
            return con.read_csv(path, all_varchar=True, header=True)
        name = ibis.util.gen_name("text")
        read_csv(con.con, path, plain_columns(path)).create(name)
        return con.table(name)
    separator = "\t" if ".tsv" in path.name.lower() else ","
    return con.read_csv(
        str(path), header=True, inferSchema=False, multiLine=True, sep=separator, escape='"'
    )


def read_csv(con: duckdb.DuckDBPyConnection, path: Path, names: list[str] | None) -> Any:
    """A CSV file as text; with `names` it is plain, and how it is written is not found out."""
    if names is None:
        return con.read_csv(str(path), all_varchar=True, header=True)
    return con.read_csv(
        str(path), header=True, auto_detect=False, sep=",", quotechar='"', escapechar='"',
        columns=dict.fromkeys(names, "VARCHAR"),
    )  # fmt: skip


def read_parts(con: SQLBackend, files: Sequence[Path]) -> ir.Table:
    """Parquet files as one table, columns by name."""
    if con.name != _SPARK:
        return con.read_parquet([str(file) for file in files], union_by_name=True)
    name = ibis.util.gen_name("parts")
    read = con._session.read.option("mergeSchema", "true")
    read.parquet(*(str(file) for file in files)).createOrReplaceTempView(name)
    return con.table(name)


def micros(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Microseconds since 1970-01-01 UTC of a timestamp; a naive one is UTC."""
    return _EPOCH[_engine_of(moment)](moment.cast("timestamp"))


def moment(micros_since_1970: ir.IntegerValue) -> ir.TimestampValue:
    """The timestamp in UTC of microseconds since 1970-01-01 UTC."""
    return _FROM_EPOCH(micros_since_1970).cast("timestamp('UTC')")


def extract_all(text: ir.StringValue, pattern: str, group: int) -> ir.ArrayValue:
    """Every match of a group of `pattern` in `text`, in order; both engines name it the same."""
    return _EXTRACT_ALL(text, pattern, group)


def fingerprint(text: ir.StringValue) -> ir.IntegerValue:
    """64 bits that stand for a text (DuckDB's own hash)."""
    return _FINGERPRINT(text)


def present(text: ir.StringValue) -> ir.BooleanValue:
    """Whether a text is there and holds more than white space."""
    # What begins above the space does, and is told without looking through the whole text.
    return (text >= "!") | (text.strip() != "")


def in_order(table: ir.Table) -> ir.Table:
    """With a column `row` that follows the order of the rows as they were read."""
    row = _PLACE() if _engine_of(table) == _SPARK else ibis.row_number()
    return table.mutate(row=row.cast("int64"))


def _engine_of(value: ir.Expr) -> str:
    return str(value.get_backend().name)
