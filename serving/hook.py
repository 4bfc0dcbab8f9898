"""The secret by which a webhook's sender is believed; for whoever registers it, and whoever checks.

It is made of one of the installation's secrets, so that it needs no keeping and rotates with them.
"""

import hashlib
import hmac
from collections.abc import Iterable

HEADER = "X-Concert-Hook"
PATH = "/v1/hooks/label-studio"

_PURPOSE = b"label-studio-webhook"


def hook_secret(secret: bytes) -> str:
    """What the sender has to put into the header."""
    return hmac.new(secret, _PURPOSE, hashlib.sha256).hexdigest()


def is_believed(given: str, secrets: Iterable[bytes]) -> bool:
    """Whether a header bears what one of the installation's secrets gives."""
    shown = given.encode(errors="replace")
    return any(hmac.compare_digest(shown, hook_secret(one).encode()) for one in secrets)
