"""Who may log in to the Label Studio that Concert starts: made once, kept beside its data."""

import json
import os
import secrets
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, Field, SecretStr, ValidationError

from policy.words import Value

FILE = "concert-login.json"
EMAIL = "reviewer@concert.example"


class CredentialsError(RuntimeError):
    """The kept log-in cannot be read; the message names the file."""


class Credentials(Value):
    """The first user's log-in, and the token that programs use in that user's name."""

    model_config = ConfigDict(str_strip_whitespace=False)

    email: str = Field(min_length=3)
    password: SecretStr
    token: SecretStr

    @classmethod
    def kept_in(cls, folder: Path) -> Self:
        """Read the log-in kept in the server's data folder, or make one and keep it there.

        Raises:
            CredentialsError: the file is there, but is not what was written.
        """
        path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, cls._fresh())
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            # Not the values themselves: they may be half a password.
            raise CredentialsError(
                f"{path} is damaged ({error.error_count()} problems); "
                "restore it from a copy: the server's user has the password that was in it"
            ) from None

    @classmethod
    def _fresh(cls) -> Self:
        return cls(
            email=EMAIL,
            password=SecretStr(secrets.token_urlsafe(12)),
            token=SecretStr(secrets.token_hex(20)),
        )


def _write_once(path: Path, credentials: Credentials) -> None:
    """Write so that a reader sees all or nothing, and the first of two writers wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    content = json.dumps(
        {
            "email": credentials.email,
            "password": credentials.password.get_secret_value(),
            "token": credentials.token.get_secret_value(),
        }
    )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
