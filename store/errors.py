"""What the store refuses or cannot do, each by a name of its own."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc


class StoreError(Exception):
    """Anything that the store refuses or cannot do."""


class NotFound(StoreError):
    """No document has this id."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind}: there is no {key!r}")
        self.kind = kind
        self.key = key


class AlreadyThere(StoreError):
    """A document with this id, or with a value that must be unique, is already there.

    The transaction stands as it was before the refused write, and may go on.
    """

    def __init__(self, kind: str, key: str, reason: str) -> None:
        super().__init__(f"{kind}: {key!r} is refused: {reason}")
        self.kind = kind
        self.key = key


class LostUpdate(StoreError):
    """Somebody else wrote this document since it was read; writing now would undo their change."""

    def __init__(self, kind: str, key: str, expected: int) -> None:
        super().__init__(
            f"{kind}: {key!r} was changed since it was read at version {expected}; read it again"
        )
        self.kind = kind
        self.key = key
        self.expected = expected


class NotStorable(StoreError):
    """The value has no shelf, or holds what no database keeps (a NUL, a lone surrogate, a NaN)."""


class StoreBusy(StoreError):
    """Another writer held the store for too long; the same work may be tried again."""


class StoreUnavailable(StoreError):
    """The database or the audit anchor cannot be reached, read or written."""


class WrongStore(StoreError):
    """The database, its schema or its anchor is not the one that this program can use."""


# Serialization failure, deadlock, lock not available: nothing was written, try again.
_TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@contextmanager
def named() -> Iterator[None]:
    """Turn what a driver raises into a StoreError with a name; anything else passes."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreBusy("all connections to the store are taken") from error
    except exc.DBAPIError as error:
        raise _translated(error) from error


def _translated(error: exc.DBAPIError) -> StoreError:
    cause = error.orig
    said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    if isinstance(cause, psycopg.Error):
        busy = cause.sqlstate in _TRY_AGAIN
    elif isinstance(cause, sqlite3.Error):
        # The low byte is the primary code; the rest tells the kinds of "busy" apart.
        busy = getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_BUSY
    else:
        busy = False
    if busy:
        return StoreBusy(f"the store is busy: {said}")
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError):
        return StoreUnavailable(f"the store cannot answer: {said}")
    return StoreError(f"the store refuses: {said}")
