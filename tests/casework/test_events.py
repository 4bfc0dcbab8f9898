"""Events to the platform: a real receiver on loopback that checks, refuses, fails, comes back."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from casework.appeal_links import make_token, read_token
from casework.events import (
    CURSOR,
    GIVEN_UP_AFTER,
    HEAD_TRIES,
    NUMBER,
    SIGNATURE,
    Pusher,
    is_signed,
    sign,
)
from casework.office import Office
from policy.settings import Settings
from policy.words import SubjectKind
from store.work import Writing

SECRET = "a secret of the tests alone"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class Receiver:
    """The platform's webhook."""

    def __init__(self, clock: Clock) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refuses: set[int] = set()
        self.status: int | None = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                said = json.loads(body)
                assert self.headers[NUMBER] == str(said["seq"])
                signed = is_signed(self.headers[SIGNATURE], SECRET, body, clock.now())
                status = receiver.status or (400 if said["seq"] in receiver.refuses else 200)
                if not signed:
                    status = 401
                if status == 200:
                    receiver.taken.append(said)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"

    @property
    def numbers(self) -> list[int]:
        return [one["seq"] for one in self.taken]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver(clock: Clock) -> Iterator[Receiver]:
    made = Receiver(clock)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def office(tmp_path: Path, clock: Clock, receiver: Receiver) -> Iterator[Office]:
    settings = Settings(
        home=tmp_path,
        webhook_url=receiver.url,
        webhook_secret=SecretStr(SECRET),
        _env_file=None,
    )
    one = Office.open(settings, clock)
    yield one
    one.close()


@pytest.fixture
def pusher(office: Office) -> Iterator[Pusher]:
    one = Pusher(office)
    yield one
    one.close()


def emit(office: Office, *accounts: str) -> None:
    def do(work: Writing) -> None:
        for account in accounts:
            work.events.emit("laid", SubjectKind.ACCOUNT, account, {"n": 1}, at=work.now)

    office.store.transact(do, actor="system:test", now=office.now())


def test_all_are_told_once_in_order(office: Office, receiver: Receiver, pusher: Pusher) -> None:
    emit(office, *(f"a{n % 7}" for n in range(120)))
    done = pusher.run()
    assert (done.delivered, done.waiting, done.away) == (120, 0, None)
    assert receiver.numbers == list(range(1, 121))
    assert pusher.run().delivered == 0
    first = receiver.taken[0]
    assert first.keys() == {"seq", "at", "kind", "subject_kind", "subject_id", "body"}


def test_an_absent_platform_loses_and_reorders_nothing(
    office: Office, receiver: Receiver, pusher: Pusher
) -> None:
    emit(office, "a", "b", "a")
    receiver.status = 503
    for _ in range(HEAD_TRIES):
        done = pusher.run()
        assert done.away == "answered 503"
        assert done.waiting == 0
    assert pusher.wait_s > 5
    receiver.status = None
    assert pusher.run().delivered == 3
    assert receiver.numbers == [1, 2, 3]
    assert pusher.wait_s == 1.0


def test_a_refused_event_holds_its_account_alone(
    office: Office, receiver: Receiver, pusher: Pusher, clock: Clock
) -> None:
    receiver.refuses = {1}
    emit(office, "a", "b", "a", "b", "a")
    done = pusher.run()
    assert (done.delivered, done.waiting) == (2, 3)
    assert receiver.numbers == [2, 4]
    receiver.refuses = set()
    # Not before its time.
    assert pusher.run().delivered == 0
    clock.at += timedelta(minutes=2)
    assert pusher.run().delivered == 3
    assert receiver.numbers == [2, 4, 1, 3, 5]


def test_an_event_that_breaks_the_platform_is_set_aside(
    office: Office, receiver: Receiver, pusher: Pusher
) -> None:
    emit(office, "a", "b")
    receiver.status = 500
    for _ in range(HEAD_TRIES + 1):
        pusher.run()
    with office.store.reading() as work:
        assert [one.seq for one in work.deliveries.all()] == [1]
        assert work.cursors.get(CURSOR) == "1"
    receiver.status = None
    pusher.run()
    assert receiver.numbers == [2]


def test_it_is_given_up_at_last_and_taken_up_again_when_told(
    office: Office, receiver: Receiver, pusher: Pusher, clock: Clock
) -> None:
    receiver.refuses = {1}
    emit(office, "a")
    for _ in range(GIVEN_UP_AFTER + 3):
        pusher.run()
        clock.at += timedelta(hours=8)
    with office.store.reading() as work:
        (parked,) = work.deliveries.all()
    assert parked.attempts == GIVEN_UP_AFTER
    assert parked.failed_at is not None
    receiver.refuses = set()
    assert pusher.run().delivered == 0
    office.store.transact(
        lambda work: work.deliveries.retry_all(clock.at), actor="person:ada", now=clock.at
    )
    assert pusher.run().delivered == 1


def test_another_start_goes_on_where_the_last_ended(
    office: Office, receiver: Receiver, pusher: Pusher
) -> None:
    emit(office, "a", "b")
    pusher.run()
    emit(office, "c")
    again = Pusher(office)
    assert again.run().delivered == 1
    again.close()
    assert receiver.numbers == [1, 2, 3]


@hypothesis_settings(max_examples=8, deadline=None)
@given(
    accounts=st.lists(st.sampled_from("abc"), min_size=1, max_size=12),
    refused=st.sets(st.integers(1, 12), max_size=4),
)
def test_whatever_is_refused_each_account_stays_in_order(
    tmp_path_factory: pytest.TempPathFactory, accounts: list[str], refused: set[int]
) -> None:
    clock = Clock()
    receiver = Receiver(clock)
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    settings = Settings(
        home=tmp_path_factory.mktemp("events"),
        webhook_url=receiver.url,
        webhook_secret=SecretStr(SECRET),
        _env_file=None,
    )
    office = Office.open(settings, clock)
    pusher = Pusher(office)
    try:
        receiver.refuses = refused
        emit(office, *accounts)
        pusher.run()
        receiver.refuses = set()
        clock.at += timedelta(hours=1)
        pusher.run()
        assert sorted(receiver.numbers) == list(range(1, len(accounts) + 1))
        of: dict[str, list[int]] = defaultdict(list)
        for one in receiver.taken:
            of[one["subject_id"]].append(one["seq"])
        assert all(numbers == sorted(numbers) for numbers in of.values())
    finally:
        pusher.close()
        office.close()
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()


def test_a_signature_holds_for_its_body_time_and_secret() -> None:
    header = sign(["new secret", "old secret"], b"body", NOW)
    for secret in ("new secret", "old secret"):
        assert is_signed(header, secret, b"body", NOW)
        assert not is_signed(header, secret, b"bodY", NOW)
        assert not is_signed(header, secret, b"body", NOW + timedelta(minutes=6))
    assert not is_signed(header, "another", b"body", NOW)
    assert not is_signed("", "new secret", b"body", NOW)
    assert not is_signed("t=x,v1=y", "new secret", b"body", NOW)


def test_a_link_is_for_one_restriction_and_ends() -> None:
    until = NOW + timedelta(days=184)
    token = make_token(b"new", "restriction_1", until)
    found = read_token(token, [b"new"], NOW)
    assert found is not None
    assert found.restriction_id == "restriction_1"
    # A secret that was rotated still verifies as long as it is in the ring.
    assert read_token(token, [b"newer", b"new"], NOW) is not None
    assert read_token(token, [b"newer"], NOW) is None
    assert read_token(token, [b"new"], until + timedelta(seconds=1)) is None
    other = make_token(b"new", "restriction_2", until)
    mixed = f"{token.split('.')[0]}.{other.split('.')[1]}"
    # The bits of the last character that carry nothing may not be changed either.
    *start, last = token
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other_last in set(alphabet) - {last}:
        assert read_token("".join([*start, other_last]), [b"new"], NOW) is None
    for wrong in (mixed, token[:-2], token + "A", "", ".", "a.b", "é.b", "x" * 1000):
        assert read_token(wrong, [b"new"], NOW) is None
