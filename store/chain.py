"""The arithmetic of the audit chain: digests of payloads, and links from row to row.

A link holds only the salted digest of what was written. With the salt erased, the digest tells
nothing of the payload, and the chain still verifies.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from store.errors import NotStorable

GENESIS = "0" * 64
"""What the first row follows."""


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces; a NUL comes out escaped.

    Raises:
        NotStorable: the value holds what JSON or UTF-8 cannot (a NaN, an object, a lone surrogate).
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
        )
        text.encode()
    except (TypeError, ValueError) as error:
        raise NotStorable(f"not storable as JSON: {error}") from error
    return text


def new_salt() -> str:
    """32 random bytes, as hex."""
    return secrets.token_hex(32)


def digest(salt: str, payload: str) -> str:
    """HMAC-SHA256 of the payload under its salt, as hex."""
    return hmac.new(bytes.fromhex(salt), payload.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the chain, without its payload."""

    seq: int
    at: datetime
    actor: str
    action: str
    kind: str
    digest: str
    prev_hash: str

    @property
    def hash(self) -> str:
        """SHA-256 over every field, as hex; a JSON array, so no two rows spell the same text."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        fields = [self.prev_hash, self.seq, at, self.actor, self.action, self.kind, self.digest]
        return hashlib.sha256(canonical(fields).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a store's chain: what the next one follows."""

    store: str
    seq: int
    hash: str
