"""Backup and restore of the case store, the lake and Label Studio together, as one archive.

Each part is taken as of one moment while everything runs. Label Studio is taken first and the store
last: what the store then knows and Label Studio does not, the reconciler opens again. The anchor is
cut at the head that the store had, so that a restored store verifies. The archive holds the
secrets of the installation and everything about people: it is readable by its owner alone, and
belongs where the data folder itself would be safe.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import Field, ValidationError

from casework.office import Office, opened
from intake.parts import part_path
from policy.settings import Settings
from policy.words import UtcDatetime, Value
from store import dump, migrate
from store.audit import verify
from store.engine import make_engine
from store.store import read_head

FORMAT = 1
LABEL_STUDIO = "label-studio"
_DATABASE = "label_studio.sqlite3"
_NOT_KEPT = frozenset({".lock", ".log", ".pid", ".sqlite3-wal", ".sqlite3-shm", ".sqlite3"})
_NOT_KEPT_NAMES = frozenset({"concert-server.json", "concert-server.lock"})
_SECRET = "secret"  # noqa: S105 - the name of a file

Tell = Callable[[str, int, int], None]


class BackupError(RuntimeError):
    """A backup cannot be made or restored; the message says why."""


class FileOf(Value):
    sha256: str
    size: int


class Manifest(Value):
    """What an archive holds."""

    format: int
    concert: str
    """The version that wrote it."""
    made_at: UtcDatetime
    schema_revision: str
    store: str
    head: tuple[int, str]
    """Number and hash of the last row of the audit log."""
    rows: dict[str, int]
    counters: dict[str, int]
    lake_commits: int
    label_studio: bool
    """Whether a Label Studio of our own is in it; a team's is backed up by the team."""
    files: dict[str, FileOf] = Field(default_factory=dict)


class _Archive:
    """A tar file that is being written, with the digest of each member."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, FileOf] = {}

    def add(self, name: str, path: Path) -> None:
        """One file, as large as it was when it was opened."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            digest = hashlib.sha256()
            self._tar.addfile(_member(name, size), _Hashed(file, digest))
        self.files[name] = FileOf(sha256=digest.hexdigest(), size=size)

    def add_text(self, name: str, text: str) -> None:
        """A small text."""
        raw = text.encode()
        self._tar.addfile(_member(name, len(raw)), io.BytesIO(raw))
        self.files[name] = FileOf(sha256=hashlib.sha256(raw).hexdigest(), size=len(raw))


class _Hashed(io.RawIOBase):
    def __init__(self, file: IO[bytes], digest: Any) -> None:
        self._file = file
        self._digest = digest

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self._digest.update(part)
        return part


def backup(office: Office, archive: Path, *, tell: Tell = lambda *_: None) -> Manifest:
    """Write one archive; it appears whole or not at all.

    Raises:
        BackupError: the archive is there already, or cannot be written.
    """
    if archive.exists():
        raise BackupError(f"{archive}: is there already; a backup is never written over another")
    draft = archive.with_name(f".{archive.name}.part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            tarfile.open(fileobj=file, mode="w") as tar,
            tempfile.TemporaryDirectory(dir=archive.parent, prefix=".backup-") as scratch,
        ):
            manifest = _write(office, _Archive(tar), Path(scratch), tell)
            raw = manifest.model_dump_json(indent=1).encode()
            tar.addfile(_member("manifest.json", len(raw)), io.BytesIO(raw))
        draft.replace(archive)
    except OSError as error:
        raise BackupError(f"{error.filename or archive}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _write(office: Office, out: _Archive, scratch: Path, tell: Tell) -> Manifest:
    studio = _label_studio(office.settings, out, scratch)
    tell("Label Studio", 1, 4)
    commits = _lake(office, out)
    tell("lake", 2, 4)
    rows: dict[str, int] = {}
    with office.store.reading() as work:
        connection = work.connection
        head = read_head(connection)
        for table in dump.tables_of(connection):
            path = scratch / "rows.jsonl"
            count = 0
            with path.open("w", encoding="utf-8") as file:
                for line in dump.dump_rows(connection, table):
                    file.write(line + "\n")
                    count += 1
            out.add(f"store/{table.name}.jsonl", path)
            rows[table.name] = count
        counters = dump.counters(connection)
        revision = migrate.current(connection) or ""
    tell("store", 3, 4)
    out.add_text("audit.anchor", "".join(_anchored(office, head.seq)))
    secret = office.settings.home / _SECRET
    if secret.exists():
        out.add(_SECRET, secret)
    tell("secrets", 4, 4)
    return Manifest(
        format=FORMAT,
        concert=version("concert"),
        made_at=office.now(),
        schema_revision=revision,
        store=head.store,
        head=(head.seq, head.hash),
        rows=rows,
        counters=counters,
        lake_commits=commits,
        label_studio=studio,
        files=out.files,
    )


def _anchored(office: Office, up_to: int) -> Iterator[str]:
    """The anchor's lines that tell of rows which the backup has."""
    for line in office.store.anchor.path.read_text(encoding="utf-8").splitlines():
        try:
            if int(json.loads(line)["seq"]) <= up_to:
                yield line + "\n"
        except (ValueError, KeyError, TypeError):
            # A line that cannot be read is kept: verification names it, here as there.
            yield line + "\n"


def _lake(office: Office, out: _Archive) -> int:
    folder = office.lake.folder
    if not folder.is_dir():
        return 0
    # The log first: every part that it names is there, and stays.
    commits = sorted((folder / "commits").glob("*.json"))
    for path in commits:
        out.add(f"lake/commits/{path.name}", path)
        number = int(path.stem)
        for kind in json.loads(path.read_bytes())["parts"]:
            part = part_path(folder, kind, number)
            out.add(f"lake/{part.relative_to(folder).as_posix()}", part)
    return len(commits)


def _label_studio(settings: Settings, out: _Archive, scratch: Path) -> bool:
    folder = settings.home / LABEL_STUDIO
    if settings.label_studio_url is not None or not (folder / _DATABASE).exists():
        return False
    copy = scratch / _DATABASE
    dump.copy_sqlite(folder / _DATABASE, copy)
    out.add(f"{LABEL_STUDIO}/{_DATABASE}", copy)
    copy.unlink()
    for path in sorted(folder.rglob("*")):
        ends = "".join(path.suffixes[-1:])
        if path.is_file() and ends not in _NOT_KEPT and path.name not in _NOT_KEPT_NAMES:
            out.add(f"{LABEL_STUDIO}/{path.relative_to(folder).as_posix()}", path)
    return True


def restore(settings: Settings, archive: Path, *, tell: Tell = lambda *_: None) -> Manifest:
    """Restore an archive into nothing: an empty data folder and an empty database.

    Every file is checked against the archive's own list before anything is put in its place, and
    the audit log of the restored store is verified.

    Raises:
        BackupError: the archive is damaged, of a later kind, or there is something in the way.
        WrongStore: the database is not empty, or the schema is a newer Concert's.
    """
    home = settings.home
    if home.exists() and any(home.iterdir()):
        raise BackupError(f"{home}: is not empty; a backup is restored into nothing")
    if settings.anchor.exists():
        raise BackupError(f"{settings.anchor}: is there already; move it away first")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        scratch = Path(folder)
        manifest = _unpack(archive, scratch)
        tell("checked", 1, 4)
        _fill(settings, manifest, scratch)
        tell("store", 2, 4)
        for name in ("lake", LABEL_STUDIO, _SECRET):
            if (scratch / name).exists():
                shutil.move(scratch / name, home / name)
        settings.anchor.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(scratch / "audit.anchor", settings.anchor)
        for private in (home / _SECRET, settings.anchor):
            if private.exists():
                private.chmod(0o600)
        tell("files", 3, 4)
    with opened(settings) as office:
        report = verify(office.store)
        if not report.ok:
            raise BackupError(f"the restored audit log does not verify: {report.problems[0].says}")
    tell("verified", 4, 4)
    return manifest


def _unpack(archive: Path, scratch: Path) -> Manifest:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _check_name(member)
                tar.extract(member, scratch, filter="data")
        manifest = Manifest.model_validate_json((scratch / "manifest.json").read_bytes())
    except (tarfile.TarError, EOFError, FileNotFoundError, ValidationError) as error:
        raise BackupError(f"{archive}: is no whole backup ({type(error).__name__})") from None
    except OSError as error:
        raise BackupError(f"{error.filename or archive}: {error.strerror}") from None
    if manifest.format != FORMAT:
        raise BackupError(f"{archive}: was written by a newer Concert ({manifest.concert})")
    for name, wanted in manifest.files.items():
        path = scratch / name
        if not path.is_file():
            raise BackupError(f"{archive}: {name} is missing")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wanted.sha256:
            raise BackupError(f"{archive}: {name} is damaged")
    return manifest


def _check_name(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if not member.isfile() or path.is_absolute() or ".." in path.parts:
        raise BackupError(f"{member.name}: no backup of ours holds such a thing")


def _fill(settings: Settings, manifest: Manifest, scratch: Path) -> None:
    with dump.empty_database(settings.store_url, manifest.schema_revision) as connection:
        for table in dump.tables_of(connection):
            path = scratch / "store" / f"{table.name}.jsonl"
            if not path.is_file():
                raise BackupError(f"the backup lacks the table {table.name}")
            with path.open(encoding="utf-8") as lines:
                count = dump.fill(connection, table, lines)
            if count != manifest.rows[table.name]:
                raise BackupError(f"{table.name}: {count} rows, not {manifest.rows[table.name]}")
        dump.set_counters(connection, manifest.counters)
    engine = make_engine(settings.store_url)
    try:
        migrate.upgrade_engine(engine)
    finally:
        engine.dispose()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member
