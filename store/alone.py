"""One at a time: what two processes must not do at once, though each step of it is safe.

Held by the operating system (beside a SQLite file) or by a session of PostgreSQL, and gone with
whoever held it, however they ended: no lease that a killed process leaves behind, and no clock.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from store.errors import StoreUnavailable, named
from store.store import Store


@contextmanager
def alone(store: Store, what: str) -> Iterator[bool]:
    """Whether nobody else does this just now; then nobody else may until the block ends.

    Waits for nobody. By threads of one process too, each asking for itself.

    Args:
        what: a short name, such as `tasks`; each is held apart from the others.

    Raises:
        StoreUnavailable: the database, or the folder that its file is in, cannot be reached.
    """
    held = _by_session if store.engine.dialect.name == "postgresql" else _by_file
    with held(store, what) as mine:
        yield mine


@contextmanager
def _by_file(store: Store, what: str) -> Iterator[bool]:
    path = f"{store.engine.url.database}.{what}.lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from error
    try:
        yield _locked(file)
    finally:
        # The lock goes with its file.
        os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _by_session(store: Store, what: str) -> Iterator[bool]:
    # Of its own, and closed after use: the lock is the session's, and goes with it.
    with named():
        connection = store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
    digest = hashlib.sha256(f"{store.name}|{what}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    try:
        with named():
            mine = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        yield mine
    finally:
        connection.close()
