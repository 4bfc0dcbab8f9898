"""The schema: up from nothing and down again, the same as the tables say, on both databases."""

from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from store import migrate, tables
from store.engine import make_engine
from store.errors import WrongStore
from store.store import Store
from tests.store.values import T0, group


def names(url: str) -> set[str]:
    engine = make_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_up_from_nothing_and_down_again(store_url: str) -> None:
    assert migrate.upgrade(store_url) == migrate.head()
    assert set(tables.metadata.tables) <= names(store_url)
    migrate.downgrade(store_url)
    assert names(store_url) == {"alembic_version"}
    assert migrate.upgrade(store_url) == migrate.head()


def test_upgrading_twice_keeps_what_is_there(store_url: str, anchor_path: Path) -> None:
    with Store.open(store_url, anchor_path) as store, store.writing("person:ada", T0) as work:
        work.save(group(), action="group.added")
    migrate.upgrade(store_url)
    with Store.open(store_url, anchor_path) as store, store.reading() as work:
        assert work.groups.need("g1") == group()


def test_the_steps_make_exactly_the_tables(store_url: str) -> None:
    migrate.upgrade(store_url)
    engine = make_engine(store_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, tables.metadata) == []
    finally:
        engine.dispose()


def test_several_programs_may_start_at_once(store_url: str) -> None:
    barrier = Barrier(3)
    done: list[str] = []

    def start() -> None:
        barrier.wait()
        done.append(migrate.upgrade(store_url))

    threads = [Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [migrate.head()] * 3


def test_a_newer_schema_is_refused(store_url: str, anchor_path: Path) -> None:
    Store.open(store_url, anchor_path).close()
    engine = make_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(WrongStore, match="newer Concert"):
        Store.open(store_url, anchor_path)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/concert", "not in mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("no url, but a secret", "is not a database URL"),
        ("foo://x", "not"),
    ],
)
def test_a_wrong_url_is_named_without_repeating_it(url: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(WrongStore, match=says) as refused:
        Store.open(url, tmp_path / "anchor")
    assert "CONCERT_DATABASE_URL" in str(refused.value)
    assert "secret" not in str(refused.value)
