"""Opening a file: plain or gzip, its lines bounded, its bytes counted and fingerprinted."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from intake.errors import FileError

LINE_BYTES = 16 * 1024 * 1024
"""Longest line that is read; longer ones are rejected without ever being held in memory."""

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_NOT_READ = {
    b"PK\x03\x04": "is a zip archive (or a spreadsheet); unpack it first",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
    b"(\xb5/\xfd": "is Zstandard; unpack it first",
    b"BZh": "is bzip2; unpack it first",
    b"\xfd7zXZ": "is xz; unpack it first",
    b"SQLite format 3": "is an SQLite database; export its tables as CSV",
}


class LongLineError(ValueError):
    """A line is longer than `LINE_BYTES`; reading can go on with the next."""


class Source:
    """An open file. Use it as a context manager.

    Raises:
        FileError: it is absent, a folder, unreadable, empty, or in a container not read here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise FileError(path, "is a folder; name the files in it")
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise FileError(path, error.strerror or "cannot be opened") from None
        self.size = path.stat().st_size
        head = self._raw.read(16)
        self._raw.seek(0)
        if not head:
            self.close()
            raise FileError(path, "is empty")
        for magic, reason in _NOT_READ.items():
            if head.startswith(magic):
                self.close()
                raise FileError(path, reason)
        self.is_parquet = head.startswith(_PARQUET)
        self.stream: io.BufferedReader | gzip.GzipFile = self._raw
        if head.startswith(_GZIP):
            self.stream = gzip.GzipFile(fileobj=self._raw)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._raw.close()

    @property
    def done(self) -> float:
        """The share of the file's bytes that has been read, 0 to 1."""
        return min(1.0, self._raw.tell() / self.size) if self.size else 1.0

    def lines(self) -> Iterator[str]:
        """The lines as text, ends kept. Bytes that are not UTF-8 become lone surrogates (PEP 383).

        The iterator can be asked for more after a LongLineError.

        Raises:
            LongLineError: in place of a line that is too long.
            FileError: the compressed data are damaged.
        """
        return _Lines(self)

    def peek(self) -> bytes:
        """The first bytes that are neither white space nor a byte order mark; reads nothing."""
        try:
            head = self.stream.peek(1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileError(self.path, f"damaged gzip data: {error}") from None
        return bytes(head).removeprefix(b"\xef\xbb\xbf").lstrip()

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, decompressed; as `lines`, names damage as a FileError."""
        try:
            return self.stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileError(self.path, f"damaged gzip data: {error}") from None

    def readline(self, limit: int) -> bytes:
        """The next line, or its first `limit` bytes."""
        try:
            return self.stream.readline(limit)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileError(self.path, f"damaged gzip data: {error}") from None


class _Lines:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._first = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._source.readline(LINE_BYTES)
        if not line:
            raise StopIteration
        if len(line) == LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = self._source.readline(LINE_BYTES)
            raise LongLineError(f"a line longer than {LINE_BYTES} bytes")
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        return line.decode("utf-8", "surrogateescape")


def digest(path: Path) -> str:
    """SHA-256 of the file's bytes, as hex: by it a file is known again under any name."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileError(path, error.strerror or "cannot be read") from None
