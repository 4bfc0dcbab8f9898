"""How the service is started: the command, its environment and its folder."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from policy.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
"""Where `serving` and the other rooms lie: BentoML imports the service from here."""

SERVICE = "serving.service:Concert"

_SQLITE = "sqlite:///"

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
    given = {name: _text(name, getattr(settings, name)) for name in type(settings).model_fields}
    return {f"CONCERT_{name.upper()}": text for name, text in given.items() if text is not None}


def _text(name: str, value: Any) -> str | None:
    match value:
        case None:
            return None
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value.resolve())
        case str() if name == "encoder" and Path(value).is_dir():
            # A relative path to an encoder would be sought in the wrong folder.
            return str(Path(value).resolve())
        case str() if name == "database_url" and value.startswith(_SQLITE):
            return _SQLITE + str(Path(value.removeprefix(_SQLITE)).resolve())
        case _:
            return str(value)
