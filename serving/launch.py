"""How the service is started: the command, its environment and its folder."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policy.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
"""Where `serving` and the other rooms lie: BentoML imports the service from here."""

SERVICE = "serving.service:Concert"

STOPS_WITHIN_S = 10
"""How long requests under way may take to end once the service is told to stop."""


@dataclass(frozen=True)
class Launch:
    """What to execute."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    """The whole environment of the process."""
    folder: Path


def launch(settings: Settings, *, env: Mapping[str, str] | None = None) -> Launch:
    """The command that serves these settings, in the foreground; INT and TERM end it cleanly.

    Whatever was read from a .env file travels as environment variables, and paths are made
    absolute, because the service runs in another folder.
    """
    home = settings.home.resolve()
    bentoml_home = home / "bentoml"
    given = dict(os.environ if env is None else env)
    given |= _as_variables(settings)
    given |= {
        "BENTOML_DO_NOT_TRACK": "True",
        # BentoML keeps its metrics' files there and empties them at its start: in the folder of
        # this installation, two of them cannot empty each other's.
        "BENTOML_HOME": str(bentoml_home),
        "PYTHONUNBUFFERED": "1",
    }
    given.setdefault("HF_HUB_OFFLINE", "1")
    return Launch(
        command=(
            str(Path(sys.executable).with_name("bentoml")),
            "serve",
            SERVICE,
            "--host",
            settings.host,
            "--port",
            str(settings.port),
            "--timeout-graceful-shutdown",
            str(STOPS_WITHIN_S),
        ),
        environment=given,
        folder=ROOT,
    )


def _as_variables(settings: Settings) -> dict[str, str]:
    plain = {
        "HOME": settings.home.resolve(),
        "DATABASE_URL": settings.database_url,
        "HOST": settings.host,
        "PORT": settings.port,
        "LABEL_STUDIO_PORT": settings.label_studio_port,
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "ENCODER": _encoder(settings.encoder),
        "MODELS": settings.models and settings.models.resolve(),
        "AUDIT_ANCHOR": settings.audit_anchor and settings.audit_anchor.resolve(),
        "LOG_LEVEL": settings.log_level,
    }
    secret = {
        "LABEL_STUDIO_TOKEN": settings.label_studio_token,
        "API_KEY": settings.api_key,
        "SECRET": settings.secret,
    }
    found = {name: str(value) for name, value in plain.items() if value is not None}
    found |= {name: value.get_secret_value() for name, value in secret.items() if value}
    return {f"CONCERT_{name}": value for name, value in found.items()}


def _encoder(name: str) -> str:
    # A relative path to an encoder would be sought in the wrong folder.
    return str(Path(name).resolve()) if Path(name).is_dir() else name
