"""Commands that stay end cleanly on INT and on TERM; `up` refuses a taken port before it starts."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import CONCERT, environment, in_process_of_its_own
from tests.servers import free_port

READY_S = 120


def _started(words: list[str], home: Path, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [CONCERT, *words],
        env=environment(home, PYTHONUNBUFFERED="1", **more),
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: subprocess.Popen[str], how: signal.Signals) -> tuple[int, str, str]:
    process.send_signal(how)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_rolling_pass_ends_cleanly(how: signal.Signals, tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = _started(["roll", "--watch", "--every", "0.2"], home)
    until = time.monotonic() + READY_S
    while not (home / "audit.anchor").exists() and not (home / "concert.db").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(3)
    code, out, err = _ended(process, how)
    assert code == 0, err
    assert out.endswith("stopped\n")
    assert "Traceback" not in err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_reconciler_waits_for_label_studio_and_ends_cleanly(
    how: signal.Signals, tmp_path: Path
) -> None:
    process = _started(
        ["review", "sync", "--watch"],
        tmp_path / "home",
        CONCERT_LABEL_STUDIO_PORT=str(free_port()),
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Waiting for Label Studio")
    code, _, err = _ended(process, how)
    assert code == 0, err
    assert "Traceback" not in err


def test_one_pass_without_label_studio_fails_with_the_reason(tmp_path: Path) -> None:
    said = in_process_of_its_own(
        ["review", "sync"], tmp_path / "home", CONCERT_LABEL_STUDIO_PORT=str(free_port())
    )
    assert said.code == 1
    assert "Label Studio does not answer" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", ["CONCERT_PORT", "CONCERT_LABEL_STUDIO_PORT"])
def test_a_taken_port_is_told_before_anything_starts(name: str, tmp_path: Path) -> None:
    ports = {"CONCERT_PORT": str(free_port()), "CONCERT_LABEL_STUDIO_PORT": str(free_port())}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports[name] = str(taken.getsockname()[1])
        said = in_process_of_its_own(["up"], tmp_path / "home", **ports)
    assert said.code == 1
    assert name in said.err
    assert not (tmp_path / "home").exists()


@pytest.mark.server
def test_the_service_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    process = _started(["serve"], tmp_path / "home", CONCERT_PORT=str(port))
    until = time.monotonic() + READY_S
    while not _ready(port):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.5)
    code, _, err = _ended(process, signal.SIGTERM)
    assert code == 0, err
    assert not _ready(port)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
