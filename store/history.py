"""Reading the audit log: what was done, and every state that a document has had."""

import json
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from policy.words import UtcDatetime, Value
from store import tables
from store.shelves import key_of, shelf_of


class Entry(Value):
    """One row of the audit log with its payload, as far as that was not erased."""

    seq: int
    at: UtcDatetime
    actor: str
    action: str
    kind: str
    id: str | None
    """Of the document; None once erased."""
    why: str | None
    doc: dict[str, Any] | None
    """The document as it was written; None once erased."""
    hash: str


class History:
    """The audit log, for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def after(self, seq: int, *, limit: int = 100) -> list[Entry]:
        """The next rows after number `seq` (0: from the first), in order."""
        return self._entries(_rows().where(tables.audit_log.c.seq > seq).limit(limit))

    def of(self, type_: type[Value], *key: str) -> list[Entry]:
        """Every change of one document, oldest first."""
        subject = f"{shelf_of(type_).kind}/{key_of(*key)}"
        return self._entries(_rows().where(tables.audit_payloads.c.subject == subject))

    def _entries(self, query: Select[Any]) -> list[Entry]:
        rows = self._connection.execute(query.order_by(tables.audit_log.c.seq))
        return [_entry(row) for row in rows]


def _rows() -> Select[Any]:
    log, payloads = tables.audit_log, tables.audit_payloads
    return select(log, payloads.c.subject, payloads.c.payload).join_from(
        log, payloads, log.c.seq == payloads.c.seq, isouter=True
    )


def _entry(row: Row[Any]) -> Entry:
    told = json.loads(row.payload) if row.payload is not None else {}
    return Entry(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        kind=row.kind,
        id=row.subject.partition("/")[2] if row.subject is not None else None,
        why=told.get("why"),
        doc=told.get("doc"),
        hash=row.hash,
    )
