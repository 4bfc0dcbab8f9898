"""Single values: moments, ids, numbers, lists, languages."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake import cells, times
from intake.languages import iso_639_1

NOON = 1_520_251_200_000_000  # 2018-03-05T12:00:00Z


@pytest.mark.parametrize(
    ("value", "micros", "naive"),
    [
        ("2018-03-05T12:00:00Z", NOON, False),
        ("2018-03-05t12:00:00z", NOON, False),
        ("2018-03-05 12:00", NOON, True),
        (" 2018-03-05 12:00:00 ", NOON, True),
        ("2018-03-05T17:30:00+05:30", NOON, False),
        ("2018-03-05T12:00:00.123456789Z", NOON + 123_456, False),
        ("2018-03-05", NOON - 12 * 3_600_000_000, True),
        ("1520251200", NOON, False),
        (1520251200, NOON, False),
        (1520251200.5, NOON + 500_000, False),
        ("1520251200000", NOON, False),
        (1520251200000, NOON, False),
        ("1520251200000000", NOON, False),
        (datetime(2018, 3, 5, 12, tzinfo=UTC), NOON, False),
        (datetime(2018, 3, 5, 7, tzinfo=timezone(timedelta(hours=-5))), NOON, False),
    ],
)
def test_a_moment_is_read_from_what_sources_write(value: object, micros: int, naive: bool) -> None:
    assert times.micros(value) == (micros, naive)


@pytest.mark.parametrize(
    "value",
    [
        "2018-02-30",
        "2018-13-01T00:00:00Z",
        "2018-03-05T25:00:00Z",
        "2018-03-05T12:00:60Z",
        "2018-W10-1",
        "20180305",
        "5/3/2018 12:00",
        "yesterday",
        "0",
        0,
        "1989-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        math.inf,
        True,
        ["2018"],
    ],
)
def test_an_impossible_moment_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"not a date and time|not between 1990 and 2100"):
        times.micros(value)


@given(
    st.datetimes(
        datetime(1990, 1, 3),  # noqa: DTZ001
        datetime(2099, 12, 29),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_any_moment_survives_its_own_text(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert times.micros(moment.isoformat()) == (expected, False)
    assert times.micros(moment) == (expected, False)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("12", "12"),
        (" 12 ", "12"),
        ("007", "007"),
        (12, "12"),
        (12.0, "12"),
        (1234567890123456789, "1234567890123456789"),
        (None, None),
        ("", None),
        ("NaN", None),
        ("null", None),
        (math.nan, None),
    ],
)
def test_an_id_is_a_string_or_nothing(value: object, found: str | None) -> None:
    assert cells.identifier(value) == found


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.234567890123456789e18, "lost digits"),
        ("1.23457E+18", "lost digits"),
        ("x" * 201, "201 characters"),
        ("a\0b", "NUL character at position 1"),
        ("a\ud800", "lone surrogate at position 1"),
        ("a\udc80", "not UTF-8 at position 1"),
        (True, "not an id"),
        ({"id": 1}, "not an id"),
    ],
)
def test_a_damaged_id_is_refused(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cells.identifier(value)


@pytest.mark.parametrize(
    ("value", "found"), [("12", 12), ("12.0", 12), (12.0, 12), (0, 0), ("", None), (None, None)]
)
def test_a_count_is_a_whole_number(value: object, found: int | None) -> None:
    assert cells.count(value) == found


@pytest.mark.parametrize("value", ["-1", -1, "1.5", "many", 1e300, math.inf, 2**63, [1]])
def test_what_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        cells.count(value)


@pytest.mark.parametrize(
    ("value", "urls", "found"),
    [
        (None, False, None),
        ("", False, None),
        ("[]", False, []),
        ("[a, b]", False, ["a", "b"]),
        ("['a', 'b']", False, ["a", "b"]),
        ('["a", "b"]', False, ["a", "b"]),
        ("a|b", False, ["a", "b"]),
        ("a b,c", False, ["a", "b", "c"]),
        ("[a, a]", False, ["a"]),
        (["a", None, "", "b"], False, ["a", "b"]),
        ("[http://x.org/a,b, http://x.org/c]", True, ["http://x.org/a,b", "http://x.org/c"]),
    ],
)
def test_a_list_is_read_from_what_sources_write(value: Any, urls: bool, found: Any) -> None:
    assert cells.items(value, urls=urls) == found


def test_a_list_of_other_things_or_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="not a text but a dict"):
        cells.items([{"a": 1}])
    with pytest.raises(ValueError, match="1001 items"):
        cells.items([str(number) for number in range(1001)])


def test_text_is_kept_to_the_limit_and_refused_beyond_it() -> None:
    assert cells.text(" \n a" + "b" * (cells.TEXT_BYTES - 4)).startswith(" \n a")
    with pytest.raises(ValueError, match="100002 bytes, more than the 100000"):
        cells.text("é" * 50_001)


@pytest.mark.parametrize(
    ("given", "code", "known"),
    [
        ("English", "en", True),
        ("Farsi (Persian)", "fa", True),
        ("Pushto", "ps", True),
        ("Tagalog (Filipino)", "tl", True),
        ("Traditional Chinese", "zh", True),
        ("LANGUAGE UNDEFINED", None, True),
        ("en", "en", True),
        ("EN-us", "en", True),
        ("pt_BR", "pt", True),
        ("zh-Hant-TW", "zh", True),
        ("in", "id", True),
        ("iw", "he", True),
        ("und", None, True),
        ("qme", None, True),
        ("deu", "de", True),
        ("Klingon", None, False),
        ("xx", None, False),
    ],
)
def test_a_language_becomes_its_code(given: str, code: str | None, known: bool) -> None:
    assert iso_639_1(given) == (code, known)
