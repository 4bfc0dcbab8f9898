"""The whole database as plain rows, and back into an empty one: SQLite or PostgreSQL, either way.

Tables are read as they stand, not as this program thinks of them, so that a database of an earlier
schema is dumped and restored whole, and brought up to date after that.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Engine, MetaData, Table, inspect, select, text

from store import migrate
from store.engine import WRITES, make_engine
from store.errors import WrongStore, named

VERSION_TABLE = "alembic_version"
_COUNTED = ("events", "hints")
"""Tables that number their rows: a number is never given twice, not even after a restore."""
_HEAD = "audit_head"


def tables_of(connection: Connection) -> list[Table]:
    """The tables of a database as they stand, by name."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for name, table in sorted(metadata.tables.items()) if name != VERSION_TABLE]


def dump_rows(connection: Connection, table: Table) -> Iterator[str]:
    """The rows of one table, each a line of JSON."""
    rows = connection.execute(select(table).execution_options(yield_per=1000))
    for row in rows.mappings():
        yield json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False)


def counters(connection: Connection) -> dict[str, int]:
    """The last number that each numbering table gave."""
    found = {}
    for name in _COUNTED:
        if connection.dialect.name == "sqlite":
            query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
            found[name] = int(connection.scalar(query, {"name": name}) or 0)
        else:
            sequence = _sequence(connection, name)
            query = text(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 - our name
            last, called = connection.execute(query).one()
            found[name] = int(last) if called else 0
    return found


@contextmanager
def empty_database(url: str, revision: str) -> Iterator[Connection]:
    """An empty database with the schema of a revision, to be filled; all of it or nothing.

    Raises:
        WrongStore: it is not empty.
    """
    engine = make_engine(url)
    try:
        with named(), engine.connect() as connection:
            if inspect(connection).get_table_names():
                raise WrongStore("the database is not empty: a backup is restored into nothing")
        with named(), engine.execution_options(**{WRITES: True}).begin() as connection:
            migrate.upgrade_to(connection, revision)
            yield connection
    finally:
        engine.dispose()


def fill(connection: Connection, table: Table, lines: Iterable[str]) -> int:
    """Put dumped rows into a table; how many."""
    times = {column.name for column in table.columns if isinstance(column.type, DateTime)}
    sqlite = connection.dialect.name == "sqlite"
    count, batch = 0, []
    if table.name == _HEAD:
        # Made with the schema, for this database's own log; the log that comes has its own.
        for line in lines:
            connection.execute(table.update().values(json.loads(line)))
            count += 1
        return count
    for line in lines:
        row: dict[str, Any] = json.loads(line)
        for name in times & row.keys():
            if row[name] is not None:
                moment = datetime.fromisoformat(row[name])
                row[name] = moment.replace(tzinfo=None) if sqlite else moment
        batch.append(row)
        if len(batch) == 1000:
            connection.execute(table.insert(), batch)
            count, batch = count + len(batch), []
    if batch:
        connection.execute(table.insert(), batch)
    return count + len(batch)


def set_counters(connection: Connection, last: dict[str, int]) -> None:
    """Let the numbering tables go on after the last number that was given."""
    for name, number in last.items():
        if not number:
            continue
        if connection.dialect.name == "sqlite":
            gone = text("DELETE FROM sqlite_sequence WHERE name = :name")
            connection.execute(gone, {"name": name})
            put = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)")
            connection.execute(put, {"name": name, "seq": number})
        else:
            put = text("SELECT setval(CAST(:sequence AS regclass), :number)")
            sequence = _sequence(connection, name)
            connection.execute(put, {"sequence": sequence, "number": number})


def copy_sqlite(source: Path, target: Path) -> None:
    """A whole copy of a SQLite file that others may be writing to, as of one moment."""
    import sqlite3
    from contextlib import closing

    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        there.backup(here)


def revision_of(engine: Engine) -> str:
    """The schema that a database has.

    Raises:
        WrongStore: it has none.
    """
    with named(), engine.connect() as connection:
        found = migrate.current(connection)
    if found is None:
        raise WrongStore("the database is empty")
    return found


def _sequence(connection: Connection, table: str) -> str:
    query = text("SELECT pg_get_serial_sequence(:table, 'seq')")
    return str(connection.scalar(query, {"table": table}))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds")
    return value
