"""The secrets of an installation: made once, kept in the data folder, readable by its owner only.

CONCERT_SECRET replaces the kept one; with several, comma-separated and newest first, older ones
still verify while everything moves to the newest.
"""

import os
import secrets
from pathlib import Path

from policy.settings import Settings, SettingsError

_SHORTEST = 16


def secret_ring(settings: Settings) -> tuple[bytes, ...]:
    """The secrets, newest first; one is made at the first call where none is set.

    Raises:
        SettingsError: CONCERT_SECRET holds one that is too short to protect anything.
    """
    if settings.secret is None:
        return (kept_secret(settings.home / "secret").encode(),)
    ring = tuple(part.strip() for part in settings.secret.get_secret_value().split(","))
    if any(len(part) < _SHORTEST for part in ring):
        raise SettingsError(f"CONCERT_SECRET: each secret needs at least {_SHORTEST} characters")
    return tuple(part.encode() for part in ring)


def kept_secret(path: Path) -> str:
    """The secret in a file; made, with 256 random bits, where there is none.

    Two processes that start at once agree: the file appears whole, and the first one wins.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()
