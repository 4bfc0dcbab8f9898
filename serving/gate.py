"""What every request passes before anything reads it: a key, and a body of a bearable size.

Pure ASGI, so that it covers the scoring calls, the case API, /metrics and the documents alike.
"""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.edge import CALLER
from serving.errors import Wrong
from serving.keys import HEADER, Keyring, bearer
from serving.paths import HOOKS, OPEN
from store.errors import StoreError

MAX_BODY = 10_000_000
"""Bytes."""

_WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}


class KeyRequired:
    """Lets nobody in without a key that the store knows; health and webhook paths apart."""

    def __init__(self, app: ASGIApp, keyring: Callable[[], Keyring]) -> None:
        """`keyring` is asked at the first request: the store is opened at the service's start."""
        self._app = app
        self._keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope["path"]):
            try:
                await self._admit(scope)
            except Wrong as wrong:
                response = wrong.response()
                if wrong.status == 401:
                    response.headers["WWW-Authenticate"] = 'Bearer realm="concert"'
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        given = Headers(scope=scope).getlist(HEADER)
        if not given:
            raise Wrong(401, f"a key is needed: send the header {HEADER}: Bearer concert_…")
        key = bearer(given[0]) if len(given) == 1 else None
        if key is None:
            raise Wrong(401, f"the header {HEADER} must be: Bearer concert_…")
        keyring = self._keyring()
        caller = keyring.remembered(key)
        if caller is None:
            try:
                caller = await run_in_threadpool(keyring.find, key)
            except StoreError:
                raise Wrong(
                    503, "the case store cannot answer, so the key cannot be checked; try again"
                ) from None
        if caller is None:
            raise Wrong(401, "this key is not known, or was revoked")
        scope.get(CALLER, {}).update(key_id=caller.key_id, label=caller.label, roles=caller.roles)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(HOOKS)


class BearableBody:
    """Reads the body whole, refuses one that is too large or not JSON, and hands it on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(scope, receive)
        except Wrong as wrong:
            response = wrong.response()
            # What of the body is still on its way is not read; the connection cannot go on.
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        handed_on = False

        async def replay() -> Message:
            nonlocal handed_on
            if handed_on:
                return await receive()
            handed_on = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def _read(scope: Scope, receive: Receive) -> bytes:
    headers = Headers(scope=scope)
    said = headers.get("content-length", "0")
    if said.isdecimal() and int(said) > MAX_BODY:
        raise _too_large()
    kind = headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json" and (said != "0" or "transfer-encoding" in headers):
        raise Wrong(415, f"the body must be application/json, not {kind[:100]}")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Nobody reads the answer; but without one BentoML's timer would wait for it.
            raise Wrong(400, "the caller went away before the end of the body")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise _too_large()
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_large() -> Wrong:
    message = f"is larger than {MAX_BODY} bytes; send it in parts"
    return Wrong(413, f"body: {message}", ("body", message))
