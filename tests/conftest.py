"""Shared fixtures: the clock of the tests and the optional data beside the project."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of one file share one process, and all that need Label Studio another, first.

    So two processes (`make test`) start no server twice, and the longest work starts first.
    """

    def needs_label_studio(item: pytest.Item) -> bool:
        return "label_studio" in getattr(item, "fixturenames", ())

    items.sort(key=lambda item: not needs_label_studio(item))
    for item in items:
        group = "label_studio" if needs_label_studio(item) else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
