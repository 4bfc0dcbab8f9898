"""The settings: environment variables or a .env file, each named CONCERT_<FIELD>.

Only their types live here; the command line and the service read them at their start and hand
them on. A wrong setting stops the start with its name.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(ValueError):
    """A setting is wrong; the message names it as the user wrote it."""


class Settings(BaseSettings):
    """All settings, with the defaults that `make run` uses."""

    model_config = SettingsConfigDict(
        env_prefix="CONCERT_", env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True
    )

    home: Path = Path(".concert")
    """The data folder: lake, case store, embeddings, logs, secrets of this installation."""
    database_url: str | None = None
    """SQLAlchemy URL of the case store; without it, SQLite in the data folder."""
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535)
    label_studio_port: int = Field(default=8080, ge=1, le=65535)
    label_studio_url: str | None = None
    """A Label Studio that stands already; without it one is started from its own environment."""
    label_studio_token: SecretStr | None = None
    encoder: str = "minilm"
    """`minilm`, `use`, or a Hugging Face id or path."""
    models: Path | None = None
    """A folder of models in place of the shipped ones."""
    api_key: SecretStr | None = None
    secret: SecretStr | None = None
    """Hashes linkages and signs; comma-separated, newest first, so that it can be rotated."""
    audit_anchor: Path | None = None
    """Where the head of the audit log is kept outside the database; else in the data folder."""
    limit_days: int = Field(default=30, ge=1, le=90)
    """How long limits last before they expire by themselves."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    example: bool = True
    """Whether `make run` loads the example."""

    @property
    def lake(self) -> Path:
        """The folder of Parquet that intake fills."""
        return self.home / "lake"

    @property
    def store_url(self) -> str:
        """Where the case store is, as an SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{(self.home / 'concert.db').resolve()}"

    @property
    def anchor(self) -> Path:
        """The file that holds the head of the audit log."""
        return self.audit_anchor or self.home / "audit.anchor"


def read_settings() -> Settings:
    """Read the settings from the environment and .env.

    Raises:
        SettingsError: names every wrong setting and what is wrong with it.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"CONCERT_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors()
        )
        raise SettingsError(wrong) from None
