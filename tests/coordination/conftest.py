"""A connection of its own for each test module, and posts written as short rows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from ibis.backends.duckdb import Backend

from coordination.engine import connect

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    scratch = tmp_path_factory.mktemp("engine")
    backend = connect("duckdb", scratch=scratch, threads=1, memory="1GB")
    yield backend
    backend.disconnect()


Posts = Callable[..., pa.Table]


@pytest.fixture
def posts() -> Posts:
    """posts([("a", "p1", 5.0, {"text": "…"})]): account, post, seconds after START, columns."""

    def build(rows: list[tuple[str, str, float, dict[str, object]]]) -> pa.Table:
        columns = sorted({name for *_, more in rows for name in more})
        return pa.Table.from_pylist(
            [
                {
                    "account_id": account,
                    "post_id": post,
                    "created_at": START + timedelta(seconds=seconds),
                    **{name: more.get(name) for name in columns},
                }
                for account, post, seconds, more in rows
            ]
        )

    return build
