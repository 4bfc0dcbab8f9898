"""Single values of a row, from whatever type a source gives them. Each raises ValueError."""

import json
import math
import re
from typing import Any

TEXT_BYTES = 100_000
"""Most bytes of UTF-8 that one post or profile text may have; longer is rejected, never cut."""
LIST_ITEMS = 1_000
ITEM_CHARS = 4_096
ID_CHARS = 200

ABSENT = frozenset({"", "nan", "null", "none", "<na>", "nat"})
"""What tools write for "nothing". Kept as an id it would tie all who lack one to each other."""

_LOSSY = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_LOSSLESS_FLOAT = 2**53
_REFERENCE_SPLIT = re.compile(r"[|,\s]+")
_URL_SPLIT = re.compile(r"[|\s]+|,\s+")


def is_absent(value: Any) -> bool:
    """Whether `value` is nothing: null, NaN, empty, or a tool's word for nothing."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or (len(value) <= 6 and value.strip().lower() in ABSENT)
    return isinstance(value, float) and math.isnan(value)


def text(value: Any, limit: int = TEXT_BYTES) -> str:
    """Text as it stands, white space included; at most `limit` bytes of UTF-8."""
    if value is None:
        return ""
    if not isinstance(value, str):
        if isinstance(value, float) and math.isnan(value):
            return ""
        if isinstance(value, dict | list | bytes):
            raise ValueError(f"not a text but a {type(value).__name__}")
        return str(value)
    return clean_text(value, limit)


def clean_text(value: str, limit: int) -> str:
    """`value` if every store and page can hold it: no NUL, no lone surrogate, not too long."""
    if "\0" in value:
        raise ValueError(f"a NUL character at position {value.index(chr(0))}")
    if value.isascii():
        size = len(value)
    else:
        try:
            size = len(value.encode())
        except UnicodeEncodeError as error:
            # Bytes that are not UTF-8 arrive as U+DC80..U+DCFF (PEP 383, surrogateescape).
            escaped = 0xDC80 <= ord(value[error.start]) <= 0xDCFF
            what = "bytes that are not UTF-8" if escaped else "a lone surrogate"
            raise ValueError(f"{what} at position {error.start}") from None
    if size > limit:
        raise ValueError(f"{size} bytes, more than the {limit} that are kept")
    return value


def identifier(value: Any) -> str | None:
    """An id as a string, or None where there is none."""
    if is_absent(value):
        return None
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= _LOSSLESS_FLOAT:
            raise ValueError(f"the id was read as the number {value!r} and has lost digits")
        return str(int(value))
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"not an id but a {type(value).__name__}")
    found = clean_text(str(value).strip(), 4 * ID_CHARS)
    if len(found) > ID_CHARS:
        raise ValueError(f"{len(found)} characters, more than the {ID_CHARS} of an id")
    if _LOSSY.fullmatch(found):
        raise ValueError(f"the id was written as the number {found} and has lost digits")
    return found


def count(value: Any) -> int | None:
    """A whole number from 0 up, or None where there is none."""
    if is_absent(value):
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
        found = int(value) if isinstance(value, int) else int(number)
    except (ValueError, OverflowError):
        raise ValueError(f"not a whole number: {ascii(value)[:60]}") from None
    if number != found or found < 0 or found >= 2**63:
        raise ValueError(f"not a whole number from 0 up: {ascii(value)[:60]}")
    return found


def items(value: Any, *, urls: bool = False) -> list[str] | None:
    """A list of short texts, or None where the source has no such list.

    Takes lists, JSON lists, the archive's `[a, b]` with or without quotes, and texts divided by
    `|`, white space or commas (URLs may hold commas, so for them only a comma and a space).
    """
    if is_absent(value):
        return None
    found = value if isinstance(value, list | tuple) else _split(str(value).strip(), urls)
    if len(found) > LIST_ITEMS:
        raise ValueError(f"{len(found)} items, more than the {LIST_ITEMS} that are kept")
    cleaned = [_item(one) for one in found if not is_absent(one)]
    return [one for one in dict.fromkeys(cleaned) if one]


def _split(value: str, urls: bool) -> list[Any]:
    if value.startswith("[") and value.endswith("]"):
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = None
        if isinstance(parsed, list):
            return parsed
        value = value[1:-1]
    pieces = (_URL_SPLIT if urls else _REFERENCE_SPLIT).split(value)
    return [piece.strip("'\" ") for piece in pieces]


def _item(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"an item is not a text but a {type(value).__name__}")
    return clean_text(str(value).strip(), ITEM_CHARS)
