"""Engines: SQLite by default, PostgreSQL by one URL, with the same promises on both.

A commit that returned is on disk; one writer at a time; a reader sees one moment and never waits
for a writer (SQLite by WAL, PostgreSQL by its snapshots).
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from store.errors import StoreUnavailable, WrongStore

BUSY_MS = 30_000
"""How long a writer waits for another before it is told that the store is busy."""

HIDE = True
"""Errors reach logs, and the parameters of a statement hold what people wrote."""

WRITES = "concert_writes"
"""Execution option of connections that will write: SQLite then locks at BEGIN, not midway."""


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`.

    Raises:
        WrongStore: the URL is malformed, or names a database other than these two.
        StoreUnavailable: the folder of the SQLite file cannot be made.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        # The URL may hold a password: it is not repeated.
        raise WrongStore(
            "CONCERT_DATABASE_URL is not a database URL such as sqlite:////data/concert.db "
            "or postgresql://user@host/concert"
        ) from None
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend in {"postgresql", "postgres"}:
        return _postgresql(parsed)
    raise WrongStore(
        f"CONCERT_DATABASE_URL: Concert keeps its cases in SQLite or PostgreSQL, not in {backend}"
    )


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise WrongStore("CONCERT_DATABASE_URL: SQLite needs a file; a store in memory is lost")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"the folder of {url.database} cannot be made: {error.strerror}"
        ) from error
    engine = create_engine(url.set(drivername="sqlite"), hide_parameters=HIDE)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN comes too late to lock; ours is sent by `_begin`.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # What is erased is overwritten, and not only no longer found.
            "secure_delete=ON",
            # Else INSERT OR REPLACE would delete an audit row without its trigger.
            "recursive_triggers=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    # After what the URL asks for, such as a search path: these promises are not to be undone.
    given = url.query.get("options", "")
    asked = given if isinstance(given, str) else " ".join(given)
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        hide_parameters=HIDE,
        connect_args={
            "connect_timeout": 10,
            "options": (
                f"{asked} -c lock_timeout={BUSY_MS} -c synchronous_commit=on -c timezone=UTC"
            ),
        },
    )
