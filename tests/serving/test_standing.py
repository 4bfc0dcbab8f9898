"""Look-ups and keys on a real store, and through an outage of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.words import RestrictionKind, SubjectKind
from serving.keys import REMEMBERED_S, Keyring
from serving.standing import REST_S, StandingRestrictions
from store.errors import StoreUnavailable
from store.keys import make_key, revoke_key
from store.store import Store
from tests.serving.values import DAY, lay, restriction, typical

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Watch:
    """A monotonic clock that the test turns."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@contextmanager
def outage(store: Store, folder: Path) -> Iterator[None]:
    """Take the database away, as a lost disk would."""
    away = folder / "away"
    away.mkdir()
    store.engine.dispose()
    kept = list(folder.glob("concert.db*"))
    for path in kept:
        path.rename(away / path.name)
    (folder / "concert.db").mkdir()
    try:
        yield
    finally:
        (folder / "concert.db").rmdir()
        for path in kept:
            (away / path.name).rename(path)


def ids(register: StandingRestrictions, subject_id: str, now: datetime) -> list[str]:
    found = register.look_up(SubjectKind.ACCOUNT, [subject_id], now).found
    return [one.id for one in found[subject_id]]


@pytest.mark.parametrize(
    ("subject_id", "found"),
    [
        ("a1", ["r_replies", "r_search"]),
        ("a2", []),
        ("a3", []),
        ("a4", []),
        ("a5", ["r_suspended"]),
        ("nobody", []),
    ],
)
def test_only_what_stands_is_found(store: Store, subject_id: str, found: list[str]) -> None:
    lay(store, *typical(NOW), now=NOW)
    assert ids(StandingRestrictions(store), subject_id, NOW) == found


def test_expiry_needs_no_sweeper(store: Store) -> None:
    lay(store, *typical(NOW), now=NOW)
    register = StandingRestrictions(store)
    end = NOW + 30 * DAY
    assert ids(register, "a1", end - timedelta(microseconds=1)) == ["r_replies", "r_search"]
    assert ids(register, "a1", end) == []


def test_statements_are_told(store: Store) -> None:
    lay(store, *typical(NOW), now=NOW)
    register = StandingRestrictions(store)
    found = register.look_up(SubjectKind.ACCOUNT, ["a1", "a5"], NOW).found
    told = register.statement_ids(one for many in found.values() for one in many)
    assert told == {name: f"statement_{name}" for name in ("r_search", "r_replies", "r_suspended")}


def test_in_an_outage_limits_fail_open_and_suspensions_stay(store: Store, tmp_path: Path) -> None:
    lay(store, *typical(NOW), now=NOW)
    watch = Watch()
    register = StandingRestrictions(store, watch)
    register.refresh()
    with outage(store, tmp_path):
        limited = register.look_up(SubjectKind.ACCOUNT, ["a1"], NOW)
        assert limited.degraded
        assert limited.found == {"a1": []}
        # The store is left alone now, so this one does not wait for it either.
        suspended = register.look_up(SubjectKind.ACCOUNT, ["a5"], NOW)
        assert [one.id for one in suspended.found["a5"]] == ["r_suspended"]
        assert register.statement_ids(suspended.found["a5"]) == {
            "r_suspended": "statement_r_suspended"
        }
        with pytest.raises(StoreUnavailable):
            register.refresh()
    watch.at += REST_S
    again = register.look_up(SubjectKind.ACCOUNT, ["a1"], NOW)
    assert not again.degraded
    assert len(again.found["a1"]) == 2


def test_a_lifted_suspension_is_forgotten(store: Store, tmp_path: Path) -> None:
    suspended = restriction(
        "r1", "a1", RestrictionKind.SUSPEND_ACCOUNT, starts_at=NOW - DAY, expires_at=None
    )
    lay(store, suspended, now=NOW)
    register = StandingRestrictions(store, Watch())
    register.refresh()
    with store.writing("person:ada", NOW) as work:
        work.save(work.restrictions.need("r1").lift(at=NOW, why="appeal won"), action="lifted")
    register.refresh()
    with outage(store, tmp_path):
        assert ids(register, "a1", NOW) == []


def test_keys_are_known_revoked_and_outlast_an_outage(store: Store, tmp_path: Path) -> None:
    with store.writing("system:test", NOW) as work:
        key, kept = make_key(work, label="tests", roles=("admin",))
    watch = Watch()
    ring = Keyring(store, watch)
    assert ring.remembered(key) is None
    assert ring.find("concert_unknown-unknown") is None
    caller = ring.find(key)
    assert caller is not None
    assert (caller.key_id, caller.label, caller.roles) == (kept.id, "tests", ("admin",))
    assert ring.remembered(key) == caller
    watch.at += REMEMBERED_S + 0.1
    assert ring.remembered(key) is None
    with outage(store, tmp_path):
        assert ring.find(key) == caller
        with pytest.raises(StoreUnavailable):
            ring.find("concert_unknown-unknown")
    with store.writing("system:test", NOW) as work:
        revoke_key(work, kept.id, why="lost")
    assert ring.find(key) is None
    assert ring.remembered(key) is None
