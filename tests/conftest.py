"""Shared fixtures: the clock of the tests and the optional data beside the project."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# The fixtures of databases and servers, for every room: store_url, sqlite_url, postgres_url, and
# one label_studio for the whole run.
pytest_plugins = ["tests.databases", "tests.servers"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the project; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "data" / "DATA.md").exists():
        pytest.skip("the real data (../shared) does not lie beside the project")
    return folder


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """A command that a test runs in this process sets up its logs on streams that end with it."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _needs_label_studio(nodeid: str) -> bool:
    return nodeid.startswith(("tests/kills/", "tests/labeling/", "tests/life/test_year.py"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest work first, so that two processes end at about the same time."""
    items.sort(key=lambda item: not _needs_label_studio(item.nodeid))


class _ByServer(LoadScopeScheduling):
    """The tests of one file share one process, and all that need Label Studio share another.

    So two processes (`make test`) start no server twice.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "label_studio" if _needs_label_studio(nodeid) else nodeid.split("::", maxsplit=1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByServer:
    return _ByServer(config, log)
