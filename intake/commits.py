"""The lake's log: one small JSON file for each step that was taken, in order, never changed.

A part of the lake counts as there when a commit names it. Commits are written whole (a temporary
file, then a rename), so that a kill at any moment leaves either the step or no trace of it. Their
numbers only grow: they are the cursor of everything that asks for what is new.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from intake.errors import FileError
from intake.items import Kind
from policy.words import Value


class Tally(Value):
    """How the rows of one kind fared. Their sum is the number of rows read."""

    taken: int = 0
    rejected: int = 0
    already_there: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            taken=self.taken + other.taken,
            rejected=self.rejected + other.rejected,
            already_there=self.already_there + other.already_there,
        )


class Commit(Value):
    """One step of one ingest: the rows `consumed` from the source so far, and what became of them.

    `source` is the digest of the file and of how it was read; `parts` gives the rows of the Parquet
    part of that number in each folder; `tallies` are of this step alone.
    """

    version: Literal[1] = 1
    number: int
    source: str
    name: str
    format: str
    consumed: int
    complete: bool
    parts: dict[str, int]
    tallies: dict[Kind, Tally]
    naive_times: int = 0
    unknown_languages: dict[str, int] = Field(default_factory=dict)


class Log:
    """The commits of one lake, read as they appear. Readers need no lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "commits"
        self._lock = folder / ".lock"
        self._commits: list[Commit] = []

    def commits(self) -> list[Commit]:
        """All commits, oldest first.

        Raises:
            FileError: a commit is damaged or was written by a later version.
        """
        while (path := self._path(len(self._commits) + 1)).exists():
            try:
                self._commits.append(Commit.model_validate_json(path.read_bytes()))
            except ValidationError as error:
                what = error.errors()[0]
                raise FileError(path, f"damaged commit of the lake: {what['msg']}") from None
        return self._commits

    def of_source(self, source: str) -> list[Commit]:
        """The commits of one source, oldest first."""
        return [commit for commit in self.commits() if commit.source == source]

    def append(self, commit: Commit) -> None:
        """Write the next commit. The caller holds the lock and has written its parts."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(
            self._path(commit.number),
            lambda path: path.write_text(commit.model_dump_json(), encoding="utf-8"),
        )
        self.commits()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lake's one write lock; waits for whoever holds it. A kill releases it."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.json"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, then put it in its place: all of it or nothing."""
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
