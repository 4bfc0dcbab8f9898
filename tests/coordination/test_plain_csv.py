"""DuckDB is told how a plain CSV file is written: what it reads must be what it finds by itself."""

import gzip
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.engine import read_csv
from coordination.plain_csv import plain_columns

FIELD = st.text(alphabet="ab0 .-é\n,'\"#;|\t\r\\", max_size=4)
SIMPLE = st.text(alphabet="ab0 .-é", max_size=4)
LINES = st.lists(st.lists(SIMPLE | FIELD, min_size=1, max_size=3).map(",".join), max_size=4)
PLAIN = st.lists(st.tuples(SIMPLE, SIMPLE, SIMPLE).map(",".join), min_size=1, max_size=5)


@given(LINES | PLAIN, st.sampled_from(["a,b,c", "a,A,b", "a b,c,d", "a", "a,b,", "\ufeffa,b,c"]))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_plain_is_read_as_duckdb_reads_it(
    tmp_path: Path, lines: list[str], header: str
) -> None:
    path = tmp_path / "some.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8", newline="")
    names = plain_columns(path)
    if names is not None:
        con = duckdb.connect()
        told, found = (read_csv(con, path, some).to_arrow_table() for some in (names, None))
        assert told.to_pylist() == found.to_pylist()


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (b"a,b\n1,x\n2,\n", True),
        (b"a,b\n01,1e3", True),
        (b"a,b\n,\n", True),
        (b'a,b\n1,"x"\n', False),
        (b"a,b\n1,it's\n", False),
        (b"a,b\r\n1,2\r\n", False),
        (b"a;b\n1;2\n", False),
        (b"#a,b\n1,2\n", False),
        (b"a,b\n1,2,3\n", False),
        (b"a,b\n1\n2,3,4\n", False),
        (b"a,b\n\n1,2\n", False),
        (b"a,b\n1,2\n\n", False),
        (b"a,b\n", False),
        (b"a,A\n1,2\n", False),
        (b"a\n1\n", False),
        (b"", False),
    ],
)
@pytest.mark.parametrize("name", ["some.csv", "some.csv.gz"])
def test_only_plain_files_are_plain(tmp_path: Path, raw: bytes, plain: bool, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert plain_columns(path) == (["a", "b"] if plain else None)


def test_what_is_not_packed_as_its_name_says_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "some.csv.gz"
    path.write_bytes(b"a,b\n1,2\n")
    assert plain_columns(path) is None
