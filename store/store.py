"""The store: opens the database and its anchor, and lends out units of work."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, select

from policy.settings import Settings
from store import migrate, tables
from store.anchor import Anchor
from store.chain import Head
from store.engine import WRITES, make_engine
from store.errors import StoreBusy, StoreUnavailable, WrongStore, named
from store.lookups import Lookups
from store.work import Reading, Writing

T = TypeVar("T")

logger = logging.getLogger("concert.store")

_TRIES = 5

_WAITED = timedelta(minutes=5)
"""How old the time of a change may have become while it waited for its turn. Further than that no
waiting explains: the clock that it was read from is another, and is left as it is."""

asked_by: ContextVar[str | None] = ContextVar("asked_by", default=None)
"""Whose key or token asked for a change, where it came by the API. The audit log names it beside
whom the change names, so that no name can be put on a change without a trace of who put it."""


class Store:
    """One case store. Safe to share between threads; each process opens its own."""

    def __init__(self, engine: Engine, anchor: Anchor, name: str) -> None:
        self.engine = engine
        self.anchor = anchor
        self.name = name
        """The random id of this store, that its anchor bears."""
        self.lookups = Lookups(engine)
        self._writer = engine.execution_options(**{WRITES: True})
        self._reader = (
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if engine.dialect.name == "postgresql"
            else engine
        )

    @classmethod
    def open(cls, where: Settings | str, anchor: Path | None = None) -> Self:
        """Open a store, made or brought up to this program's schema first where need be.

        Args:
            where: the settings, or an SQLAlchemy URL.
            anchor: the file that holds the head of the audit log; with settings, theirs.

        Raises:
            WrongStore: a malformed URL, a schema newer than this program, or another's anchor.
            StoreUnavailable: the database cannot be reached.
        """
        if isinstance(where, Settings):
            url, path = where.store_url, anchor or where.anchor
        elif anchor is None:
            raise TypeError("an anchor must be given with a URL")
        else:
            url, path = where, anchor
        engine = make_engine(url)
        try:
            migrate.upgrade_engine(engine)
            with named(), engine.connect() as connection:
                name = read_head(connection).store
            opened = Anchor(path)
            opened.belongs_to(name)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, opened, name)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """The store as of one moment; nothing that is done here is kept."""
        with named(), self._reader.connect() as connection:
            yield Reading(connection)

    @contextmanager
    def writing(self, actor: str, now: datetime) -> Iterator[Writing]:
        """One transaction, kept whole at the end of the block or, at any exception, not at all.

        Writers take turns: the next waits, up to 30 s, until this one ends. Keep it short.

        Args:
            actor: who changes something, such as `person:<name>` or `model:<name>`.
            now: the time of the change, aware. It was read before the turn came: where the change
                before this one is later, this one is of the same moment (`work.now`), so that what
                it finds has happened already and no restriction is lifted before it was laid.

        Raises:
            StoreBusy: another writer did not end in time; nothing was written.
            StoreUnavailable: the database or the anchor failed.
        """
        asked = asked_by.get()
        if asked is not None and asked != actor:
            actor = f"{actor} via {asked}"
        with named(), self._writer.begin() as connection:
            head = read_head(connection, lock=True)
            work = Writing(connection, actor, now, head)
            work.now = _no_earlier(connection, head, work.now)
            yield work
            work.flush()
            if work.head != work.base:
                self.anchor.intend(work.base, work.head, work.now)
        if work.head != work.base:
            try:
                self.anchor.done(work.base, work.head, work.now)
            except StoreUnavailable as error:
                # It is committed, and the next intent will bear the same witness.
                logger.warning("%s", error)

    def transact(self, fn: Callable[[Writing], T], *, actor: str, now: datetime) -> T:
        """Run `fn` in a transaction of its own, again from the start where the store was busy.

        `fn` may run more than once, so it must do nothing outside the work. Returns what it
        returns.
        """
        attempt = 1
        while True:
            try:
                with self.writing(actor, now) as work:
                    return fn(work)
            except StoreBusy:
                if attempt == _TRIES:
                    raise
                # Not all at the same moment, or they meet again.
                time.sleep(attempt * random.SystemRandom().uniform(0.02, 0.1))
                attempt += 1


def _no_earlier(connection: Connection, head: Head, now: datetime) -> datetime:
    """`now`, or the moment of the last change where that is a little later."""
    log = tables.audit_log
    last = connection.scalar(select(log.c.at).where(log.c.seq == head.seq))
    # A statement of its own: one that waited for the lock sees what was there when it began.
    return last if last is not None and now < last <= now + _WAITED else now


def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """The head of the audit log; with `lock`, held against other writers until the commit."""
    head = tables.audit_head
    query = select(head.c.store, head.c.seq, head.c.hash)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise WrongStore("the database has lost the head of its audit log; restore a backup")
    return Head(row.store, row.seq, row.hash)
