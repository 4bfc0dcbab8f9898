"""Events to the platform: signed, in order for each subject, until they are taken.

The outbox holds what happened in the order of commits. A pass hands events on from a cursor. While
the platform is away (no answer, 429, 5xx) the cursor stays where it is; an event that the platform
refuses (any other answer) is parked with a growing delay, and what follows about the same subject
waits behind it, while others go on. An event may come twice (a kill between the answer and the
note of it): its number tells.

Source for the signature: HMAC-SHA256 over `<time>.<body>`, as webhooks commonly bear it, so that an
old request cannot be played again.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from casework.appeal_links import PATH, make_token
from casework.office import Office
from policy.words import SubjectKind, UtcDatetime
from store.deliveries import Parked
from store.records import Event
from store.work import Reading, Writing

CURSOR = "events.webhook"
SIGNATURE = "X-Concert-Signature"
NUMBER = "X-Concert-Event"
HEAD_TRIES = 5
"""After so many tries in a row that the platform does not answer to, one event may be to blame."""
GIVEN_UP_AFTER = 12
"""Tries of a parked event, over about two days; then a person has to look."""
_BATCH = 50
_TIMEOUT_S = 10.0
_ACTOR = "system:events"

Subject = tuple[SubjectKind, str]


@dataclass
class Pass:
    """What one pass did."""

    delivered: int = 0
    parked: int = 0
    waiting: int = 0
    """Events parked by the end of the pass."""
    away: str | None = None
    """Why the platform did not answer, if so."""


def told(office: Office, work: Reading, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as the platform is told them: a notice bears the link for the person's objection."""
    ids = [str(one.body.get("statement_id", "")) for one in events if one.kind == "notice"]
    statements = work.statements.get_many(ids)
    found = []
    for one in events:
        said = one.model_dump(mode="json")
        statement = statements.get(str(one.body.get("statement_id", "")))
        if statement is not None:
            token = make_token(office.secrets[0], statement.restriction_id, statement.appeal_until)
            said["body"]["appeal_url"] = f"{office.settings.address}{PATH}{token}"
            said["body"]["appeal_until"] = statement.appeal_until.isoformat()
        found.append(said)
    return found


def sign(secrets: Sequence[str], body: bytes, at: UtcDatetime) -> str:
    """The signature header: `t=<seconds>` and one `v1=<hex>` for each secret, newest first."""
    moment = str(int(at.timestamp()))
    given = [f"t={moment}"]
    for secret in secrets:
        mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
        given.append(f"v1={mac.hexdigest()}")
    return ",".join(given)


def is_signed(
    header: str, secret: str, body: bytes, now: UtcDatetime, tolerance_s: int = 300
) -> bool:
    """What a receiver checks: one of the signatures is right, and the request is not old."""
    parts = [part.partition("=") for part in header.split(",")]
    moment = next((value for name, _, value in parts if name == "t"), "")
    if not moment.isdecimal() or abs(now.timestamp() - int(moment)) > tolerance_s:
        return False
    wanted = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(value, wanted) for name, _, value in parts if name == "v1")


class Pusher:
    """Hands events on to the platform's webhook. One at a time for an installation."""

    def __init__(self, office: Office, client: httpx.Client | None = None) -> None:
        assert office.settings.webhook_url is not None
        assert office.settings.webhook_secret is not None
        self._office = office
        self._url = office.settings.webhook_url
        given = office.settings.webhook_secret.get_secret_value()
        self._secrets = [part.strip() for part in given.split(",")]
        self._client = client or httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        self._head = (0, 0)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def run(self, stopped: Callable[[], bool] = lambda: False) -> Pass:
        """One pass: what is due of the parked, then what is new, until all is told or away.

        `stopped` is asked between batches, so that a long pass ends when it is told to.
        """
        done = Pass()
        while not stopped() and done.away is None and self._parked(done):
            pass
        while not stopped() and done.away is None and self._fresh(done):
            pass
        with self._office.store.reading() as work:
            done.waiting = len(work.deliveries.all())
        return done

    @property
    def wait_s(self) -> float:
        """How long to wait before the next pass: 1 s, or longer while the platform is away."""
        return _backoff(self._head[1], 1.0, 600.0) if self._head[1] else 1.0

    def _parked(self, done: Pass) -> bool:
        """What is due, the first of each subject; whether one was taken, so that another is."""
        taken = False
        now = self._office.now()
        with self._office.store.reading() as work:
            due = [
                one
                for one in work.deliveries.first_of_each()
                if one.failed_at is None and one.next_at <= now
            ]
            events = [work.events.after(one.seq - 1, limit=1)[0] for one in due]
            bodies = told(self._office, work, events)
        for one, body in zip(due, bodies, strict=True):
            answer = self._post(body)
            if answer.taken:
                taken = True
                done.delivered += 1
                self._keep(lambda work, seq=one.seq: _take(work, seq, now))
            else:
                again = _again(one, answer.says, now)
                self._keep(lambda work, again=again: work.deliveries.park(again))
            if answer.away:
                done.away = answer.says
                break
        return taken

    def _fresh(self, done: Pass) -> bool:
        """One batch of new events; whether there may be more."""
        now = self._office.now()
        with self._office.store.reading() as work:
            cursor = int(work.cursors.get(CURSOR) or 0)
            events = work.events.after(cursor, limit=_BATCH)
            held: set[Subject] = {
                (one.subject_kind, one.subject_id) for one in work.deliveries.first_of_each()
            }
            bodies = told(self._office, work, events)
        fresh: list[Parked] = []
        for event, body in zip(events, bodies, strict=True):
            subject = (event.subject_kind, event.subject_id)
            if subject in held:
                fresh.append(_park(event, 0, "waits behind an earlier one", now))
                cursor = event.seq
                continue
            answer = self._post(body)
            if answer.away:
                seq, tries = self._head
                self._head = (event.seq, tries + 1 if seq == event.seq else 1)
                if self._head[1] <= HEAD_TRIES:
                    done.away = answer.says
                    break
            self._head = (0, 0)
            cursor = event.seq
            if answer.taken:
                done.delivered += 1
            else:
                done.parked += 1
                held.add(subject)
                fresh.append(_park(event, 1, answer.says, now))

        def do(work: Writing) -> None:
            for one in fresh:
                work.deliveries.park(one)
            work.cursors.set(CURSOR, str(cursor))

        if events:
            self._keep(do)
        return len(events) == _BATCH

    def _keep(self, do: Any) -> None:
        self._office.store.transact(do, actor=_ACTOR, now=self._office.now())

    def _post(self, said: dict[str, Any]) -> "_Answer":
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            NUMBER: str(said["seq"]),
            SIGNATURE: sign(self._secrets, body, self._office.now()),
        }
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return _Answer(False, True, f"no answer ({type(error).__name__})")
        status = answer.status_code
        away = status in (408, 425, 429) or status >= 500
        return _Answer(answer.is_success, away, f"answered {status}")


@dataclass(frozen=True)
class _Answer:
    taken: bool
    away: bool
    says: str


def _park(event: Event, attempts: int, reason: str, now: UtcDatetime) -> Parked:
    return Parked(
        seq=event.seq,
        subject_kind=event.subject_kind,
        subject_id=event.subject_id,
        attempts=attempts,
        next_at=now + timedelta(seconds=_backoff(attempts, 30.0, 21_600.0) if attempts else 0),
        reason=reason,
    )


def _again(one: Parked, reason: str, now: UtcDatetime) -> Parked:
    attempts = one.attempts + 1
    return one.model_copy(
        update={
            "attempts": attempts,
            "next_at": now + timedelta(seconds=_backoff(attempts, 30.0, 21_600.0)),
            "failed_at": now if attempts >= GIVEN_UP_AFTER else None,
            "reason": reason,
        }
    )


def _take(work: Writing, seq: int, now: UtcDatetime) -> None:
    """Forget a delivered event, and make the next of the same subject due."""
    about = {one.seq: one for one in work.deliveries.all()}
    taken = about.pop(seq, None)
    work.deliveries.done(seq)
    for one in _behind(taken, about.values()):
        work.deliveries.park(one.model_copy(update={"next_at": now}))
        return


def _behind(taken: Parked | None, others: Any) -> Iterator[Parked]:
    if taken is not None:
        subject = (taken.subject_kind, taken.subject_id)
        yield from (one for one in others if (one.subject_kind, one.subject_id) == subject)


def _backoff(attempts: int, first_s: float, most_s: float) -> float:
    """Doubling from `first_s` up to `most_s`, a fifth more or less, so that many do not meet."""
    wait = min(most_s, first_s * 2.0 ** min(attempts - 1, 20))
    return float(wait * random.SystemRandom().uniform(0.8, 1.2))
