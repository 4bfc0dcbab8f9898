"""The outermost layer of the front: a request id, one log line, one shape for all errors.

It stands around BentoML's own layers (which time out, count and answer 404 by themselves), so that
what they answer has our shape too, and so that they never see the ids in a path: the path is
replaced by its template here and put back by `RealPath` behind them.
"""

import json
import re
import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Detail, Problem, from_pydantic
from serving.paths import APPEALS, OPEN, Templates

REAL_PATH = "concert.path"
CALLER = "concert.caller"
SEEN = "concert.seen"
"""What the layers below found out for the log."""
REQUEST_ID = "concert.request_id"

_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_OF_A_PROBLEM = 1_000_000

_WORDS = {
    404: "there is nothing at this path",
    405: "this path does not take this method",
    429: "too much to do just now; try again shortly",
    503: "not ready; try again shortly",
    504: "it took too long",
}

log = structlog.get_logger("concert.requests")


class Edge:
    """Wraps the whole front."""

    def __init__(self, app: ASGIApp, templates: Templates) -> None:
        self._app = app
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "not spoken here"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"]
        template = self._templates.of(path)
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _GOOD_ID.fullmatch(asked) else uuid.uuid4().hex
        state: dict[str, Any] = {}
        inner: Scope = {
            **scope,
            "path": template,
            REAL_PATH: path,
            SEEN: state,
            REQUEST_ID: request_id,
        }
        answer = _OneShape(send, request_id, page=path.startswith(APPEALS))
        try:
            await self._app(inner, receive, answer)
        finally:
            if path not in OPEN:
                log.info(
                    "request",
                    request_id=request_id,
                    method=scope["method"],
                    path=template,
                    status=answer.status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    key=state.get("key_id"),
                )


class RealPath:
    """Puts the real path back, behind the layers that must not see it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if REAL_PATH in scope:
            scope = {**scope, "path": scope[REAL_PATH]}
        await self._app(scope, receive, send)


class _OneShape:
    """Sends answers on; those of 400 and above in the one shape."""

    def __init__(self, send: Send, request_id: str, *, page: bool) -> None:
        """`page`: a person reads it, whose errors are pages too."""
        self._send = send
        self._page = page
        self._request_id = request_id
        self._held: Message | None = None
        self._body = bytearray()
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": list(message.get("headers", []))}
            MutableHeaders(raw=message["headers"])["X-Request-ID"] = self._request_id
            if self.status >= 400 and not self._page:
                self._held = message
                return
        elif self._held is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body") and len(self._body) < _MOST_OF_A_PROBLEM:
                return
            await self._send_problem(self._held)
            self._held = None
            return
        await self._send(message)

    async def _send_problem(self, start: Message) -> None:
        body = as_problem(self.status, bytes(self._body)).model_dump_json().encode()
        headers = MutableHeaders(raw=start["headers"])
        headers["Content-Type"] = "application/json"
        headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def as_problem(status: int, body: bytes) -> Problem:
    """An error of BentoML's, FastAPI's or Starlette's making in the one shape."""
    try:
        said: Any = json.loads(body)
    except ValueError:
        said = None
    if isinstance(said, list) and said:
        said = said[0]
    if isinstance(said, dict):
        detail = said.get("detail")
        if isinstance(detail, list) and all(isinstance(one, dict) for one in detail):
            if detail and "loc" in detail[0]:
                return from_pydantic(detail)
            if all(one.keys() >= {"field", "message"} for one in detail) and "error" in said:
                return Problem(error=str(said["error"]), detail=[Detail(**one) for one in detail])
        words = said.get("error", detail)
        if status < 500 and isinstance(words, str) and status not in _WORDS:
            return Problem(error=words)
    return Problem(error=_WORDS.get(status, "it failed; the log of the service says why"))
