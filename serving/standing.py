"""What stands on accounts, posts and trends, at the moment of asking, and through an outage.

Whether a restriction still holds is asked of the clock at each look-up; nothing need have swept.
While the store cannot answer, limits fail open, so that nobody is silenced by an outage, and what a
person decided without an end (a suspension, a removal) keeps its last known state.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from policy.restrictions import Restriction
from policy.words import RestrictionKind, SubjectKind, UtcDatetime
from serving.metrics import LOOK_UP_SECONDS, SUSPENSIONS
from store import tables
from store.documents import among
from store.errors import StoreBusy, StoreError, StoreUnavailable
from store.store import Store, read_head

KEPT = (RestrictionKind.SUSPEND_ACCOUNT, RestrictionKind.REQUIRE_REMOVAL)
"""What keeps its last known state while the store cannot answer."""

REFRESH_S = 5.0
REST_S = 2.0
"""After a failure the store is left alone for so long: waiting for it would hold every look-up."""

_MOST_STATEMENTS = 200_000

Subject = tuple[SubjectKind, str]

log = structlog.get_logger("concert.standing")


@dataclass(frozen=True)
class Standing:
    """What stood on each subject asked for."""

    found: Mapping[str, Sequence[Restriction]]
    degraded: bool
    """Whether the store could not answer, so that this is only what was last known."""


NOTHING_ASKED = Standing({}, degraded=False)


class StandingRestrictions:
    """Looks restrictions up, and remembers what must outlast an outage of the store."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._kept: dict[Subject, tuple[Restriction, ...]] = {}
        self._statements: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self._seen_head: str | None = None
        self._rests_until = 0.0

    @property
    def never_waits(self) -> bool:
        """Whether the store answers from this machine's own memory and disk, within a millisecond.

        Then a look-up is not worth a thread of its own: handing it over takes longer than asking.
        """
        return self._store.engine.dialect.name == "sqlite"

    def look_up(self, kind: SubjectKind, ids: Collection[str], now: UtcDatetime) -> Standing:
        """What stands at `now` on each subject, by its id; an empty list where nothing does."""
        if self._monotonic() < self._rests_until:
            return self._last_known(kind, ids, now)
        try:
            with LOOK_UP_SECONDS.time():
                found = self._store.lookups.many(kind, ids, now)
        except (StoreUnavailable, StoreBusy) as error:
            self._rest(error)
            return self._last_known(kind, ids, now)
        return Standing(found, degraded=False)

    def statement_ids(self, restrictions: Iterable[Restriction]) -> dict[str, str]:
        """The id of the statement of reasons of each restriction, by the restriction's id.

        A statement is written once and never changes its restriction, so it is asked for once.
        What the store cannot tell is left out.
        """
        wanted = {one.id for one in restrictions}
        with self._lock:
            known = {id_: self._statements[id_] for id_ in wanted if id_ in self._statements}
        missing = wanted - known.keys()
        if not missing or self._monotonic() < self._rests_until:
            return known
        try:
            with self._store.reading() as work:
                made, connection = tables.statements.c, work.connection
                # Two columns, not the documents: this is asked at every look-up that finds much.
                query = select(made.restriction_id, made.id).where(
                    among(connection, made.restriction_id, sorted(missing))
                )
                fresh = dict(iter(connection.execute(query)))
        except (StoreUnavailable, StoreBusy) as error:
            self._rest(error)
            return known
        with self._lock:
            self._statements.update(fresh)
            while len(self._statements) > _MOST_STATEMENTS:
                self._statements.popitem(last=False)
        return known | fresh

    def refresh(self) -> None:
        """Read anew what must outlast an outage, where anything was written since the last time.

        Raises:
            StoreError: the store cannot answer; what was known stays known.
        """
        with self._store.reading() as work:
            head = read_head(work.connection).hash
            if head == self._seen_head:
                return
            standing = work.restrictions.find(
                tables.restrictions.c.lifted_at.is_(None), kind=[kind.value for kind in KEPT]
            )
            statements = {
                one.restriction_id: one.id
                for one in work.statements.find(restriction_id=[one.id for one in standing])
            }
        kept: dict[Subject, list[Restriction]] = {}
        for one in standing:
            kept.setdefault((one.subject_kind, one.subject_id), []).append(one)
        with self._lock:
            self._kept = {subject: tuple(found) for subject, found in kept.items()}
            self._statements.update(statements)
            self._seen_head = head
        SUSPENSIONS.set(len(standing))

    def keep_fresh(self, stop: threading.Event) -> None:
        """Refresh every few seconds until `stop` is set; to be run in a thread of its own."""
        while not stop.is_set():
            try:
                self.refresh()
            except StoreError as error:
                log.warning("suspensions not refreshed", reason=str(error))
            stop.wait(REFRESH_S)

    def _last_known(self, kind: SubjectKind, ids: Iterable[str], now: UtcDatetime) -> Standing:
        with self._lock:
            found = {
                id_: [one for one in self._kept.get((kind, id_), ()) if one.stands(now)]
                for id_ in ids
            }
        return Standing(found, degraded=True)

    def _rest(self, error: StoreError) -> None:
        self._rests_until = self._monotonic() + REST_S
        log.warning("the store cannot answer; limits fail open", reason=str(error))
