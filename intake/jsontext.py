"""JSON in the three shapes that exports have: one document, one a line, one array of many."""

import codecs
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from intake.errors import FileError
from intake.items import Bad, Kind
from intake.opening import LongLineError, Source

DOCUMENT_BYTES = 256 * 1024 * 1024
"""Largest single document that is read whole; more than that has to come as lines or an array."""
_CHUNK = 1024 * 1024
_BETWEEN = " \t\r\n,"

Document = tuple[int, str, dict[str, Any]]
"""Number from 1, its place in other words, and the object."""


def documents(source: Source, kind: Kind) -> Iterator[Document | Bad]:
    """The objects of `source`, in order; what is broken is rejected where it stands.

    Raises:
        FileError: nothing in the file is JSON.
    """
    if source.peek().startswith(b"["):
        yield from _array(source, kind)
        return
    lines = source.lines()
    blank = 0
    try:
        for first in lines:
            if first.strip():
                break
            blank += 1
        else:
            raise FileError(source.path, "is empty")
    except LongLineError as error:
        raise FileError(source.path, f"{error}; no JSON of that shape is read") from None
    if _parse(first)[1] is None:
        yield from _lines(first, blank, lines, kind)
    else:
        yield from _document_or_lines(source, first, blank, lines, kind)


def _parse(text: str) -> tuple[Any, str | None]:
    """The value of `text` and no reason, or nothing and the reason."""
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        return None, f"broken JSON: {error.msg} at line {error.lineno} column {error.colno}"
    except (ValueError, RecursionError) as error:
        return None, f"broken JSON: {str(error).splitlines()[0]}"


def _lines(first: str, blank: int, lines: Iterator[str], kind: Kind) -> Iterator[Document | Bad]:
    number = 0
    at = blank
    line: str | None = first
    while line is not None:
        at += 1
        if line.strip():
            number += 1
            value, reason = _parse(line)
            # An array on a line is a page of objects.
            for one in value if isinstance(value, list) else [value]:
                if reason is None and isinstance(one, dict):
                    yield number, f"line {at}", one
                else:
                    yield Bad(kind, number, f"line {at}", "row", reason or "not a JSON object")
        try:
            line = next(lines, None)
        except LongLineError as error:
            number += 1
            yield Bad(kind, number, f"line {at + 1}", "row", str(error))
            line = ""


def _document_or_lines(
    source: Source, first: str, blank: int, lines: Iterator[str], kind: Kind
) -> Iterator[Document | Bad]:
    # A document over many lines and lines of which the first is broken start alike.
    held = [first]
    size = len(first)
    while size <= DOCUMENT_BYTES:
        try:
            line = next(lines, None)
        except LongLineError as error:
            raise FileError(source.path, str(error)) from None
        if line is None:
            break
        held.append(line)
        size += len(line)
    value, reason = _parse("".join(held)) if size <= DOCUMENT_BYTES else (None, "too large")
    if reason is None:
        if isinstance(value, dict):
            yield 1, "document", value
            return
        raise FileError(source.path, "neither a JSON object nor an array of objects")
    if not any(isinstance(_parse(line)[0], dict) for line in held[1:]):
        raise FileError(source.path, reason)
    yield from _lines(first, blank, chain(held[1:], lines), kind)


def _array(source: Source, kind: Kind) -> Iterator[Document | Bad]:
    """The elements of one or several top-level arrays; no more than one need fit in memory."""
    decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
    scan = json.JSONDecoder().raw_decode
    text, at, number, inside, ended = "", 0, 0, False, False
    while True:
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
        if at < len(text) and text[at] == ("]" if inside else "["):
            inside = not inside
            at += 1
            continue
        if at < len(text) and inside:
            try:
                value, after = scan(text, at)
            except (ValueError, RecursionError) as error:
                # Half an element looks broken too, until there is no more to read.
                if ended or len(text) - at > DOCUMENT_BYTES:
                    reason = f"broken JSON, the rest of the array is unread: {_cause(error)}"
                    yield Bad(kind, number + 1, f"[{number}]", "row", reason)
                    return
            else:
                number += 1
                at = after
                if isinstance(value, dict):
                    yield number, f"[{number - 1}]", value
                else:
                    yield Bad(kind, number, f"[{number - 1}]", "row", "not a JSON object")
                continue
        if ended or (at < len(text) and not inside):
            break
        piece = source.read(max(_CHUNK, len(text) - at))
        ended = not piece
        text, at = text[at:] + decode(piece, ended), 0
    if inside or at < len(text):
        reason = "the array does not end" if inside else "text after the end of the array"
        yield Bad(kind, number + 1, f"[{number}]", "row", f"broken JSON: {reason}")


def _cause(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error).splitlines()[0]
