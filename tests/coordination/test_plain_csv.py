"""Plain CSV files are read past DuckDB's reader: what comes of them must be what it reads."""

import gzip
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.plain_csv import read_plain

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
    found = read_plain(path)
    if found is not None:
        read = duckdb.read_csv(str(path), all_varchar=True, header=True).to_arrow_table()
        assert found.to_pylist() == read.to_pylist()


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (b"a,b\n1,x\n2,\n", [{"a": "1", "b": "x"}, {"a": "2", "b": None}]),
        (b"a,b\n01,1e3", [{"a": "01", "b": "1e3"}]),
        (b'a,b\n1,"x"\n', None),
        (b"a,b\n1,it's\n", None),
        (b"a,b\r\n1,2\r\n", None),
        (b"a;b\n1;2\n", None),
        (b"#a,b\n1,2\n", None),
        (b"a,b\n1,2,3\n", None),
        (b"a,b\n1\n", None),
        (b"a,b\n\n1,2\n", None),
        (b"a,b\n", None),
        (b"a,A\n1,2\n", None),
        (b"a,b\n1,\xff\n", None),
    ],
)
@pytest.mark.parametrize("name", ["some.csv", "some.csv.gz"])
def test_only_plain_files_are_read(
    tmp_path: Path, raw: bytes, rows: list[dict[str, str]] | None, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    found = read_plain(path)
    assert (None if found is None else found.to_pylist()) == rows


def test_what_is_not_packed_as_its_name_says_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "some.csv.gz"
    path.write_bytes(b"a,b\n1,2\n")
    assert read_plain(path) is None
