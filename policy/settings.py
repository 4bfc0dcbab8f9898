"""The settings: environment variables or a .env file, each named CONCERT_<FIELD>.

Only their types live here; the command line and the service read them at their start and hand
them on. A wrong setting stops the start with its name.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
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
    shield_days: int = Field(default=90, ge=1, le=365)
    """How long a won appeal keeps machines from an account."""
    brake_accounts: int = Field(default=1000, ge=1)
    """So many accounts may machines limit for one group within a day; then they stop."""
    public_url: str | None = None
    """Where people reach the service from outside, for links in notices; else host and port."""
    rate_limit: int = Field(default=1000, ge=0, le=100_000)
    """Requests a second for each key, twice as many at once; 0 sets no limit."""
    oidc_issuer: str | None = None
    """The team's identity provider; with it, its bearer tokens open the API beside keys."""
    oidc_audience: str | None = None
    """What a token must name as its audience; needed with an issuer."""
    oidc_jwks_url: str | None = None
    """Where the issuer's public keys are; without it the issuer's own discovery document tells."""
    oidc_role_claim: str = Field(default="roles", min_length=1)
    """The claim that holds roles; dots lead into it, as in `realm_access.roles`."""
    oidc_person_claim: str = Field(default="sub", min_length=1)
    """The claim by which the audit log names the person."""
    webhook_url: str | None = None
    """Where the platform takes events; without it they wait to be fetched."""
    webhook_secret: SecretStr | None = None
    """Signs events; needed with a webhook."""
    appeal_days: int = Field(default=14, ge=1, le=90)
    """A limit that is appealed against lifts by itself if nobody decided within so many days."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    example: bool = True
    """Whether `make run` loads the example."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for has, needs in (("oidc_issuer", "oidc_audience"), ("webhook_url", "webhook_secret")):
            if getattr(self, has) is not None and getattr(self, needs) is None:
                raise ValueError(f"CONCERT_{has.upper()} needs CONCERT_{needs.upper()} too")
        return self

    @property
    def address(self) -> str:
        """Where people reach the service, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

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
        raise SettingsError("; ".join(_told(item) for item in error.errors())) from None


def _told(item: ErrorDetails) -> str:
    name = "_".join(str(part) for part in item["loc"]).upper()
    # What is wrong with two settings together names both in its own words.
    return f"CONCERT_{name}: {item['msg']}" if name else item["msg"].removeprefix("Value error, ")
