"""Events that could not be delivered yet, and those of the same subject that wait behind them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from policy.words import Id, SubjectKind, UtcDatetime, Value
from store import tables


class Parked(Value):
    """One event that waits for another try."""

    seq: int
    subject_kind: SubjectKind
    subject_id: Id
    attempts: int
    next_at: UtcDatetime
    failed_at: UtcDatetime | None = None
    """When it was given up: a person has to say what becomes of it."""
    reason: str = ""


class Deliveries:
    """What is parked. Written in the pusher's own transactions, without an audit row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def park(self, parked: Parked) -> None:
        """Keep an event for another try; one that is kept already is changed."""
        table = tables.deliveries
        row = parked.model_dump() | {"subject_kind": parked.subject_kind.value}
        self._connection.execute(delete(table).where(table.c.seq == parked.seq))
        self._connection.execute(insert(table).values(row))

    def done(self, seq: int) -> None:
        """Forget an event that was delivered, or that a person gave up."""
        table = tables.deliveries
        self._connection.execute(delete(table).where(table.c.seq == seq))

    def first_of_each(self) -> list[Parked]:
        """The oldest parked event of each subject, by number: those behind it wait for it."""
        table = tables.deliveries
        first = select(func.min(table.c.seq)).group_by(table.c.subject_kind, table.c.subject_id)
        return self._parked(table.c.seq.in_(first))

    def all(self) -> list[Parked]:
        """All that is parked, by number."""
        return self._parked()

    def retry_all(self, at: datetime) -> int:
        """Make everything due again, what was given up too; how many."""
        table = tables.deliveries
        again = update(table).values(next_at=at, attempts=0, failed_at=None)
        return int(self._connection.execute(again).rowcount)

    def _parked(self, *where: ColumnElement[bool]) -> list[Parked]:
        table = tables.deliveries
        rows = self._connection.execute(select(table).where(*where).order_by(table.c.seq))
        return [Parked.model_validate(dict(row)) for row in rows.mappings()]
