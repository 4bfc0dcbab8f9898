"""Real servers for tests: free ports, and the Label Studio of its own environment."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labeling.server import LocalServer

ROOT = Path(__file__).resolve().parent.parent
LABEL_STUDIO = ROOT / ".venv-label-studio" / "bin" / "label-studio"


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def label_studio_executable() -> Path:
    """The Label Studio that `make setup` installs; tests that need it skip where it is absent."""
    if not LABEL_STUDIO.exists():
        pytest.skip("Label Studio's own environment is not set up (make setup)")
    return LABEL_STUDIO


@pytest.fixture(scope="session")
def label_studio(label_studio_executable: Path) -> Iterator[LocalServer]:
    """One Label Studio for the whole run (its first start takes most of a minute).

    A test that stops it starts it again.
    """
    with (
        tempfile.TemporaryDirectory(prefix="concert-label-studio-") as folder,
        LocalServer(label_studio_executable, Path(folder), free_port()) as server,
    ):
        yield server
