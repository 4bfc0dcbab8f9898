"""A Label Studio of our own: started without a browser, waited for, and stopped with its children.

It runs from an environment of its own, because its dependencies are pinned to others than ours.
"""

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx
import structlog

from labeling.credentials import Credentials

log = structlog.get_logger(__name__)

FIRST_START_S = 600.0
"""Its migrations take most of a minute on two free cores, and five on busy ones."""
_STOP_S = 10.0
_PID_FILE = "concert-server.json"
_LOCK_FILE = "concert-server.lock"


class ServerError(RuntimeError):
    """Label Studio cannot be started or reached; the message says what to do about it."""


@dataclass(frozen=True)
class Connection:
    """Where a Label Studio is and how to speak to it: ours, or one that stands already."""

    url: str
    token: str = field(repr=False)
    """A legacy token or a personal access token; the SDK takes either."""


def settings_of(data: Path, url: str, credentials: Credentials) -> dict[str, str]:
    """The environment that makes Label Studio ours: private, local, and with its user made.

    Names carry the server's own prefix so that no HOST or USERNAME of a desktop leaks in.
    """
    return {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_USERNAME": credentials.email,
        "LABEL_STUDIO_PASSWORD": credentials.password.get_secret_value(),
        "LABEL_STUDIO_USER_TOKEN": credentials.token.get_secret_value(),
        # Read only when the organisation is made, at the very first start.
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
        # Our own webhook lives on loopback, which this protection refuses. The server is bound to
        # loopback, has no storage or model back-ends, and takes sign-ups by link only.
        "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
        # By default any name and any page of the web may speak to it.
        "LABEL_STUDIO_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "LABEL_STUDIO_CORS_ALLOWED_ORIGINS": url,
        "LABEL_STUDIO_DEBUG": "false",
        "LABEL_STUDIO_HOST": "",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


def refuse_taken_port(host: str, port: int) -> None:
    """Raise ServerError unless a server could bind here: Label Studio would silently move on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ServerError(
                    f"port {port} on {host} is taken by another program: "
                    "stop it, or set CONCERT_LABEL_STUDIO_PORT to a free one"
                ) from None
            raise ServerError(f"cannot listen on {host}:{port}: {error.strerror}") from None


@dataclass
class LocalServer:
    """One Label Studio process, its data folder and its log.

    Use as a context manager, or call `start` and `stop`. Not for two threads at once.
    """

    executable: Path
    """`bin/label-studio` of the server's own environment."""
    data: Path
    port: int
    host: str = "127.0.0.1"
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further settings of the server, such as DJANGO_DB and POSTGRE_*."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _lock: IO[str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.data / "label-studio.log"

    @property
    def credentials(self) -> Credentials:
        """The log-in of the first user, made at first use."""
        return Credentials.kept_in(self.data)

    @property
    def connection(self) -> Connection:
        return Connection(self.url, self.credentials.token.get_secret_value())

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def command(self) -> list[str]:
        return [
            *(str(self.executable), "start", "--no-browser"),
            *("--internal-host", self.host, "--port", str(self.port)),
        ]

    def start(
        self,
        *,
        timeout_s: float = FIRST_START_S,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Connection:
        """Start the server and wait until it answers to our token.

        A server left over from a killed run in the same data folder is stopped first.

        Raises:
            ServerError: the executable is missing, the port or the data folder is taken, the
                server ended, or it was not ready in time. Nothing is left running.
        """
        if not os.access(self.executable, os.X_OK):
            raise ServerError(
                f"no Label Studio at {self.executable}: run `make setup`, or set "
                "CONCERT_LABEL_STUDIO_URL and CONCERT_LABEL_STUDIO_TOKEN to use one that stands"
            )
        self.data = self.data.resolve()
        self.data.mkdir(parents=True, exist_ok=True)
        # Evidence about people lies in here.
        self.data.chmod(0o700)
        credentials = self.credentials
        self._take_lock()
        try:
            self._stop_left_over()
            refuse_taken_port(self.host, self.port)
            first = not (self.data / "label_studio.sqlite3").exists()
            progress("starting Label Studio" + (" (first time: about a minute)" if first else ""))
            self._spawn(credentials)
            self._await_ready(timeout_s, progress)
            log.info("label_studio.started", url=self.url, pid=self.pid)
        except BaseException:
            self.stop()
            raise
        return self.connection

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for the server to end: its exit status, or None when the time was up first."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """End the server and all it started: politely first, then for good. Safe to repeat."""
        if self._process is not None:
            _end_group(self._process.pid, reap=self._process)
            self._process = None
            (self.data / _PID_FILE).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, credentials: Credentials) -> None:
        own = settings_of(self.data, self.url, credentials)
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **own, **self.environment},
                start_new_session=True,
            )
        (self.data / _PID_FILE).write_text(json.dumps({"pid": self._process.pid}))

    def _await_ready(self, timeout_s: float, progress: Callable[[str], None]) -> None:
        begun = time.monotonic()
        told = begun
        for healthy in _polls(self.url, begun + timeout_s):
            if self._process is None or self._process.poll() is not None:
                raise ServerError(f"Label Studio ended at its start{self._last_words()}")
            if healthy:
                _check_token(self.connection)
                progress(f"Label Studio is up after {time.monotonic() - begun:.0f} s")
                return
            if time.monotonic() - told >= 5:
                told = time.monotonic()
                progress(f"waiting for Label Studio ({told - begun:.0f} s)")
        raise ServerError(f"Label Studio was not up after {timeout_s:.0f} s{self._last_words()}")

    def _last_words(self) -> str:
        try:
            lines = self.log_file.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return f"; its last words: {lines[-1].strip() if lines else 'none'} (see {self.log_file})"

    def _take_lock(self) -> None:
        lock = (self.data / _LOCK_FILE).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise ServerError(f"another Concert runs Label Studio in {self.data}") from None
        self._lock = lock

    def _stop_left_over(self) -> None:
        """We hold the lock, so a server that a pid file names has lost whoever started it."""
        try:
            pid = int(json.loads((self.data / _PID_FILE).read_text())["pid"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return
        if str(self.executable) in _command_of(pid):
            log.warning("label_studio.left_over_stopped", pid=pid)
            _end_group(pid)


def _polls(url: str, until: float) -> Iterator[bool]:
    """Whether the server is healthy, asked twice a second until the time is up."""
    with httpx.Client(base_url=url, timeout=5, trust_env=False) as client:
        while time.monotonic() < until:
            try:
                yield client.get("/health").status_code == httpx.codes.OK
            except httpx.TransportError:
                yield False
            time.sleep(0.5)


def _check_token(connection: Connection) -> None:
    # Whatever answers on this port must be the server that knows our token, not a stranger.
    try:
        answer = httpx.get(
            f"{connection.url}/api/current-user/whoami",
            headers={"Authorization": f"Token {connection.token}"},
            timeout=30,
            trust_env=False,
        )
    except httpx.TransportError as error:
        raise ServerError(f"Label Studio at {connection.url} does not answer: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise ServerError(
            f"Label Studio at {connection.url} does not take our token (status "
            f"{answer.status_code}): another program answers there, or its data folder was made "
            "with another log-in"
        )


def _command_of(pid: int) -> str:
    """The command line of a process, empty when it is gone."""
    asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    # `ps` is POSIX, wherever it lies, and a number is all that we add.
    shown = subprocess.run(asked, capture_output=True, text=True, check=False)
    return shown.stdout


def _end_group(group: int, reap: subprocess.Popen[bytes] | None = None) -> None:
    for how, patience in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
        with _no_such_process():
            os.killpg(group, how)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if reap is not None:
                reap.poll()
            if not _group_lives(group):
                return
            time.sleep(0.05)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _no_such_process() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        return
