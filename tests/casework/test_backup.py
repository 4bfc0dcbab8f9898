"""Backup of store, lake and Label Studio, and their restore into nothing, on either database."""

import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from casework import example
from casework.backup import BackupError, backup, restore
from casework.office import Office, opened
from policy.groups import Group
from policy.settings import Settings
from policy.words import SubjectKind
from store.audit import verify
from store.errors import WrongStore
from store.store import read_head

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "a secret of this installation, made at its first start"


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Iterator[Office]:
    """With the example, a Label Studio's database, events, and a secret."""
    home = tmp_path / "home"
    settings = Settings(home=home, database_url=store_url, _env_file=None)
    home.mkdir()
    (home / "secret").write_text(SECRET)
    studio = home / "label-studio"
    (studio / "media").mkdir(parents=True)
    (studio / "media" / "upload.txt").write_text("an upload")
    (studio / "label-studio.log").write_text("not kept")
    with closing(sqlite3.connect(studio / "label_studio.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE task (id INTEGER, data TEXT)")
        database.execute("INSERT INTO task VALUES (1, 'evidence')")
        database.commit()
    with opened(settings) as one:
        example.load(one)
        with one.store.writing("system:test", NOW) as work:
            work.events.emit("laid", SubjectKind.ACCOUNT, "a", {"n": 1}, at=NOW)
            last = work.events.emit("laid", SubjectKind.ACCOUNT, "b", {"n": 2}, at=NOW)
            work.events.forget([last])
        yield one


def everything(office: Office) -> dict[str, list[tuple[object, ...]]]:
    from store.tables import metadata

    with office.store.reading() as work:
        return {
            table.name: sorted(
                tuple(map(str, row)) for row in work.connection.execute(table.select())
            )
            for table in metadata.sorted_tables
        }


def elsewhere(tmp_path: Path, url: str | None = None) -> Settings:
    return Settings(home=tmp_path / "restored", database_url=url, _env_file=None)


def test_a_restore_into_nothing_is_the_same(office: Office, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    made = backup(office, archive)
    assert archive.stat().st_mode & 0o077 == 0
    assert made.label_studio
    # What comes after it is not in it.
    before, posts = everything(office), [*office.lake.posts()]
    with office.store.writing("person:ada", NOW) as work:
        work.save(Group(id="later", name="Later"), action="group.saved")
    # A backup of PostgreSQL goes into SQLite as well, and the other way below.
    settings = elsewhere(tmp_path)
    assert restore(settings, archive) == made
    with opened(settings) as restored:
        assert everything(restored) == before
        assert [*restored.lake.posts()] == posts
        assert restored.secrets == (SECRET.encode(),)
        assert verify(restored.store).ok
        with restored.store.reading() as work:
            head = read_head(work.connection)
        assert (head.seq, head.hash) == made.head
        with closing(sqlite3.connect(settings.home / "label-studio/label_studio.sqlite3")) as copy:
            assert copy.execute("SELECT * FROM task").fetchall() == [(1, "evidence")]
        assert (settings.home / "label-studio/media/upload.txt").read_text() == "an upload"
        assert not (settings.home / "label-studio/label-studio.log").exists()
        # It goes on: writing verifies, and no number of an event is given twice.
        with restored.store.writing("person:ada", NOW) as work:
            work.save(Group(id="new", name="New"), action="group.saved")
            assert work.events.emit("laid", SubjectKind.ACCOUNT, "c", {}, at=NOW) == 3
        assert verify(restored.store).ok


@pytest.mark.server
def test_from_sqlite_into_postgresql(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(home=tmp_path / "small", _env_file=None)
    archive = tmp_path / "backup.tar"
    with opened(settings) as small:
        with small.store.writing("person:ada", NOW) as work:
            work.save(Group(id="g", name="G\u00e9 猫"), action="group.saved")
            work.events.emit("laid", SubjectKind.ACCOUNT, "a", {}, at=NOW)
        before = everything(small)
        backup(small, archive)
    grown = elsewhere(tmp_path, postgres_url)
    restore(grown, archive)
    with opened(grown) as restored:
        assert everything(restored) == before
        with restored.store.writing("person:ada", NOW) as work:
            assert work.events.emit("laid", SubjectKind.ACCOUNT, "b", {}, at=NOW) == 2
        assert verify(restored.store).ok


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    with opened(Settings(home=tmp_path / "small", _env_file=None)) as small:
        with small.store.writing("person:ada", NOW) as work:
            work.save(Group(id="g", name="G"), action="group.saved")
        backup(small, path)
    return path


def test_nothing_is_written_over(tmp_path: Path, archive: Path) -> None:
    settings = elsewhere(tmp_path)
    restore(settings, archive)
    with pytest.raises(BackupError, match="not empty"):
        restore(settings, archive)
    other = Settings(
        home=tmp_path / "other",
        database_url=f"sqlite:///{settings.home / 'concert.db'}",
        _env_file=None,
    )
    with pytest.raises(WrongStore, match="not empty"):
        restore(other, archive)
    with opened(settings) as restored, pytest.raises(BackupError, match="there already"):
        backup(restored, archive)


def changed(archive: Path, name: str, content: bytes | None) -> Path:
    """The archive with one member changed, or left out."""
    import io

    path = archive.with_name("changed.tar")
    with tarfile.open(archive) as old, tarfile.open(path, "w") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            raw = file.read()
            if member.name == name:
                if content is None:
                    continue
                raw = content
                member.size = len(raw)
            new.addfile(member, io.BytesIO(raw))
    return path


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("store/groups.jsonl", b"{}\n", "is damaged"),
        ("store/groups.jsonl", None, "is missing"),
        ("audit.anchor", b"", "is damaged"),
        ("manifest.json", b"{}", "no whole backup"),
        ("manifest.json", None, "no whole backup"),
    ],
)
def test_a_damaged_archive_is_refused_before_anything_is_there(
    tmp_path: Path, archive: Path, name: str, content: bytes | None, says: str
) -> None:
    settings = elsewhere(tmp_path)
    with pytest.raises(BackupError, match=says):
        restore(settings, changed(archive, name, content))
    assert not any(settings.home.iterdir())


def test_other_archives_are_refused(tmp_path: Path, archive: Path) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(archive.read_bytes()[:5000])
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        tar.addfile(tarfile.TarInfo("../outside"))
    for path in (cut, evil, tmp_path / "none.tar"):
        with pytest.raises(BackupError):
            restore(elsewhere(tmp_path), path)
    assert not (tmp_path / "outside").exists()
    with tarfile.open(archive) as tar:
        file = tar.extractfile("manifest.json")
        assert file is not None
        manifest = json.loads(file.read())
    manifest["format"] = 2
    newer = changed(archive, "manifest.json", json.dumps(manifest).encode())
    with pytest.raises(BackupError, match="newer Concert"):
        restore(elsewhere(tmp_path), newer)
