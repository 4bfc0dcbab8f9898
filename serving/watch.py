"""What an alert should go off for, read from the store every few seconds and put into metrics.

The rules that use these numbers stand in docs/alerts.yml.
"""

import threading
from datetime import datetime

import structlog
from sqlalchemy import func, select

from casework.events import CURSOR
from casework.office import Office
from policy.appeals import AppealState
from policy.cases import CaseState
from serving.metrics import (
    APPEALS_LATE,
    CASES_OVERDUE,
    EVENT_AGE,
    EVENTS_GIVEN_UP,
    EVENTS_WAITING,
    STORE_UP,
)
from store import tables
from store.errors import StoreError
from store.work import Reading

EVERY_S = 15.0

log = structlog.get_logger("concert.watch")


def watch(office: Office, stop: threading.Event) -> None:
    """Look every few seconds until `stop` is set; to be run in a thread of its own."""
    while not stop.is_set():
        look(office)
        stop.wait(EVERY_S)


def look(office: Office) -> None:
    """Look once. A store that does not answer is one of the things to tell."""
    now = office.now()
    try:
        with office.store.reading() as work:
            _events(office, work, now)
            due = tables.cases.c.lapses_at <= now
            CASES_OVERDUE.set(work.cases.count(due, state=CaseState.OPEN.value))
            open_ = work.appeals.find(state=AppealState.OPEN.value)
            about = work.restrictions.get_many([one.restriction_id for one in open_])
            dues = [one.appeal_due for one in about.values()]
            APPEALS_LATE.set(sum(due_at is not None and due_at <= now for due_at in dues))
    except StoreError as error:
        STORE_UP.set(0)
        log.warning("the store cannot be watched", reason=str(error))
    else:
        STORE_UP.set(1)


def _events(office: Office, work: Reading, now: datetime) -> None:
    if office.settings.webhook_url is None:
        # Whoever fetches events keeps a cursor that nobody here knows.
        return
    cursor = int(work.cursors.get(CURSOR) or 0)
    table = tables.events
    query = select(func.count(), func.min(table.c.at)).where(table.c.seq > cursor)
    count, oldest = work.connection.execute(query).one()
    parked = work.deliveries.all()
    EVENTS_WAITING.set(count + len(parked))
    EVENTS_GIVEN_UP.set(sum(one.failed_at is not None for one in parked))
    EVENT_AGE.set((now - oldest).total_seconds() if oldest is not None else 0.0)
