"""What is not a document: events to the platform, hints from outside, and cursors.

They are written in the transaction of the change that they follow from, and need no audit row of
their own.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from policy.words import SubjectKind
from store import tables
from store.chain import canonical
from store.records import Event, Hint


class Events:
    """The ordered outbox: what the platform must be told. Readers keep a cursor of their own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def emit(
        self,
        kind: str,
        subject_kind: SubjectKind,
        subject_id: str,
        body: dict[str, Any],
        *,
        at: datetime,
    ) -> int:
        """Append an event; its number. Numbers rise in the order of commits, for writers are
        one at a time, so a reader's cursor never passes one that is still to come."""
        done = self._connection.execute(
            insert(tables.events)
            .values(
                at=at,
                kind=kind,
                subject_kind=subject_kind.value,
                subject_id=subject_id,
                body=canonical(body),
            )
            .returning(tables.events.c.seq)
        )
        return int(done.scalar_one())

    def after(self, seq: int, *, limit: int = 100) -> list[Event]:
        """The next events after number `seq` (0: from the first), in order."""
        query = select(tables.events).where(tables.events.c.seq > seq)
        rows = self._connection.execute(query.order_by(tables.events.c.seq).limit(limit))
        return [
            Event.model_validate({**row, "body": json.loads(row["body"])})
            for row in rows.mappings()
        ]

    def about(self, subjects: Collection[tuple[SubjectKind, str]]) -> list[Event]:
        """The events about some subjects, in order."""
        table = tables.events
        found: list[Event] = []
        for kind, id_ in subjects:
            query = select(table).where(table.c.subject_kind == kind.value)
            query = query.where(table.c.subject_id == id_).order_by(table.c.seq)
            found += [
                Event.model_validate({**row, "body": json.loads(row["body"])})
                for row in self._connection.execute(query).mappings()
            ]
        return found

    def forget(self, seqs: Collection[int]) -> int:
        """Remove events, and what is parked of them; how many. Numbers are never given again."""
        for table in (tables.deliveries, tables.events):
            gone = delete(table).where(table.c.seq.in_(list(seqs)))
            count = int(self._connection.execute(gone).rowcount)
        return count

    def forget_before(self, at: datetime, *, up_to: int) -> int:
        """Remove events of before a moment, up to a number; those that are parked stay."""
        table = tables.events
        parked = select(tables.deliveries.c.seq)
        gone = delete(table).where(
            table.c.at < at, table.c.seq <= up_to, table.c.seq.not_in(parked)
        )
        return int(self._connection.execute(gone).rowcount)

    def last(self) -> int:
        """The number of the last event, 0 where there is none."""
        return int(self._connection.scalar(select(func.max(tables.events.c.seq))) or 0)


class Cursors:
    """How far a reader of something has come, by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """The value last set, or None."""
        query = select(tables.cursors.c.value).where(tables.cursors.c.name == name)
        return self._connection.scalar(query)

    def set(self, name: str, value: str) -> None:
        """Set the value."""
        self._connection.execute(delete(tables.cursors).where(tables.cursors.c.name == name))
        self._connection.execute(insert(tables.cursors).values(name=name, value=value))


class Hints:
    """Hints that something outside may have changed; taken together, then gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, body: dict[str, Any], *, at: datetime) -> None:
        """Keep a hint until the next `take`."""
        self._connection.execute(insert(tables.hints).values(at=at, body=canonical(body)))

    def take(self) -> list[Hint]:
        """All hints, oldest first; they are removed with this transaction's commit."""
        query = select(tables.hints).order_by(tables.hints.c.seq)
        hints = [
            Hint.model_validate({**row, "body": json.loads(row["body"])})
            for row in self._connection.execute(query).mappings()
        ]
        if hints:
            self._connection.execute(
                delete(tables.hints).where(tables.hints.c.seq <= hints[-1].seq)
            )
        return hints
