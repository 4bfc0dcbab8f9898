"""Opening what there is: a lake, files, Arrow tables or relations, under the contract's names.

A source is posts (contract columns), or a table of shares (object, account, post, time), with
linkages beside it where there are any. Times become microseconds since 1970 UTC here and nowhere
else; what cannot be read is counted and named, never silently dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import ibis

from coordination.engine import micros, read_parts, read_text, unreadable, upload

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.sql import SQLBackend

Tabular: TypeAlias = "str | Path | pa.Table | ir.Table | Any"
"""A path (Parquet, CSV, a folder of Parquet, a lake), an Arrow table, an Ibis table, or a DuckDB
relation (anything with `.to_arrow_table()`)."""

SHARE_FIELDS = ("object", "account", "post", "time")
POST_FIELDS = (
    "post_id", "account_id", "text", "created_at", "lang", "reposted_post_id",
    "reposted_account_id", "replied_to_post_id", "replied_to_account_id", "quoted_post_id",
    "urls", "hashtags", "mentions", "media_hashes", "client",
)  # fmt: skip
LINKAGE_FIELDS = ("account_id", "kind", "key_hash", "observed_at")


class InputError(ValueError):
    """The input cannot be used; the message names the file or column and what is wanted."""


SMALL = 256_000_000
"""Bytes of input up to which a run's tables fit in memory with room to spare."""


def is_small(source: Tabular) -> bool:
    """Whether the input is a file, or an Arrow table, of at most SMALL bytes (packed: a tenth)."""
    if isinstance(source, str | Path):
        path = Path(source)
        packed = path.suffix in {".gz", ".parquet"}
        return path.is_file() and path.stat().st_size <= (SMALL // 10 if packed else SMALL)
    return int(getattr(source, "nbytes", SMALL + 1)) <= SMALL


@dataclass(frozen=True)
class Source:
    """What was opened. Exactly one of `posts` and `shares` is there."""

    posts: ir.Table | None
    """Contract columns; post_id and account_id text, created_at int64 microseconds."""
    shares: ir.Table | None
    """object, account, post text; time int64 microseconds."""
    linkages: ir.Table | None
    """account_id, kind, key_hash text; observed_at int64 microseconds or null."""


def open_source(
    con: SQLBackend,
    source: Tabular,
    *,
    fields: Mapping[str, str] | None = None,
    linkages: Tabular | None = None,
    scratch: Path | None = None,
) -> Source:
    """Open a source under the contract's names.

    `scratch` is a folder for tables that are handed to an engine other than DuckDB.

    `fields` maps a field of the contract to the column that holds it. With a field `object` (or a
    table that has columns object, account, post, time) the source is a table of shares.
    Raises InputError: no such file, no such column, no rows, an unreadable kind of file.
    """
    table = _read(con, source, "posts", scratch)
    columns = dict(fields or {})
    for field, column in columns.items():
        if column not in table.columns:
            raise InputError(
                f"column {column!r} (for {field}) is not there; columns: {', '.join(table.columns)}"
            )
    links = _linkages(con, source, linkages, scratch)
    if "object" in columns or set(SHARE_FIELDS) <= set(table.columns):
        shares = _named(table, SHARE_FIELDS, columns, required=SHARE_FIELDS)
        shares = shares.mutate(
            object=shares.object.cast("string"),
            account=shares.account.cast("string"),
            post=shares.post.cast("string"),
            time=_time(shares.time),
        )
        return Source(None, shares, links)
    posts = _named(table, POST_FIELDS, columns, required=("post_id", "account_id"), keep=True)
    posts = posts.mutate(
        post_id=posts.post_id.cast("string"), account_id=posts.account_id.cast("string")
    )
    if "created_at" in posts.columns:
        posts = posts.mutate(created_at=_time(posts.created_at))
    return Source(posts, None, links)


def _linkages(
    con: SQLBackend, source: Tabular, linkages: Tabular | None, scratch: Path | None
) -> ir.Table | None:
    if linkages is None and isinstance(source, str | Path) and (Path(source) / "linkages").is_dir():
        linkages = source
    if linkages is None:
        return None
    found = _read(con, linkages, "linkages", scratch)
    table = _named(found, LINKAGE_FIELDS, {}, required=LINKAGE_FIELDS[:3])
    seen = _time(table.observed_at) if "observed_at" in table.columns else ibis.null("int64")
    return table.mutate(observed_at=seen)


def _read(con: SQLBackend, source: Tabular, part: str, scratch: Path | None) -> ir.Table:
    if isinstance(source, str | Path):
        return _read_path(con, Path(source), part)
    if isinstance(source, ibis.Table):
        source = source.to_pyarrow()
    elif hasattr(source, "to_arrow_table"):
        source = source.to_arrow_table()
    if source.num_rows == 0:
        raise InputError("the table has no rows")
    source = _without_null_types(source)
    return upload(con, source, ibis.util.gen_name(part), scratch)


def _without_null_types(table: pa.Table) -> pa.Table:
    """A column in which nothing was ever said has no type; as text it is simply empty."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        kind = field.type
        empty_list = pa.types.is_list(kind) and pa.types.is_null(kind.value_type)
        if pa.types.is_null(kind) or empty_list:
            column = table[field.name].cast(pa.list_(pa.string()) if empty_list else pa.string())
            table = table.set_column(at, field.name, column)
    return table


def _read_path(con: SQLBackend, path: Path, part: str) -> ir.Table:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir():
        folder = path / part if (path / part).is_dir() else path
        files = sorted(folder.rglob("*.parquet"))
        if not files:
            raise InputError(f"{folder}: no Parquet file in it")
        return _parquet(con, files, path)
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _parquet(con, [path], path)
    if name.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz")):
        try:
            # Ids are strings whatever digits they are made of: no column's type is guessed.
            return read_text(con, path, keep=is_small(path))
        except unreadable() as problem:
            raise InputError(f"{path}: not readable as CSV: {_first_line(problem)}") from problem
    raise InputError(f"{path}: neither Parquet nor CSV by its name")


def _parquet(con: SQLBackend, files: list[Path], path: Path) -> ir.Table:
    try:
        return read_parts(con, files)
    except unreadable() as problem:
        raise InputError(f"{path}: not readable as Parquet: {_first_line(problem)}") from problem


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0]


def _named(
    table: ir.Table,
    known: tuple[str, ...],
    columns: Mapping[str, str],
    *,
    required: tuple[str, ...],
    keep: bool = False,
) -> ir.Table:
    chosen = {f: table[columns.get(f, f)] for f in known if columns.get(f, f) in table.columns}
    missing = [field for field in required if field not in chosen]
    if missing:
        raise InputError(
            f"no column for {', '.join(missing)}; columns: {', '.join(table.columns)}; "
            "name them with a map field=column"
        )
    if keep:
        taken = set(columns.values()) | set(chosen)
        chosen |= {c: table[c] for c in table.columns if c not in taken}
    return table.select(**chosen)


def _time(column: ir.Value) -> ir.IntegerValue:
    """Microseconds since 1970 UTC of a timestamp, an epoch number, or a text of either."""
    if column.type().is_timestamp():
        return micros(column)
    if column.type().is_date():
        return micros(column.cast("timestamp"))
    if column.type().is_string():
        number = column.try_cast("float64")
        moment = column.try_cast("timestamp('UTC')")
        return number.isnull().ifelse(micros(moment), _epoch(number))
    if column.type().is_numeric():
        return _epoch(column.cast("float64"))
    raise InputError(f"a time cannot be read from a column of type {column.type()}")


def _epoch(number: ir.FloatingValue) -> ir.IntegerValue:
    """The unit of an epoch is told by its size: seconds stay below 1e11 until the year 5138."""
    size = number.abs()
    # "NaN" and "inf" are numbers to a parser, and no times.
    whole = number.try_cast("int64")
    return ibis.cases(
        (size < 1e11, (number * 1_000_000).round().cast("int64")),
        (size < 1e14, (number * 1_000).round().cast("int64")),
        (size < 1e17, whole),
        else_=whole // 1_000,
    )
