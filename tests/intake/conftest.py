"""What the tests of intake share: a lake, a way to write files, a secret."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from intake.lake import Lake

Write = Callable[[str, object], Path]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def secret() -> SecretStr:
    return SecretStr("a secret, an older secret")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file: text as it is, bytes as they are, anything else as JSON."""

    def to_file(name: str, content: Any) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="")
        else:
            path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return to_file
