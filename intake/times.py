"""Moments from what sources write: RFC 3339, epoch seconds or milliseconds, dates of columns."""

import re
from datetime import UTC, date, datetime, timedelta

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Outside these no post exists: such a time is a damaged one (a zero, a swapped unit)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (EARLIEST - _EPOCH) // _MICROSECOND
_LAST = (LATEST - _EPOCH) // _MICROSECOND
_NUMBER = re.compile(r"[+-]?\d{9,19}(\.\d+)?")
# 1e11 s is the year 5138 and 1e11 ms is 1973, so the size of a number tells its unit.
_UNITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))


def micros(value: object) -> tuple[int, bool]:
    """`value` as microseconds since 1970 in UTC, and whether it came without a zone.

    Takes RFC 3339 text (a space for the T is allowed), epoch seconds, milliseconds or
    microseconds as number or digits, and datetimes. An epoch number has no zone to lack.

    Raises:
        ValueError: with the reason, where it is no moment between 1990 and 2100.
    """
    if isinstance(value, str):
        return _of_text(value.strip())
    if isinstance(value, datetime):
        return _of_datetime(value)
    if isinstance(value, date):
        return _of_datetime(datetime(value.year, value.month, value.day, tzinfo=UTC))[0], True
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(float(value) if isinstance(value, float) else value, repr(value)), False
    raise ValueError(f"not a date and time: {_cut(value)}")


def _of_text(text: str) -> tuple[int, bool]:
    if _NUMBER.fullmatch(text):
        return _of_number(float(text) if "." in text else int(text), text), False
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"not a date and time: {_cut(text)}") from None
    if len(text) < 10 or text[4] != "-" or text[5] == "W":
        # fromisoformat also reads basic and week dates, which RFC 3339 does not have.
        raise ValueError(f"not a date and time: {_cut(text)}")
    return _of_datetime(moment)


def _of_datetime(moment: datetime) -> tuple[int, bool]:
    naive = moment.tzinfo is None
    aware = moment.replace(tzinfo=UTC) if naive else moment
    return _checked((aware - _EPOCH) // _MICROSECOND, aware), naive


def _of_number(number: float, shown: str) -> int:
    for limit, factor in _UNITS:
        if abs(number) < limit:
            return _checked(round(number * factor), shown)
    raise ValueError(f"not between 1990 and 2100: {_cut(shown)}")


def _checked(moment: int, shown: object) -> int:
    if not _FIRST <= moment < _LAST:
        raise ValueError(f"not between 1990 and 2100: {_cut(str(shown))}")
    return moment


def _cut(value: object) -> str:
    return ascii(value)[:60]
