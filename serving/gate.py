"""What every request passes before anything reads it: a key, and a body of a bearable size.

Pure ASGI, so that it covers the scoring calls, the case API, /metrics and the documents alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policy.roles import rights_of
from policy.settings import Settings
from serving.callers import Caller
from serving.edge import CALLER, SEEN
from serving.errors import Wrong, too_often
from serving.keys import HEADER, Keyring, bearer
from serving.limits import Limiter
from serving.metrics import REFUSED
from serving.paths import APPEALS, HOOKS, OPEN
from serving.rights import right_for
from serving.tokens import IssuerAway
from store.errors import StoreError
from store.store import asked_by

MAX_BODY = 10_000_000
"""Bytes."""

STRANGERS_PER_S, STRANGERS_AT_ONCE = 0.5, 30
"""Wrong keys that one address may try."""


@dataclass(frozen=True)
class Limits:
    """How often callers, strangers with wrong keys, and people with links may ask."""

    callers: Limiter
    strangers: Limiter
    pages: Limiter
    """The appeal page, for each address."""
    letters: Limiter
    """What is sent by the appeal page, for each link."""

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            callers=Limiter(settings.rate_limit, 2 * settings.rate_limit),
            strangers=Limiter(STRANGERS_PER_S, STRANGERS_AT_ONCE),
            pages=Limiter(1.0, 60),
            letters=Limiter(1 / 60, 10),
        )


_WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}


class KeyRequired:
    """Lets nobody in without a key or token, and a role that may make this call.

    Health and webhook paths are open, and the appeal page, which has signed links of its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        keyring: Callable[[], Keyring],
        limits: Callable[[], Limits],
    ) -> None:
        """Both are asked at the first request: the store is opened at the service's start."""
        self._app = app
        self._keyring = keyring
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._admit(scope)
        except Wrong as wrong:
            REFUSED.labels(why=_WHY.get(wrong.status, "other")).inc()
            response = wrong.response()
            if wrong.status == 401:
                response.headers["WWW-Authenticate"] = 'Bearer realm="concert"'
            await response(scope, receive, send)
            return
        scope = {**scope, CALLER: caller}
        reset = asked_by.set(caller.actor)
        try:
            await self._app(scope, receive, send)
        finally:
            asked_by.reset(reset)

    async def _admit(self, scope: Scope) -> Caller:
        limits, address = self._limits(), (scope.get("client") or ("unknown",))[0]
        caller = await self._known(scope, limits, address)
        scope.get(SEEN, {})["key_id"] = caller.key_id
        wait = limits.callers.wait_for(caller.key_id)
        if wait:
            raise too_often(wait)
        right = right_for(scope["method"], scope["path"])
        if right not in rights_of(caller.roles):
            raise Wrong(403, f"this key may not do that: it needs a role with the right {right}")
        return caller

    async def _known(self, scope: Scope, limits: Limits, address: str) -> Caller:
        given = Headers(scope=scope).getlist(HEADER)
        if not given:
            raise Wrong(401, f"a key is needed: send the header {HEADER}: Bearer concert_…")
        key = bearer(given[0]) if len(given) == 1 else None
        if key is None:
            raise Wrong(401, f"the header {HEADER} must be: Bearer concert_…")
        keyring = self._keyring()
        caller = keyring.remembered(key)
        if caller is not None:
            return caller
        try:
            caller = await run_in_threadpool(keyring.find, key)
        except StoreError:
            raise Wrong(
                503, "the case store cannot answer, so the key cannot be checked; try again"
            ) from None
        except IssuerAway:
            raise Wrong(
                503, "the identity provider does not answer, so the token cannot be checked"
            ) from None
        if caller is None:
            # Only those who fail are slowed down: a good key behind the same address goes on.
            wait = limits.strangers.wait_for(address)
            if wait:
                raise too_often(wait)
            raise Wrong(401, "this key or token is not known, not valid or was revoked")
        return caller


_WHY = {401: "unknown", 403: "forbidden", 429: "too_often", 503: "cannot_check"}


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith((HOOKS, APPEALS))


class BearableBody:
    """Reads the body whole, refuses one that is too large or not JSON, and hands it on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] not in _WITH_BODY
            # A page sends a form, which is read, and bounded, there.
            or scope["path"].startswith(APPEALS)
        ):
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
