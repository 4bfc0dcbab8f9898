"""The schema's versions: up, down, and where a database stands."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from store.engine import WRITES, make_engine
from store.errors import WrongStore, named

# Any number, as long as it is always this one: it keeps two programs from migrating at once.
_LOCK = 20_210_115


def upgrade(url: str) -> str:
    """Bring a database up to this program's schema, from nothing if it is empty; the revision.

    Safe to call from several processes at once.

    Raises:
        WrongStore: the database's schema is newer than this program.
    """
    engine = make_engine(url)
    try:
        return upgrade_engine(engine)
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine) -> str:
    """The same as `upgrade`, on an engine."""
    latest = head()
    with named(), engine.connect() as connection:
        if current(connection) == latest:
            return latest
    with named(), engine.execution_options(**{WRITES: True}).begin() as connection:
        _one_at_a_time(connection)
        standing = current(connection)
        try:
            command.upgrade(_config(connection), "head")
        except CommandError:
            raise WrongStore(
                f"the database has schema {standing}, which this program does not know: it was "
                "written by a newer Concert; use that one"
            ) from None
    return latest


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring an empty database up to one revision, within the caller's transaction.

    Raises:
        WrongStore: this program does not know the revision.
    """
    _one_at_a_time(connection)
    try:
        command.upgrade(_config(connection), revision)
    except CommandError:
        raise WrongStore(
            f"schema {revision} is not known to this program: it was written by a newer Concert; "
            "use that one"
        ) from None


def downgrade(url: str, revision: str = "base") -> None:
    """Take a database back to an earlier schema. What that schema cannot hold is lost."""
    engine = make_engine(url)
    try:
        with named(), engine.execution_options(**{WRITES: True}).begin() as connection:
            _one_at_a_time(connection)
            command.downgrade(_config(connection), revision)
    finally:
        engine.dispose()


def head() -> str:
    """The revision that this program needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def current(connection: Connection) -> str | None:
    """The revision that a database has, None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _one_at_a_time(connection: Connection) -> None:
    # SQLite is locked by its BEGIN IMMEDIATE already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
