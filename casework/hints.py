"""Hints from outside that something may have changed: taken, then gone."""

from sqlalchemy import select

from casework.office import Office
from store import tables


def take_hints(office: Office) -> bool:
    """Whether hints were left since the last call. Cheap enough to be asked five times a second."""
    with office.store.reading() as work:
        # Looked at before it is taken: taking is a write, and writers take turns.
        if work.connection.scalar(select(tables.hints.c.seq).limit(1)) is None:
            return False
    taken = office.store.transact(
        lambda work: work.hints.take(), actor="system:hints", now=office.now()
    )
    return bool(taken)
