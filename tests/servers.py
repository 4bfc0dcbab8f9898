"""Real servers for tests: free ports, and the Label Studio of its own environment."""

import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LABEL_STUDIO = ROOT / ".venv-label-studio" / "bin" / "label-studio"


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def label_studio_executable() -> Path:
    """The Label Studio that `make setup` installs; tests that need it skip where it is absent."""
    if not LABEL_STUDIO.exists():
        pytest.skip("Label Studio's own environment is not set up (make setup)")
    return LABEL_STUDIO
