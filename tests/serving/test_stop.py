"""However the service ends, no process of it is left and its port is free."""

import os
import signal
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from casework.installation import prepare
from serving.launch import launch
from tests.serving.conftest import Server, make_settings, start

pytestmark = pytest.mark.server


@pytest.fixture
def own(tmp_path: Path) -> Server:
    """A service that the test ends itself."""
    settings = make_settings(tmp_path / "home")
    prepare(settings)
    return start(settings, tmp_path / "service.log")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left(own: Server, how: signal.Signals) -> None:
    assert own.stop(how) == []
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{own.url}/livez", timeout=2.0)


def test_the_models_process_comes_back(own: Server) -> None:
    """Look-ups go on while it is gone."""
    (scoring,) = [one for one in own.family() if "Scoring" in one.cmdline()]
    scoring.kill()
    with own.client() as caller:
        assert caller.get("/v1/restrictions/accounts/a1").status_code == 200
        posts = [{"id": "1", "text": "hello"}]
        # It waits for the process that takes its place.
        assert caller.post("/score_posts", json={"posts": posts}).status_code == 200
    assert own.stop(signal.SIGTERM) == []


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
    assert psutil.Process().children() == []
