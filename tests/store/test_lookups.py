"""Look-ups: exactly what stands, for one and for many, at the time that is given."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.restrictions import Restriction
from policy.words import SubjectKind
from store.errors import StoreUnavailable
from store.store import Store
from tests.store.values import DAY, T0, restriction

US = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (T0 - US, False),
        (T0, True),
        (T0 + 30 * DAY - US, True),
        (T0 + 30 * DAY, False),
        (T0 + 300 * DAY, False),
    ],
)
def test_a_limit_stands_from_its_start_to_just_before_its_end(
    store: Store, now: datetime, stands: bool
) -> None:
    with store.writing("person:ada", T0) as work:
        laid = work.save(restriction(), action="restriction.laid")
    assert store.lookups.one(SubjectKind.ACCOUNT, "a1", now) == ([laid] if stands else [])


def test_a_lifted_one_is_gone_from_its_lifting_on(store: Store) -> None:
    with store.writing("person:ada", T0) as work:
        work.save(restriction(lifted_at=T0 + DAY), action="restriction.laid")
    assert store.lookups.one(SubjectKind.ACCOUNT, "a1", T0 + DAY - US)
    assert not store.lookups.one(SubjectKind.ACCOUNT, "a1", T0 + DAY)


def test_every_id_that_is_asked_for_is_answered(store: Store) -> None:
    odd = ["a'1", 'a"2', "a,3", "{4}", "ü|%", "\\", "[]", "null", "5 "]
    with store.writing("person:ada", T0) as work:
        work.save_all(
            [
                restriction(f"r{n}", subject, expires_at=None)
                for n, subject in enumerate(subject.strip() for subject in odd)
            ],
            action="restriction.laid",
        )
        work.save(restriction("p", "a1", subject_kind=SubjectKind.POST), action="restriction.laid")
    found = store.lookups.many(SubjectKind.ACCOUNT, [*odd, "a1", "nobody"], T0)
    assert list(found) == [*odd, "a1", "nobody"]
    assert {id_: len(held) for id_, held in found.items()} == {
        **dict.fromkeys(odd, 1),
        "5 ": 0,
        "a1": 0,
        "nobody": 0,
    }
    assert [one.id for one in store.lookups.one(SubjectKind.POST, "a1", T0)] == ["p"]
    assert store.lookups.many(SubjectKind.ACCOUNT, [], T0) == {}


def test_more_ids_than_a_statement_has_parameters(store: Store) -> None:
    with store.writing("person:ada", T0) as work:
        work.save(restriction("r1", "a40000"), action="restriction.laid")
    found = store.lookups.many(SubjectKind.ACCOUNT, [f"a{n}" for n in range(70_000)], T0)
    assert [id_ for id_, held in found.items() if held] == ["a40000"]


def test_an_outage_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("gone")
    with Store.open(f"sqlite:///{folder / 'x.db'}", folder / "anchor") as store:
        store.engine.dispose()
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        with pytest.raises(StoreUnavailable):
            store.lookups.one(SubjectKind.ACCOUNT, "a1", T0)


days = st.integers(0, 6).map(lambda n: T0 + n * DAY)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    laid=st.lists(
        st.tuples(st.sampled_from("abc"), days, st.none() | days, st.none() | days), max_size=6
    ),
    now=days,
)
def test_the_same_as_asking_each_restriction(
    store: Store,
    laid: list[tuple[str, datetime, datetime | None, datetime | None]],
    now: datetime,
) -> None:
    with store.writing("person:ada", T0) as work:
        for old in work.restrictions.find():
            work.erase(Restriction, old.id, why="the next example")
        ones = [
            restriction(f"r{n}", subject, starts_at=start, expires_at=end, lifted_at=lifted)
            for n, (subject, start, end, lifted) in enumerate(laid)
        ]
        work.save_all(ones, action="restriction.laid")
    found = store.lookups.many(SubjectKind.ACCOUNT, "abc", now)
    for subject in "abc":
        assert found[subject] == [
            one for one in ones if one.subject_id == subject and one.stands(now)
        ]
