"""A small CSV file that leaves nothing to guess.

Before DuckDB reads a CSV file it finds out how it is written, which takes longer than to read a
small one. A file is plain if no character that could be read in two ways is in it, and all its
lines have as many fields; it can then be told how the file is written, and reads the same.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SMALL = 8_000_000
"""Bytes on disk; with a larger file the reading takes most of the time."""
_HEADER = re.compile(rb"[A-Za-z_]\w*(,[A-Za-z_]\w*)+", re.ASCII)
_TWO_WAYS = b"\"'#;|\t\r\\\0"
"""Quotes, comments, other separators and line ends, escapes."""
_NOT_BETWEEN = bytes(set(range(256)) - set(b",\n"))


def plain_columns(path: Path) -> list[str] | None:
    """The names of the columns of a plain file, between commas; None for any other file."""
    if path.stat().st_size > SMALL:
        return None
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error):
        return None
    raw = raw.removesuffix(b"\n")
    header, _, rows = raw.partition(b"\n")
    names = header.decode("ascii", "replace").split(",")
    if not _HEADER.fullmatch(header) or len({name.lower() for name in names}) < len(names):
        return None
    if not rows or any(one in raw for one in _TWO_WAYS) or not _is_even(raw, len(names) - 1):
        return None
    return names


def _is_even(raw: bytes, commas: int) -> bool:
    """Whether each line has so many commas."""
    left = raw.translate(None, _NOT_BETWEEN) + b"\n"
    return left == (b"," * commas + b"\n") * left.count(b"\n")
