"""Real servers for tests: free ports, and the Label Studio of its own environment."""

import hashlib
import shutil
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
def label_studio(
    label_studio_executable: Path, pytestconfig: pytest.Config
) -> Iterator[LocalServer]:
    """One Label Studio for the whole run. A test that stops it starts it again.

    The first start ever makes a database, which takes most of a minute; it is kept, as it was then,
    in pytest's cache, and later runs begin with a copy.
    """
    kept = _kept_database(label_studio_executable, pytestconfig)
    with tempfile.TemporaryDirectory(prefix="concert-label-studio-") as folder:
        data = Path(folder) / "data"
        shutil.copytree(kept, data)
        with LocalServer(label_studio_executable, data, free_port()) as server:
            yield server


def _kept_database(executable: Path, config: pytest.Config) -> Path:
    """The data folder of a Label Studio of this very version, as its first start left it."""
    cache = config.cache
    if cache is None:
        pytest.fail("Label Studio's tests keep its first database in pytest's cache: leave it on")
    constraints = ROOT / "labeling" / "server" / "constraints.txt"
    version = hashlib.sha256(constraints.read_bytes()).hexdigest()[:12]
    kept = cache.mkdir("label-studio") / version
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            data = Path(folder) / "data"
            with LocalServer(executable, data, free_port()):
                pass
            # In one step: a run that is killed leaves no half a database behind.
            data.rename(kept)
    return kept
