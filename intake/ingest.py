"""Filling the lake: file by file, batch by batch, each batch one commit.

A file is known again by its digest, so that the same file twice adds nothing. A kill loses at most
the batch at hand; the next ingest of that file goes on where the last commit of it ended.
"""

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from intake import parts
from intake.commits import Commit, Log, Tally
from intake.errors import FieldError, FileError, RequestError
from intake.items import Bad, Item, Kind, Notes, rejected
from intake.opening import Source, digest
from intake.reading import ColumnMap, Format, Reading, read
from intake.report import FileReport
from intake.rows import Cleaner, Row

Progress = Callable[[Path, float, int], None]
"""Told the file, the share of it that is read (0 to 1) and the rows read so far."""

BATCH_ROWS = 50_000
BATCH_BYTES = 64 * 1024 * 1024
"""A batch is committed when either is reached: so memory stays bounded whatever the rows are."""

_TOLD_EVERY = 5_000
_KNOWN = {
    "post_id": "SELECT post_id, min(filename) FROM lake "
    "WHERE post_id IN (SELECT key FROM wanted) GROUP BY 1",
    parts.ROW_DIGEST: "SELECT row_digest, min(filename) FROM lake "
    "WHERE row_digest IN (SELECT key FROM wanted) GROUP BY 1",
}


class Request:
    """How files are to be read; part of what makes a source the same source."""

    def __init__(
        self,
        *,
        form: Format | None,
        column_map: ColumnMap | None,
        kind: Kind | None,
        secret: bytes | None,
    ) -> None:
        self.form = form
        self.column_map = dict(column_map or {})
        self.kind = kind
        self.secret = secret

    def source_of(self, path: Path) -> str:
        """The digest of the file together with how it is read, 64 hex digits.

        The secret's fingerprint belongs to it: after a rotation a file of linkages is hashed anew.
        """
        print_ = hmac.new(self.secret or b"", b"fingerprint", hashlib.sha256).hexdigest()[:16]
        reading = json.dumps([self.form, sorted(self.column_map.items()), self.kind, print_])
        return hashlib.sha256(f"{digest(path)} {reading}".encode()).hexdigest()


def ingest_file(
    lake: Path, log: Log, path: Path, request: Request, progress: Progress | None
) -> FileReport:
    """Bring one file into the lake and say how it fared; its own faults stand in the report."""
    error = None
    try:
        source = request.source_of(path)
    except FileError as refused:
        return FileReport(path=str(path), error=str(refused))
    with log.locked():
        before = log.of_source(source)
        repeated = bool(before) and before[-1].complete
        if not repeated:
            parts.remove_unfinished(lake, len(log.commits()))
            consumed = before[-1].consumed if before else 0
            try:
                _FileIngest(lake, log, path, source, consumed).run(request, progress)
            except FileError as refused:
                error = str(refused)
            except RequestError as refused:
                # Only this file needs what is missing (a secret); the others go on.
                error = f"{path}: {refused}"
        return _report(path, log.of_source(source), repeated=repeated, error=error)


def _report(path: Path, steps: list[Commit], *, repeated: bool, error: str | None) -> FileReport:
    tallies: dict[Kind, Tally] = defaultdict(Tally)
    notes = Notes()
    for step in steps:
        for kind, tally in step.tallies.items():
            # Of a file that was there before, every row that was taken is there already.
            seen = Tally(rejected=tally.rejected, already_there=tally.taken + tally.already_there)
            tallies[kind] += seen if repeated else tally
        notes.naive_times += step.naive_times
        for name, times in step.unknown_languages.items():
            notes.unknown_languages[name] = notes.unknown_languages.get(name, 0) + times
    lines = notes.lines()
    if steps and not tallies and error is None:
        lines.append("the file has no rows")
    return FileReport(
        path=str(path),
        format=steps[-1].format if steps else None,
        tallies=dict(tallies),
        notes=tuple(lines),
        repeated=repeated,
        error=error,
    )


class _FileIngest:
    """The ingest of one file under the lake's lock."""

    def __init__(self, lake: Path, log: Log, path: Path, source: str, consumed: int) -> None:
        self._lake = lake
        self._log = log
        self._path = path
        self._source = source
        self._skip = consumed
        self._own = {commit.number for commit in log.of_source(source)}
        self._start_batch()

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        # Made when first needed: the first file of a lake never needs it.
        return duckdb.connect()

    def _start_batch(self) -> None:
        self._rows: dict[Kind, list[tuple[Row, Item]]] = defaultdict(list)
        self._bad: list[Bad] = []
        self._size = 0
        self._count = 0
        self._notes = Notes()

    def run(self, request: Request, progress: Progress | None) -> None:
        with Source(self._path) as source:
            reading = read(
                source,
                form=request.form,
                column_map=request.column_map,
                kind=request.kind,
            )
            cleaner = Cleaner(
                naive_is_utc=reading.naive_is_utc,
                naive_is_noted=reading.naive_is_noted,
                secret=request.secret,
            )
            number = 0
            try:
                for number, item in enumerate(reading.items, start=1):
                    if number <= self._skip:
                        continue
                    cleaner.notes = self._notes
                    self._add(item, cleaner)
                    if self._count >= BATCH_ROWS or self._size >= BATCH_BYTES:
                        self._commit(reading, number, complete=False)
                    if progress is not None and number % _TOLD_EVERY == 0:
                        progress(self._path, reading.done(), number)
            except FileError:
                # What could be read before the damage is not lost with the rest.
                if self._count:
                    self._commit(reading, number, complete=False)
                raise
            self._commit(reading, number, complete=True)
            if progress is not None:
                progress(self._path, 1.0, number)

    def _add(self, item: Item | Bad, cleaner: Cleaner) -> None:
        self._count += 1
        if isinstance(item, Item) and item.kind is Kind.SHARES:
            item = rejected(item, "row", "shares are for detection only and not kept in the lake")
        if isinstance(item, Bad):
            self._bad.append(item)
            return
        try:
            row = cleaner.clean(item)
        except FieldError as error:
            self._bad.append(rejected(item, error.field, error.reason))
            return
        if item.kind is not Kind.POSTS:
            row[parts.ROW_DIGEST] = parts.row_digest(row)
        else:
            self._size += len(row["text"])
        self._rows[item.kind].append((row, item))

    def _commit(self, reading: Reading, consumed: int, *, complete: bool) -> None:
        number = len(self._log.commits()) + 1
        tallies: dict[Kind, Tally] = {}
        taken: dict[str, list[Row]] = {}
        for kind, found in self._rows.items():
            new, there = self._sort_out(kind, found, ids_are_unique=reading.ids_are_unique)
            tallies[kind] = Tally(taken=len(new), already_there=there)
            if new:
                taken[kind] = new
        for bad in self._bad:
            tallies[bad.kind] = tallies.get(bad.kind, Tally()) + Tally(rejected=1)
        if self._bad:
            taken[parts.REJECTS] = [
                parts.reject_row(bad, self._path.name, self._source) for bad in self._bad
            ]
        for folder, rows in taken.items():
            parts.write_part(self._lake, folder, number, rows)
        self._log.append(
            Commit(
                number=number,
                source=self._source,
                name=self._path.name,
                format=reading.form,
                consumed=consumed,
                complete=complete,
                parts={folder: len(rows) for folder, rows in taken.items()},
                tallies=tallies,
                naive_times=self._notes.naive_times,
                unknown_languages=self._notes.unknown_languages,
            )
        )
        self._own.add(number)
        self._start_batch()

    def _sort_out(
        self, kind: Kind, found: list[tuple[Row, Item]], *, ids_are_unique: bool
    ) -> tuple[list[Row], int]:
        """The rows that are new, and how many are already there.

        In a table a post id that comes twice is a fault: which of the two would be the post?
        Elsewhere (pages of an API, profiles) the same thing seen twice is one thing.
        """
        key = parts.KEY[kind]
        known = self._known(kind, [row[key] for row, _ in found])
        strict = kind is Kind.POSTS and ids_are_unique
        new: list[Row] = []
        there = 0
        for row, item in found:
            from_here = known.get(row[key])
            if from_here is None:
                known[row[key]] = True
                new.append(row)
            elif strict and from_here:
                self._bad.append(rejected(item, key, "came before in the same file"))
            else:
                there += 1
        return new, there

    def _known(self, kind: Kind, keys: list[str]) -> dict[str, bool]:
        """Which of `keys` the lake has, and whether it has them from this very file."""
        files = [
            str(parts.part_path(self._lake, kind, commit.number))
            for commit in self._log.commits()
            if kind in commit.parts
        ]
        if not files:
            return {}
        database = self._database
        database.register("wanted", pa.table({"key": pa.array(keys, type=pa.string())}))
        database.read_parquet(files, filename=True).create_view("lake", replace=True)
        found = database.execute(_KNOWN[parts.KEY[kind]]).fetchall()
        return {one: parts.part_number(Path(name)) in self._own for one, name in found}


def newest_secret(secrets: str | None) -> bytes | None:
    """The secret to hash with: the first of a comma-separated list, newest first."""
    newest = (secrets or "").split(",")[0].strip()
    return newest.encode() if newest else None
