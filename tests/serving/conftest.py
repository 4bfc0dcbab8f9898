"""A real server on a free loopback port: one for the run, stopped by its own number at the end."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from casework.installation import prepare
from casework.office import Office
from policy.settings import Settings
from serving.launch import Launch, launch
from store.store import Store
from tests.servers import free_port
from tests.serving.values import GROUP, lay, typical

KEY = "concert_a-key-of-the-tests-alone"
READY_WITHIN_S = 120.0


@dataclass
class Server:
    """The service as a process of its own."""

    settings: Settings
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://{self.settings.host}:{self.settings.port}"

    def client(self, key: str | None = KEY, timeout: float = 60.0) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout)

    def family(self) -> list[psutil.Process]:
        """The server's process and all that it started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self, how: signal.Signals, within_s: float = 30.0) -> list[psutil.Process]:
        """End it by a signal to its own process alone; what is left of its family after a while."""
        family = self.family()
        self.process.send_signal(how)
        self.process.wait(within_s)
        _, left = psutil.wait_procs(family, timeout=within_s)
        return left


def make_settings(home: Path) -> Settings:
    return Settings(home=home, port=free_port(), api_key=SecretStr(KEY), _env_file=None)


def start(settings: Settings, log: Path) -> Server:
    """Start the service as `concert serve` does, and wait until it is ready."""
    return start_as(settings, log, launch(settings, env=os.environ))


def start_as(settings: Settings, log: Path, what: Launch) -> Server:
    """The same by another command."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            what.command,
            cwd=what.folder,
            env=dict(what.environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Signals to the tests' own group must not reach it.
            start_new_session=True,
        )
    server = Server(settings, log, process)
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{server.url}/readyz", timeout=2.0).status_code == httpx.codes.OK:
                return server
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    if process.poll() is None:
        server.stop(signal.SIGTERM)
    pytest.fail(f"the service is not ready:\n{log.read_text(errors='replace')[-4000:]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with a prepared store."""
    home = tmp_path_factory.mktemp("serving") / "home"
    settings = make_settings(home)
    prepare(settings)
    now = datetime.now(UTC)
    office = Office.open(settings)
    lay(office.store, *typical(now), now=now)
    office.store.transact(
        lambda work: work.save(GROUP, action="group.saved"), actor="person:ada", now=now
    )
    office.close()
    running = start(settings, home / "service.log")
    yield running
    left = running.stop(signal.SIGTERM)
    assert left == [], f"processes outlived the service: {left}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of one test's own."""
    with Store.open(f"sqlite:///{tmp_path / 'concert.db'}", tmp_path / "audit.anchor") as opened:
        yield opened


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """A caller with a key."""
    with server.client() as client:
        yield client
