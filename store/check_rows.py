"""Holding each row of the log against its hash, the row before it, and its payload."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, select

from store import tables
from store.chain import GENESIS, Head, Link, digest
from store.problems import ProblemKind, Problems
from store.witness import Witness
from store.work import ERASURES

_NEAR = 1_000
"""How far from its place a row is looked for before it is called changed."""


class RowCheck:
    """One pass over the log, in order."""

    def __init__(self, store: str, witness: Witness, problems: Problems) -> None:
        self.rows = 0
        self.last = Head(store, 0, GENESIS)
        self.erased: set[int] = set()
        self._said: set[int] = set()
        self._witness = witness
        self._problems = problems
        # None after a row that is wrong already: whatever follows it would be blamed too.
        self._follows: str | None = GENESIS

    def run(self, connection: Connection, advance: Callable[[int], None]) -> None:
        """Check every row and payload; `advance` is told of every thousand rows."""
        log, payloads = tables.audit_log, tables.audit_payloads
        query = (
            select(log, payloads.c.seq.label("paid"), payloads.c.subject, payloads.c.salt)
            .add_columns(payloads.c.payload)
            .join_from(log, payloads, log.c.seq == payloads.c.seq, isouter=True)
            .order_by(log.c.seq)
            .execution_options(yield_per=1000)
        )
        for part in connection.execute(query).partitions():
            for row in part:
                self._row(row)
                self._payload(row)
            advance(len(part))
        alone = (
            select(payloads.c.seq)
            .join_from(payloads, log, log.c.seq == payloads.c.seq, isouter=True)
            .where(log.c.seq.is_(None))
            .order_by(payloads.c.seq)
        )
        for seq in connection.scalars(alone):
            self._problems.add(
                ProblemKind.PAYLOAD_ADDED, f"payload {seq} belongs to no row", seq=seq
            )
        for seq in sorted(self.erased - self._said):
            self._problems.add(
                ProblemKind.PAYLOAD_ERASED,
                f"the payload of row {seq} was erased, and no row says so",
                seq=seq,
            )

    def _row(self, row: Row[Any]) -> None:
        link = Link(row.seq, row.at, row.actor, row.action, row.kind, row.digest, row.prev_hash)
        self._gap(row.seq)
        wrong = self._wrong(link, row.hash)
        if wrong is not None:
            kind, seq, says = wrong
            self._problems.add(kind, says, seq=seq)
        self.rows += 1
        self.last = Head(self.last.store, row.seq, row.hash)
        self._follows = row.hash if wrong is None else None

    def _gap(self, seq: int) -> None:
        expected = self.last.seq + 1
        if seq == expected:
            return
        gone = f"row {expected} is" if seq == expected + 1 else f"rows {expected} to {seq - 1} are"
        self._problems.add(ProblemKind.MISSING, f"{gone} missing", seq=expected)
        self._follows = None

    def _wrong(self, link: Link, hash_: str) -> tuple[ProblemKind, int, str] | None:
        seq = link.seq
        if link.hash != hash_:
            written = _written_as(link, hash_)
            if written is not None:
                says = f"row {seq} is what was written as row {written}"
                return ProblemKind.REORDERED, seq, says
            return ProblemKind.CHANGED, seq, f"row {seq} is not what was written"
        if self._follows is not None and link.prev_hash != self._follows:
            says = f"row {seq - 1} is not the one that row {seq} was written after"
            return ProblemKind.CHANGED, seq - 1, says
        seen = self._witness.seen.get(seq)
        if seen and hash_ not in seen:
            says = f"row {seq}, or one before it, is not the one that the anchor saw"
            return ProblemKind.CHANGED, seq, says
        return None

    def _payload(self, row: Row[Any]) -> None:
        seq = row.seq
        if row.paid is None:
            says = f"the payload of row {seq} is missing"
            self._problems.add(ProblemKind.PAYLOAD_MISSING, says, seq=seq)
        elif row.payload is None and row.salt is None and row.subject is None:
            self.erased.add(seq)
        elif not _holds(row):
            says = f"the payload of row {seq} is not what was written"
            self._problems.add(ProblemKind.PAYLOAD_CHANGED, says, seq=seq)
        elif row.kind == ERASURES:
            self._said.update(json.loads(row.payload)["doc"]["erased"])


def _holds(row: Row[Any]) -> bool:
    """Whether a payload is the one that was digested, and is filed under its own subject."""
    try:
        told = json.loads(row.payload)["subject"]
        return digest(row.salt, row.payload) == str(row.digest) and told == str(row.subject)
    except (AttributeError, TypeError, ValueError):
        return False


def _written_as(link: Link, hash_: str) -> int | None:
    """The number under which a row that stands elsewhere was written, if it is near."""
    for seq in range(max(1, link.seq - _NEAR), link.seq + _NEAR + 1):
        moved = Link(seq, link.at, link.actor, link.action, link.kind, link.digest, link.prev_hash)
        if moved.hash == hash_:
            return seq
    return None
