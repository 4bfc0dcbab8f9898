"""Who calls: API keys, known by their hashes alone.

A key bears 256 random bits, so a plain SHA-256 is enough to keep it by. What the store said is
remembered for a few seconds, so that a look-up costs no query for its key; a revoked key works
for no longer than that. While the store cannot answer, keys that it knew last go on working:
else an outage of the store would turn into an outage of every look-up.
"""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable

from serving.callers import Caller
from serving.tokens import Tokens
from store.errors import StoreBusy, StoreUnavailable
from store.keys import PREFIX, find_key
from store.store import Store

HEADER = "Authorization"
REMEMBERED_S = 5.0
_MOST_REMEMBERED = 1024

_BEARER = re.compile(r"[Bb]earer +(concert_[\x21-\x7e]{1,200}|[\w.-]{20,8000})\s*", re.ASCII)


def bearer(header: str) -> str | None:
    """The key or token in an Authorization header; None where there is none of the right form."""
    found = _BEARER.fullmatch(header)
    return found[1] if found else None


def _fingerprint(key: str) -> bytes:
    # Not even the memory of this process holds the key itself for longer than one request.
    return hashlib.sha256(key.encode("ascii")).digest()


class Keyring:
    """Tells callers by their keys. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        monotonic: Callable[[], float] = time.monotonic,
        tokens: Tokens | None = None,
    ) -> None:
        """`tokens`: who else is believed, where an identity provider is set."""
        self._store = store
        self._tokens = tokens
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    def remembered(self, key: str) -> Caller | None:
        """The caller, if the store said so within the last seconds."""
        found = self._known.get(_fingerprint(key))
        if found is None or self._monotonic() - found[1] > REMEMBERED_S:
            return None
        return found[0]

    def find(self, key: str) -> Caller | None:
        """The caller; None for a key that is unknown or revoked, or a token that is not valid.

        Raises:
            StoreUnavailable: the store cannot answer, and never knew this key.
            IssuerAway: the keys that tokens are checked by cannot be had.
        """
        digest = _fingerprint(key)
        if not key.startswith(PREFIX):
            return self._by_token(digest, key)
        try:
            with self._store.reading() as reading:
                kept = find_key(reading, key)
        except (StoreUnavailable, StoreBusy):
            last = self._known.get(digest)
            if last is None:
                raise
            return last[0]
        if kept is None:
            self._known.pop(digest, None)
            return None
        caller = Caller(
            key_id=kept.id,
            label=kept.label,
            roles=kept.roles,
            person=kept.person,
            on_behalf=kept.on_behalf,
        )
        self._remember(digest, caller)
        return caller

    def _by_token(self, digest: bytes, token: str) -> Caller | None:
        caller = self._tokens.find(token) if self._tokens is not None else None
        if caller is None:
            self._known.pop(digest, None)
        else:
            self._remember(digest, caller)
        return caller

    def _remember(self, digest: bytes, caller: Caller) -> None:
        self._known[digest] = (caller, self._monotonic())
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
