"""API keys: `concert_<random>`, kept only as a hash, checked in constant time, revoked for good."""

import hashlib
import hmac
import secrets
from collections.abc import Collection

from store.errors import StoreError
from store.records import ApiKey
from store.work import Reading, Writing

PREFIX = "concert_"
SHORTEST = 8
"""Characters after the prefix that a key made elsewhere must have at least."""


class MalformedKey(StoreError):
    """What was given as a key cannot be one."""


def make_key(
    work: Writing,
    *,
    label: str,
    roles: Collection[str],
    person: str | None = None,
    on_behalf: bool = False,
) -> tuple[str, ApiKey]:
    """Make a key of 256 random bits: the key, to be shown once, and what is kept of it."""
    key = PREFIX + secrets.token_urlsafe(32)
    return key, adopt_key(work, key, label=label, roles=roles, person=person, on_behalf=on_behalf)


def adopt_key(
    work: Writing,
    key: str,
    *,
    label: str,
    roles: Collection[str],
    person: str | None = None,
    on_behalf: bool = False,
) -> ApiKey:
    """Keep a key that was made elsewhere, such as one from the settings; the same twice is one.

    Raises:
        MalformedKey: it does not look like `concert_<random>`, or is too short to be random.
        AlreadyThere: it was revoked; a revoked key never opens anything again.
    """
    if not key.startswith(PREFIX) or len(key) < len(PREFIX) + SHORTEST or not key.isascii():
        raise MalformedKey(
            f"an API key looks like {PREFIX}<random>, with at least {SHORTEST} characters after "
            "the underscore"
        )
    hashed = _hash(key)
    standing = work.api_keys.find(sha256=hashed, limit=1)
    if standing and standing[0].revoked_at is None:
        return standing[0]
    kept = ApiKey(
        id=f"key_{secrets.token_hex(6)}",
        label=label,
        roles=tuple(sorted(roles)),
        person=person,
        on_behalf=on_behalf,
        sha256=hashed,
        created_at=work.now,
    )
    return work.save(kept, action="api_key.added", why=label)


def find_key(work: Reading, key: str) -> ApiKey | None:
    """What is kept of a key that is valid; None for an unknown or a revoked one."""
    hashed = _hash(key)
    for kept in work.api_keys.find(sha256=hashed, limit=1):
        # The index compares hashes, of which a guesser learns nothing; this compares without haste.
        if hmac.compare_digest(kept.sha256, hashed) and kept.revoked_at is None:
            return kept
    return None


def revoke_key(work: Writing, id_: str, *, why: str) -> ApiKey:
    """Revoke a key at once; revoking it again changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    kept = work.api_keys.need(id_)
    if kept.revoked_at is not None:
        return kept
    revoked = kept.model_copy(update={"revoked_at": work.now})
    return work.save(revoked, action="api_key.revoked", why=why)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
