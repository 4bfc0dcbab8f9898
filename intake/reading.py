"""Reading one file: its form is told by its content, its rows come in the contract's names."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path

from intake import bluesky, x_api, x_archive
from intake.errors import FileError, RequestError
from intake.items import Bad, Item, Kind, Read
from intake.jsontext import Document, documents
from intake.opening import Source
from intake.rows import FIELDS, REQUIRED
from intake.tables import Table, open_table

ColumnMap = Mapping[str, str]
"""Field of the contract → column of the file."""


_LOOKED_AT = 100
"""Objects of a JSON file by which its format and its columns are told."""


class Format(StrEnum):
    """The formats that `--format` can name; without it the content tells."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"
    X_API = "x-api"
    X_ARCHIVE = "x-archive"
    BLUESKY = "bluesky"


@dataclass(slots=True)
class Reading:
    """What is known of a file while it is read.

    `naive_is_utc`: whether the format defines a time without a zone as UTC; `naive_is_noted`:
    whether that is our reading of it rather than the source's own word. `ids_are_unique`: whether
    a post id that comes twice is a fault of the file (tables) or its nature (pages of an API).
    """

    form: Format
    naive_is_utc: bool
    naive_is_noted: bool
    ids_are_unique: bool
    items: Read
    done: Callable[[], float]


def parse_column_map(text: str) -> dict[str, str]:
    """The column map written as `field=column,field=column`.

    Raises:
        RequestError: a part without `=`, or a field given twice.
    """
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        field, sign, column = (piece.strip() for piece in part.partition("="))
        if not (field and sign and column):
            raise RequestError(f"--map: {part!r} is not field=column")
        if field in found:
            raise RequestError(f"--map: {field} is given twice")
        found[field] = column
    return found


def check_request(
    format_name: str | None, kind: str | None, column_map: ColumnMap | None
) -> tuple[Format | None, Kind | None]:
    """The format and kind asked for.

    Raises:
        RequestError: an unknown format, kind or field, before any file is touched.
    """
    if format_name is not None and format_name not in set(Format):
        raise RequestError(f"--format: {format_name!r} is none of {', '.join(Format)}")
    if kind is not None and kind not in set(Kind):
        raise RequestError(f"--kind: {kind!r} is none of {', '.join(Kind)}")
    asked = None if kind is None else Kind(kind)
    fields = {field for one in ([asked] if asked else list(Kind)) for field in FIELDS[one]}
    unknown = sorted(set(column_map or ()) - fields - {"key"})
    if unknown:
        raise RequestError(
            f"--map: {unknown[0]!r} is no field of {asked or 'any kind'}; "
            f"fields are {', '.join(sorted(fields))}"
        )
    found = None if format_name is None else Format(format_name)
    if column_map and found in {Format.X_API, Format.X_ARCHIVE, Format.BLUESKY}:
        raise RequestError(f"--map: the columns of {found} are known and cannot be mapped")
    return found, asked


def read(
    source: Source,
    *,
    form: Format | None = None,
    column_map: ColumnMap | None = None,
    kind: Kind | None = None,
) -> Reading:
    """Start to read `source`; the rows come as `items` is consumed.

    Raises:
        FileError: the file is not of that format, or lacks a column; more may come from `items`.
    """
    mapped = dict(column_map or {})
    if source.is_parquet != (form is Format.PARQUET) and form not in {None, Format.X_ARCHIVE}:
        is_now = "Parquet" if source.is_parquet else "not Parquet"
        raise FileError(source.path, f"asked for {form}, but it is {is_now}")
    starts_as_json = source.peek()[:1] in (b"{", b"[") if not source.is_parquet else False
    json_formats = {Format.JSON, Format.X_API, Format.BLUESKY}
    if form in json_formats or (form is None and starts_as_json):
        return _json(source, form, mapped, kind)
    return _table(source, form, mapped, kind)


def _table(
    source: Source, form: Format | None, mapped: dict[str, str], kind: Kind | None
) -> Reading:
    table = open_table(source)

    def done() -> float:
        return table.done

    archive = x_archive.recognises(table.columns)
    if form is Format.X_ARCHIVE and not archive:
        raise FileError(source.path, f"lacks the archive's columns; has {_named(table.columns)}")
    if archive and (form is Format.X_ARCHIVE or (not mapped and kind is None)):
        return Reading(Format.X_ARCHIVE, True, False, True, x_archive.read(table), done)
    found_kind, columns = resolve(source.path, table.columns, mapped, kind)
    items = _rows(table, found_kind, columns)
    found = Format.PARQUET if source.is_parquet else Format.CSV
    return Reading(found, True, True, True, items, done)


def _rows(table: Table, kind: Kind, columns: Mapping[str, str]) -> Read:
    names = list(columns)
    for row in table.rows([table.columns.index(columns[name]) for name in names], kind):
        if isinstance(row, Bad):
            yield row
        else:
            number, place, cells = row
            yield Item(kind, number, place, dict(zip(names, cells, strict=True)))


def _json(
    source: Source, form: Format | None, mapped: dict[str, str], kind: Kind | None
) -> Reading:
    stream = documents(source, kind or Kind.POSTS)
    held = list(islice(stream, _LOOKED_AT))
    seen = [one[2] for one in held if not isinstance(one, Bad)]
    every = chain(held, stream)
    if form is None:
        known = _json_format(seen[0]) if seen and not mapped and kind is None else None
        form = known or Format.JSON
    if form is not Format.JSON:
        reader = x_api.read if form is Format.X_API else bluesky.read
        knows = x_api.recognises if form is Format.X_API else bluesky.recognises
        items = _documents(every, reader, knows, form)
        return Reading(form, False, False, False, items, lambda: source.done)
    names = list(dict.fromkeys(name for row in seen for name in row))
    if kind is None and seen:
        kind, _ = resolve(source.path, names, mapped, None, rows_may_differ=True)
    # Rows of JSON need not all have the same names, so each row is asked for every field.
    kind = kind or Kind.POSTS
    mapped = _without_alias(mapped)
    columns = {field: mapped.get(field, field) for field in FIELDS[kind]}
    items = _objects(every, kind, columns)
    return Reading(form, False, False, True, items, lambda: source.done)


def _json_format(first: Mapping[str, object]) -> Format | None:
    if x_api.recognises(first):
        return Format.X_API
    return Format.BLUESKY if bluesky.recognises(first) else None


def _documents(
    stream: Iterable[Document | Bad],
    reader: Callable[[int, str, Mapping[str, object]], Read],
    knows: Callable[[Mapping[str, object]], bool],
    form: Format,
) -> Read:
    for one in stream:
        if isinstance(one, Bad):
            yield one
        elif knows(one[2]):
            yield from reader(*one)
        else:
            yield Bad(Kind.POSTS, one[0], one[1], "row", f"no document of {form}")


def _objects(stream: Iterable[Document | Bad], kind: Kind, columns: Mapping[str, str]) -> Read:
    for one in stream:
        if isinstance(one, Bad):
            yield one
        else:
            number, place, row = one
            fields = {name: row.get(at) for name, at in columns.items()}
            if kind is Kind.LINKAGES and fields["key_hash"] is None:
                fields["key_hash"] = row.get("key")
            yield Item(kind, number, place, fields)


def resolve(
    path: Path,
    columns: Sequence[str],
    mapped: Mapping[str, str],
    kind: Kind | None,
    *,
    rows_may_differ: bool = False,
) -> tuple[Kind, dict[str, str]]:
    """The kind of a table and the column of each of its fields.

    A mapped field takes the mapped column; any other takes the column of its own name, in
    whatever case. A linkage's key may stand in `key` or `key_hash`: it is hashed in any case, for
    who could tell a raw one by its looks?

    Raises:
        FileError: a mapped column is not there, a needed field has no column, or no kind fits.
    """
    named = {column.strip().lower(): column for column in reversed(columns)}
    mapped = _without_alias(mapped)
    for field, column in mapped.items():
        if column not in columns and not rows_may_differ:
            raise FileError(
                path, f"no column {column!r} for {field}; columns are {_named(columns)}"
            )
    if "key" in named:
        named.setdefault("key_hash", named["key"])
    available = set(mapped) | set(named)
    if kind is None:
        kind = _kind(available)
    if kind is None:
        raise FileError(
            path,
            f"columns {_named(columns)} are of no known kind; name them with --map field=column "
            f"(posts need {', '.join(REQUIRED[Kind.POSTS])})",
        )
    missing = [field for field in REQUIRED[kind] if field not in available]
    if missing:
        raise FileError(
            path,
            f"{kind} need {missing[0]}, and no column has that name (columns are "
            f"{_named(columns)}); name it with --map {missing[0]}=column",
        )
    return kind, {
        field: mapped.get(field, named.get(field, ""))
        for field in FIELDS[kind]
        if field in available
    }


def _without_alias(mapped: Mapping[str, str]) -> dict[str, str]:
    return {("key_hash" if field == "key" else field): name for field, name in mapped.items()}


def _kind(available: set[str]) -> Kind | None:
    if "post_id" in available:
        return Kind.POSTS
    if available >= set(REQUIRED[Kind.FOLLOWS]):
        return Kind.FOLLOWS
    if available >= set(REQUIRED[Kind.LINKAGES]):
        return Kind.LINKAGES
    profile = set(FIELDS[Kind.ACCOUNTS]) - {"account_id", "observed_at"}
    if "account_id" in available and available & profile:
        return Kind.ACCOUNTS
    return Kind.SHARES if available >= set(REQUIRED[Kind.SHARES]) else None


def _named(columns: Sequence[str]) -> str:
    shown = [re.sub(r"\s+", " ", column)[:40] for column in columns[:30]]
    more = f" and {len(columns) - 30} more" if len(columns) > 30 else ""
    return ", ".join(shown) + more
