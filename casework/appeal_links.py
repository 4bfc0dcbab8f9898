"""Signed links by which a person reaches the page on one restriction, without any key.

The link itself is the right to object: it names one restriction, ends with the time to appeal, and
bears a signature under the installation's secret (HMAC-SHA256, RFC 2104), so that nothing has to be
kept and links go on working while secrets rotate.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from policy.words import UtcDatetime

PATH = "/appeal/"
_PURPOSE = b"concert appeal link 1"
_SIGNATURE_BYTES = 16


@dataclass(frozen=True)
class Link:
    """What a link that holds says."""

    restriction_id: str
    ends_at: int
    """Seconds since 1970."""


def make_token(secret: bytes, restriction_id: str, until: UtcDatetime) -> str:
    """The last part of a link's path: letters, digits, dashes, underscores and one dot."""
    said = f"{int(until.timestamp())}:{restriction_id}".encode()
    return f"{_text(said)}.{_text(_sign(secret, said))}"


def read_token(token: str, secrets: Sequence[bytes], now: UtcDatetime) -> Link | None:
    """What a link says; None where it was not signed here, or its time is over."""
    parts = token.split(".")
    if len(parts) != 2 or len(token) > 500 or not token.isascii():
        return None
    try:
        said, signature = map(_bytes, parts)
        # The last character of a part has bits to spare: one link has one spelling.
        if [_text(said), _text(signature)] != parts:
            return None
        ends, _, restriction_id = said.decode().partition(":")
        ends_at = int(ends)
    except (ValueError, binascii.Error):
        return None
    if not any(hmac.compare_digest(signature, _sign(one, said)) for one in secrets):
        return None
    if not restriction_id or now.timestamp() > ends_at:
        return None
    return Link(restriction_id, ends_at)


def _sign(secret: bytes, said: bytes) -> bytes:
    key = hmac.new(secret, _PURPOSE, hashlib.sha256).digest()
    return hmac.new(key, said, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
