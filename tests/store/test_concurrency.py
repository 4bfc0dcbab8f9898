"""Several writers at once, as threads and as processes: they take turns, and no update is lost."""

import multiprocessing
from pathlib import Path
from threading import Barrier, Thread

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
