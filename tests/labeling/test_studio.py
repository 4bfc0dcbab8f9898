"""What the client makes of replies: tasks, a refusal, or a server that is away for now."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labeling.server import Connection
from labeling.studio import SeenTask, Studio, StudioAwayError, StudioRefusedError

Say = Callable[[int, str], str]


@pytest.fixture
def say() -> Iterator[Say]:
    """A server that says one thing to whatever it is asked; its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sent = body.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def listed(url: str) -> list[SeenTask]:
    with closing(Studio(Connection(url, "token"), retries=0)) as studio:
        return list(studio.tasks(1))


@pytest.mark.parametrize(
    ("status", "body", "raises"),
    [
        (403, '{"detail": "no"}', StudioRefusedError),
        (404, "", StudioRefusedError),
        (500, "oops", StudioAwayError),
        (502, "<html>", StudioAwayError),
        (200, "<html>back soon</html>", StudioAwayError),
        (200, '{"tasks": null}', StudioAwayError),
    ],
)
def test_a_reply_without_tasks_is_named(
    say: Say, status: int, body: str, raises: type[Exception]
) -> None:
    with pytest.raises(raises):
        listed(say(status, body))


def test_tasks_are_read_as_they_come(say: Say) -> None:
    at = "2026-03-01T12:00:00.000123Z"
    answer = {
        "id": 7,
        "updated_at": at,
        "completed_by": 3,
        "updated_by": 4,
        "was_cancelled": False,
        "lead_time": 1.5,
        "result": [{"type": "choices"}, "no region"],
    }
    ours = {"owner": "o", "case": "c", "round": 1, "kind": "association", "config": 1}
    tasks = [
        {"id": 1, "updated_at": at, "meta": {"concert": ours}, "annotations": [answer]},
        {"id": 2, "updated_at": at, "meta": None, "annotations": []},
    ]
    first, second = listed(say(200, json.dumps({"tasks": tasks})))
    assert first.mark is not None
    assert (first.mark.owner, first.mark.key) == ("o", ("c", 1))
    (seen,) = first.answers
    assert (seen.user_id, seen.written_by, seen.lead_time) == (3, 4, 1.5)
    assert (seen.result, seen.version) == (
        [{"type": "choices"}],
        "2026-03-01T12:00:00.000123+00:00",
    )
    assert (second.mark, second.annotations) == (None, ())
