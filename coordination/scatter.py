"""Rows in scratch files, by part, so that a part that fits in memory is worked on alone."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[Any]]


class Scatter:
    """Columns of numbers, appended part by part; one file for each part and column."""

    def __init__(self, scratch: Path, parts: int) -> None:
        """`scratch` is an existing folder; at most 256 parts."""
        self._folder = Path(mkdtemp(prefix="rows-", dir=scratch))
        self._kinds: dict[str, np.dtype[Any]] = {}
        self.rows = np.zeros(parts, dtype=np.int64)
        """Rows of each part."""

    def add(self, part: NDArray[np.uint8], columns: Columns) -> None:
        """Rows of any parts, in any order; the same columns each time."""
        # Numpy sorts bytes by counting them.
        order = np.argsort(part, kind="stable")
        count = np.bincount(part, minlength=len(self.rows))
        ends = np.cumsum(count)
        for name, column in columns.items():
            self._kinds[name] = column.dtype
            some = column[order]
            for at in np.flatnonzero(count):
                self._append(int(at), name, some[ends[at] - count[at] : ends[at]])
        self.rows += count

    def put(self, part: int, columns: Columns) -> None:
        """More rows of one part."""
        for name, column in columns.items():
            self._kinds[name] = column.dtype
            self._append(part, name, column)
        self.rows[part] += len(next(iter(columns.values())))

    def _append(self, part: int, name: str, column: NDArray[Any]) -> None:
        with self._path(part, name).open("ab") as file:
            column.tofile(file)

    def read(self, parts: Iterable[int], *, once: bool) -> dict[str, NDArray[Any]]:
        """The columns of some parts together; with `once` their files are removed."""
        found: dict[str, NDArray[Any]] = {}
        paths = {name: [self._path(at, name) for at in parts] for name in self._kinds}
        for name, kind in self._kinds.items():
            there = [path for path in paths[name] if path.exists()]
            pieces = [np.fromfile(path, dtype=kind) for path in there]
            found[name] = (
                pieces[0]
                if len(pieces) == 1
                else np.concatenate([np.empty(0, dtype=kind), *pieces])
            )
            if once:
                for path in there:
                    path.unlink()
        return found

    def _path(self, part: int, name: str) -> Path:
        return self._folder / f"{part}-{name}"
