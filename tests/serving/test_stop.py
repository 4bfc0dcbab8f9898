"""However the service ends, no process of it is left and its port is free."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from casework.installation import prepare
from serving.launch import STOPS_WITHIN_S, launch
from tests.serving.conftest import Server, make_settings, start

pytestmark = pytest.mark.server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A service that the test ends itself."""
    settings = make_settings(tmp_path / "home")
    prepare(settings)
    running = start(settings, tmp_path / "service.log")
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGTERM)


def test_nothing_is_left_of_one_that_was_killed(own: Server) -> None:
    assert own.stop(signal.SIGKILL) == []
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{own.url}/livez", timeout=2.0)


def test_the_models_come_back_and_ctrl_c_ends_all(own: Server) -> None:
    """Look-ups go on while the models' process is gone; scores wait for the one that follows."""
    (scoring,) = [one for one in own.family() if "Scoring" in one.cmdline()]
    scoring.kill()
    with own.client() as caller:
        assert caller.get("/v1/restrictions/accounts/a1").status_code == 200
        posts = [{"id": "1", "text": "hello"}]
        assert caller.post("/score_posts", json={"posts": posts}, timeout=120).status_code == 200
    began = time.monotonic()
    assert own.stop(signal.SIGINT) == []
    # Nothing was under way, so there was nothing to wait for.
    assert time.monotonic() - began < STOPS_WITHIN_S
    assert "Traceback" not in own.log.read_text()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CONCERT_PORT", "many", "CONCERT_PORT"),
        ("CONCERT_DATABASE_URL", "mysql://x", "CONCERT_DATABASE_URL"),
        ("CONCERT_ENCODER", "no-such-encoder", "CONCERT_ENCODER"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    settings = make_settings(tmp_path / "home")
    what = launch(settings, env=os.environ)
    done = subprocess.run(
        what.command,
        cwd=what.folder,
        env={**what.environment, name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
