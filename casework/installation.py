"""An installation: its data folder, secret, store and first API key, made at the first start."""

from dataclasses import dataclass
from pathlib import Path

from casework.keys import secret_ring
from casework.office import Office, opened
from policy.settings import Settings, SettingsError
from store.errors import StoreError
from store.keys import adopt_key, make_key
from store.work import Writing

FULL = ("admin",)


@dataclass(frozen=True)
class Installed:
    """What `prepare` found or made."""

    home: Path
    new_key: str | None
    """The API key made now, to be shown this once; None where keys stand already."""


def prepare(settings: Settings) -> Installed:
    """Make what is missing; what stands is left as it is.

    Raises:
        SettingsError: a setting is wrong: named with what is wrong about it.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"CONCERT_HOME: {settings.home}: {error.strerror}") from None
    secret_ring(settings)
    with opened(settings) as office:
        return Installed(home=settings.home, new_key=_first_key(office))


def _first_key(office: Office) -> str | None:
    given = office.settings.api_key

    def do(work: Writing) -> str | None:
        if given is not None:
            adopt_key(work, given.get_secret_value(), label="CONCERT_API_KEY", roles=FULL)
            return None
        if any(key.revoked_at is None for key in work.api_keys.find()):
            return None
        return make_key(work, label="made at the first start", roles=FULL)[0]

    try:
        return office.store.transact(do, actor="system:start", now=office.now())
    except StoreError as error:
        if given is None:
            raise
        raise SettingsError(f"CONCERT_API_KEY: {error}") from None
