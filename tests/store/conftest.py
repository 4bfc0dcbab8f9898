"""A store on both databases, with an anchor beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.store import Store


@pytest.fixture
def anchor_path(tmp_path: Path) -> Path:
    return tmp_path / "outside" / "audit.anchor"


@pytest.fixture
def store(store_url: str, anchor_path: Path) -> Iterator[Store]:
    with Store.open(store_url, anchor_path) as opened:
        yield opened
