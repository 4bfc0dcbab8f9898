"""The anchor: the head of the audit log, written down outside the database.

Whoever can change the database can make its chain whole again, or cut its last rows off; the
anchor tells. Each transaction leaves two lines: an intent before its commit (with the head that it
follows) and a done after it. So, after a kill at any point:

- an intent without its row is a writer that died before its commit: honest;
- a row that a `done` or a later intent has seen, and that is gone, was cut off;
- a row without an intent came past the store.

Lines are only ever appended (one write each, under a file lock), so the file may carry the
append-only attribute of the file system or lie on a medium of that kind. An intent is on disk
before its commit. A `done` is not waited for: a later intent bears the same witness.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from store.chain import Head, canonical
from store.errors import StoreUnavailable, WrongStore

_TORN = b" #torn\n"
"""Ends a line that a dying writer left unfinished."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what a writer was about to commit, or had committed."""

    store: str
    did: Literal["intent", "done"]
    seq: int
    hash: str
    base_seq: int
    """The head that this transaction follows, as its writer saw it under the lock."""
    base_hash: str


class Anchor:
    """The file of one store's anchor."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def intend(self, base: Head, head: Head, at: datetime) -> None:
        """Say, on disk, that a transaction from `base` to `head` is about to be committed.

        Raises:
            StoreUnavailable: the line cannot be written; the transaction must not be committed.
        """
        self._append("intent", base, head, at, durable=True)

    def done(self, base: Head, head: Head, at: datetime) -> None:
        """Say that it was committed."""
        self._append("done", base, head, at, durable=False)

    def belongs_to(self, store: str) -> None:
        """Refuse an anchor of another store.

        Raises:
            WrongStore: its lines tell of another store.
        """
        for line in self.lines():
            if isinstance(line, Line) and line.store != store:
                raise WrongStore(
                    f"the audit anchor {self.path} belongs to another database: set "
                    "CONCERT_AUDIT_ANCHOR to this database's own file, or restore the database "
                    "that belongs to it"
                )
            return

    def lines(self) -> Iterator[Line | str]:
        """All lines in order; one that cannot be read comes as its text, a torn one not at all."""
        try:
            with self.path.open("rb") as file:
                for raw in file:
                    if not raw.endswith(b"\n") or raw.endswith(_TORN):
                        continue
                    yield _read(raw)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreUnavailable(
                f"the audit anchor {self.path} cannot be read: {error.strerror}"
            ) from error

    def _append(
        self, did: Literal["intent", "done"], base: Head, head: Head, at: datetime, *, durable: bool
    ) -> None:
        line = canonical(
            {
                "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
                "base": [base.seq, base.hash],
                "did": did,
                "hash": head.hash,
                "seq": head.seq,
                "store": head.store,
            }
        ).encode()
        try:
            with self._locked() as file:
                if _unfinished(file):
                    os.write(file, _TORN)
                os.write(file, line + b"\n")
                if durable:
                    os.fsync(file)
        except OSError as error:
            raise StoreUnavailable(
                f"the audit anchor {self.path} cannot be written: {error.strerror}"
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _unfinished(file: int) -> bool:
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"


def _read(raw: bytes) -> Line | str:
    try:
        given = json.loads(raw)
        base_seq, base_hash = given["base"]
        return Line(
            store=given["store"],
            did=given["did"],
            seq=int(given["seq"]),
            hash=given["hash"],
            base_seq=int(base_seq),
            base_hash=base_hash,
        )
    except (ValueError, KeyError, TypeError):
        return raw.decode(errors="replace").strip()
