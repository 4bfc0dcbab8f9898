"""Several writers at once, as threads and as processes: they take turns, and no update is lost."""

import multiprocessing
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from store.audit import verify
from store.errors import LostUpdate
from store.store import Store
from store.work import Writing
from tests.store.values import T0, group

PROCESSES = multiprocessing.get_context("spawn")
EACH = 20


def count_up(work: Writing) -> None:
    counter = work.groups.need("g1")
    more = counter.model_copy(update={"purpose": str(int(counter.purpose or 0) + 1)})
    work.save(more, action="group.counted")


def run(url: str, anchor: Path, actor: str) -> None:
    with Store.open(url, anchor) as store:
        for _ in range(EACH):
            store.transact(count_up, actor=actor, now=T0)


def test_two_processes_count_without_losing_one(
    store: Store, store_url: str, anchor_path: Path
) -> None:
    with store.writing("person:ada", T0) as work:
        work.save(group("g1"), action="group.added")
    others = [
        PROCESSES.Process(target=run, args=(store_url, anchor_path, f"process:{n}"))
        for n in range(2)
    ]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0]
    with store.reading() as work:
        assert work.groups.need("g1").purpose == str(2 * EACH)
        assert {entry.actor for entry in work.history.after(1)} == {"process:0", "process:1"}
    report = verify(store)
    assert report.problems == ()
    assert report.rows == 2 * EACH + 1


@pytest.mark.parametrize(
    ("before", "now"),
    [
        # Nothing came before it, or something earlier.
        (timedelta(0), timedelta(0)),
        (timedelta(0), timedelta(seconds=3)),
        # It was read before the turn came, and another's turn was first.
        (timedelta(milliseconds=5), timedelta(0)),
        (timedelta(minutes=4), timedelta(0)),
    ],
)
def test_a_change_is_dated_no_earlier_than_the_one_that_it_follows(
    store: Store, before: timedelta, now: timedelta
) -> None:
    with store.writing("person:ada", T0 + before) as work:
        work.save(group("g1"), action="group.added")
    with store.writing("person:bob", T0 + now) as work:
        assert work.now == T0 + max(before, now)
        work.save(group("g2"), action="group.added")
    with store.reading() as work:
        dated = [entry.at for entry in work.history.after(0)]
    assert dated == sorted(dated)


def test_a_clock_that_is_another_is_left_as_it_is(store: Store) -> None:
    with store.writing("person:ada", T0 + timedelta(days=1)) as work:
        work.save(group("g1"), action="group.added")
    with store.writing("person:bob", T0) as work:
        assert work.now == T0


@pytest.mark.server
def test_a_deadlock_is_tried_again(postgres_url: str, anchor_path: Path) -> None:
    """Another program locks a row and then the head; whoever PostgreSQL ends comes again."""
    with Store.open(postgres_url, anchor_path) as store:
        with store.writing("person:ada", T0) as work:
            work.save(group("g1"), action="group.added")
        locked, tries = Event(), []

        def rival() -> None:
            with store.engine.connect() as connection, connection.begin():
                # The other one is to be found out, not this one.
                connection.exec_driver_sql("SET LOCAL deadlock_timeout = '1min'")
                connection.exec_driver_sql("SELECT * FROM groups WHERE id = 'g1' FOR UPDATE")
                locked.set()
                connection.exec_driver_sql("SELECT * FROM audit_head FOR UPDATE")

        thread = Thread(target=rival)

        def change(work: Writing) -> None:
            tries.append(work.head.seq)
            if len(tries) == 1:
                thread.start()
                assert locked.wait(10)
            known = work.groups.need("g1").model_copy(update={"purpose": "told"})
            work.save(known, action="group.changed")

        store.transact(change, actor="person:bob", now=T0)
        thread.join()
        assert len(tries) == 2
        with store.reading() as work:
            assert work.groups.need("g1").purpose == "told"
        assert verify(store).problems == ()


def test_of_two_who_changed_the_same_version_one_is_refused(store: Store) -> None:
    with store.writing("person:ada", T0) as work:
        work.save(group("g1"), action="group.added")
    both_have_read = Barrier(2)
    outcome: dict[str, str] = {}

    def change(name: str) -> None:
        with store.reading() as work:
            version = work.groups.version("g1")
        both_have_read.wait()
        try:
            with store.writing(name, T0) as work:
                work.save(group("g1", name), action="group.changed", expects=version)
            outcome[name] = "kept"
        except LostUpdate:
            outcome[name] = "refused"

    threads = [Thread(target=change, args=(name,)) for name in ("person:ada", "person:bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.values()) == ["kept", "refused"]
    with store.reading() as work:
        assert outcome[work.groups.need("g1").name] == "kept"


def test_a_log_that_is_written_meanwhile_verifies(store: Store) -> None:
    with store.writing("person:ada", T0) as work:
        work.save(group("g1"), action="group.added")
    writer = Thread(
        target=lambda: [store.transact(count_up, actor="person:bob", now=T0) for _ in range(30)]
    )
    writer.start()
    reports = [verify(store) for _ in range(4)]
    writer.join()
    assert [report.problems for report in [*reports, verify(store)]] == [()] * 5
