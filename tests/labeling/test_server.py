"""Starting and stopping a real Label Studio."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from labeling.credentials import FILE, Credentials, CredentialsError
from labeling.server import Connection, LocalServer, ServerError
from labeling.studio import Studio, StudioAwayError, StudioRefusedError
from tests.servers import free_port


def test_the_login_is_made_once_and_kept_private(tmp_path: Path) -> None:
    made = Credentials.kept_in(tmp_path)
    assert Credentials.kept_in(tmp_path) == made
    assert Credentials.kept_in(tmp_path / "other") != made
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [FILE]
    shown = f"{made!r} {made}"
    assert made.token.get_secret_value() not in shown
    assert made.password.get_secret_value() not in shown


def test_a_damaged_login_file_is_named_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"email": "a@b.example", "password": "hunter2"')
    with pytest.raises(CredentialsError, match=FILE) as refused:
        Credentials.kept_in(tmp_path)
    assert "hunter2" not in str(refused.value)


def test_a_missing_executable_says_what_to_do(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "nowhere", tmp_path / "data", free_port())
    with pytest.raises(ServerError, match="make setup"):
        server.start()


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = LocalServer(Path(sys.executable), tmp_path, port)
        with pytest.raises(ServerError, match=rf"port {port} .* taken"):
            server.start()
    assert server.pid is None
    assert not server.log_file.exists()


def test_a_server_that_ends_at_once_says_its_last_words(tmp_path: Path) -> None:
    # A Python that is asked for `start --no-browser` finds no such file.
    server = LocalServer(Path(sys.executable), tmp_path, free_port())
    with pytest.raises(ServerError, match=r"ended at its start; its last words: .*start"):
        server.start()
    assert server.pid is None


@pytest.mark.server
def test_it_is_up_private_and_local(label_studio: LocalServer) -> None:
    credentials = label_studio.credentials
    with httpx.Client(base_url=label_studio.url, timeout=30, trust_env=False) as client:
        assert client.get("/health").json() == {"status": "UP"}
        assert client.get("/api/projects/").status_code == httpx.codes.UNAUTHORIZED
        token = {"Authorization": f"Token {credentials.token.get_secret_value()}"}
        me = client.get("/api/current-user/whoami", headers=token).json()
        assert me["email"] == credentials.email
        # Signing up takes an invitation.
        page = client.get("/user/signup/")
        stranger = client.post(
            "/user/signup/",
            data={
                "email": "stranger@concert.example",
                "password": "a-long-enough-one",
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            },
            headers={"Referer": str(page.url)},
        )
        assert stranger.status_code == httpx.codes.FORBIDDEN
        foreign = client.get("/health", headers={"Host": "evil.example"})
        assert foreign.status_code == httpx.codes.BAD_REQUEST
        login = client.get("/user/login/")
        answer = client.post(
            "/user/login/",
            data={
                "email": credentials.email,
                "password": credentials.password.get_secret_value(),
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            },
            headers={"Referer": str(login.url)},
        )
        assert answer.status_code == httpx.codes.FOUND
    assert stat.S_IMODE(label_studio.data.stat().st_mode) == 0o700


@pytest.mark.server
def test_a_second_start_in_the_same_folder_is_refused(label_studio: LocalServer) -> None:
    second = LocalServer(label_studio.executable, label_studio.data, free_port())
    with pytest.raises(ServerError, match="another Concert"):
        second.start()
    assert label_studio.pid is not None


@pytest.mark.server
def test_a_wrong_token_is_refused_and_a_missing_server_is_away(label_studio: LocalServer) -> None:
    wrong = Studio(Connection(label_studio.url, "0" * 40))
    with pytest.raises(StudioRefusedError, match="401"):
        wrong.projects()
    wrong.close()
    nobody = Studio(Connection(f"http://127.0.0.1:{free_port()}", "0" * 40))
    with pytest.raises(StudioAwayError, match="does not answer"):
        nobody.projects()
    nobody.close()


_STARTS_AND_DIES = """
import os, signal, sys
from pathlib import Path
from labeling.server import LocalServer
executable, data, port = sys.argv[1:]
server = LocalServer(Path(executable), Path(data), int(port))
server.start()
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.server
def test_a_server_left_over_from_a_killed_run_is_replaced(label_studio: LocalServer) -> None:
    label_studio.stop()
    root = Path(__file__).resolve().parents[2]
    arguments = (str(label_studio.executable), str(label_studio.data), str(label_studio.port))
    ended = subprocess.run(
        [sys.executable, "-c", _STARTS_AND_DIES, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        check=False,
    )
    left_over = int(ended.stdout.split()[-1])
    os.kill(left_over, 0)
    label_studio.start()
    assert label_studio.pid not in (None, left_over)
    with pytest.raises(ProcessLookupError):
        os.kill(left_over, 0)
