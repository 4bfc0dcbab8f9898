"""Which Label Studio this installation uses, and where ours lies."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labeling.server import Connection, LocalServer
    from policy.settings import Settings

_ENVIRONMENT = Path(__file__).resolve().parent.parent / ".venv-label-studio"


def data_folder(settings: "Settings") -> Path:
    """Where our Label Studio keeps its data and the reviewer's log-in."""
    return settings.home / "label-studio"


def own_server(settings: "Settings") -> "LocalServer":
    """Our Label Studio, not yet started."""
    from labeling.server import LocalServer

    return LocalServer(
        executable=_ENVIRONMENT / "bin" / "label-studio",
        data=data_folder(settings),
        port=settings.label_studio_port,
    )


def connection(settings: "Settings") -> "Connection":
    """How to speak to the Label Studio of this installation, ours or the team's.

    Raises:
        SettingsError: CONCERT_LABEL_STUDIO_URL without CONCERT_LABEL_STUDIO_TOKEN.
        CredentialsError: the kept log-in is damaged.
    """
    from labeling.server import Connection
    from policy.settings import SettingsError

    if settings.label_studio_url is None:
        return own_server(settings).connection
    if settings.label_studio_token is None:
        raise SettingsError(
            "CONCERT_LABEL_STUDIO_TOKEN: needed with CONCERT_LABEL_STUDIO_URL; a reviewer finds "
            "it in Label Studio under Account & Settings"
        )
    return Connection(
        settings.label_studio_url.rstrip("/"), settings.label_studio_token.get_secret_value()
    )


def answers(url: str) -> bool:
    """Whether a Label Studio answers here just now."""
    import httpx

    try:
        found = httpx.get(f"{url}/health", timeout=2, trust_env=False)
    except httpx.HTTPError:
        return False
    return found.status_code == httpx.codes.OK
