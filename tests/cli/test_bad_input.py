"""Bad input: the promised exit code, and a sentence that names the file, the field or the row."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import EXAMPLE, Concert, in_process_of_its_own

GROUP = {"id": "g", "name": "A group"}
INCIDENT = {
    "id": "i",
    "group_id": "g",
    "when": "2026-01-01",
    "harm": "physical",
    "policy": "violence",
    "severity": "low",
    "submitted_by": "ana",
}
POSTS = "post_id,account_id,text,created_at\n"


def _json(**changes: object) -> str:
    return json.dumps([INCIDENT | changes])


# What the files hold that the words below name; a folder is written as None.
FILES: dict[str, str | bytes | None] = {
    "empty": "",
    "blank.json": " \n",
    "folder": None,
    "broken.json": '[{"id": "g",',
    "deep.json": "[" * 100_000,
    "latin.json": '[{"id": "g", "name": "Andr\xe9"}]'.encode("latin-1"),
    "second.json": json.dumps([GROUP, {"id": "h"}]),
    "unknown_field.json": json.dumps([GROUP | {"colour": "red"}]),
    "bad_member.json": json.dumps([GROUP | {"members": [{"account": "x"}]}]),
    "surrogate.json": '[{"id": "g", "name": "\\ud800"}]',
    "no_group.json": _json(),
    "bad_date.json": _json(when="2026-02-30"),
    "bad_harm.json": _json(policy="spam"),
    "bad_policy.json": _json(policy="rudeness"),
    "groups.json": json.dumps([GROUP]),
    "no_groups.json": "[]",
    "answers.json": "[]",
    "posts.csv": POSTS + "1,a,hello,2026-01-01T00:00:00Z\n",
    "header.csv": "colour,size\nred,3\n",
    "accounts.csv": "account_id,handle\na,ana\n",
    "bad_dates.csv": POSTS + "1,a,hello,2026-02-30\n2,a,hello,5/3/2018\n",
    "huge.csv": POSTS + f"1,a,{'x' * 1_000_000},\n",
    "broken.jsonl": '{"post_id": "1", "account_id": "a"\n',
    "short.parquet": b"PAR1 and no more",
}

CASES: list[tuple[str, int, tuple[str, ...]]] = [
    ("frobnicate", 2, ("frobnicate",)),
    ("roll --frobnicate", 2, ("--frobnicate",)),
    ("roll --every soon", 2, ("--every",)),
    ("group import", 2, ("path",)),
    ("group import missing.json", 1, ("missing.json: no such file",)),
    ("group import folder", 1, ("folder: is a folder",)),
    ("group import empty", 1, ("empty: is empty",)),
    ("group import blank.json", 1, ("blank.json: is empty",)),
    ("group import broken.json", 1, ("broken.json: broken JSON at line 1, column",)),
    ("group import deep.json", 1, ("deep.json: JSON nested too deeply",)),
    ("group import latin.json", 1, ("latin.json: not UTF-8 at byte 26",)),
    ("group import second.json", 1, ("second.json: item 2: name: Field required",)),
    ("group import unknown_field.json", 1, ("item 1: colour",)),
    ("group import bad_member.json", 1, ("item 1: members.0",)),
    ("group import surrogate.json", 1, ("name", "surrogate")),
    ("group import groups.json --by person:", 2, ("--by",)),
    ("group show nobody", 1, ("'nobody'",)),
    ("incident add no_group.json", 1, ("i: group_id: there is no group 'g'",)),
    ("incident add bad_date.json", 1, ("item 1: when",)),
    ("incident add bad_harm.json", 1, ("item 1", "does not stand under physical")),
    ("incident add bad_policy.json", 1, ("item 1: policy",)),
    ("incident list --group nobody", 1, ("'nobody'",)),
    ("incident retract nothing --why mistaken", 1, ("'nothing'",)),
    ("finding add broken.json", 1, ("broken JSON",)),
    ("finding list --group nobody", 1, ("'nobody'",)),
    ("assess nobody", 1, ("'nobody'",)),
    ("assess nobody --questions answers.json", 1, ("answers.json: one object",)),
    ("designate propose nothing", 1, ("'nothing'",)),
    ("designate confirm nothing --questions answers.json", 2, ("--by",)),
    ("designate decline nothing --by ana --reason tired", 1, ("'nothing'",)),
    (
        "designate keep d --assessment a --by ana --reason r --review-at 2026-02-30",
        2,
        ("--review-at", "2026-02-30"),
    ),
    (
        "designate modify d --assessment a --by ana --reason r --measures silence",
        2,
        ("--measures", "silence"),
    ),
    ("designate withdraw d --by  --reason r", 2, ("--by",)),
    ("designate show nothing", 1, ("'nothing'",)),
    ("appeal open nothing --text unfair", 1, ("'nothing'",)),
    ("appeal decide nothing --uphold --by ana --reason r", 1, ("reason: say in a few words",)),
    ("appeal decide nothing --by ana --reason r", 2, ("--overturn",)),
    ("ingest missing.csv", 1, ("missing.csv: No such file",)),
    ("ingest folder", 1, ("folder: ",)),
    ("ingest empty", 1, ("empty: is empty",)),
    ("ingest header.csv", 1, ("header.csv: columns colour, size are of no known kind",)),
    ("ingest posts.csv --map text=content", 1, ("posts.csv: no column 'content' for text",)),
    ("ingest posts.csv --map text", 2, ("--map", "'text' is not field=column")),
    ("ingest posts.csv --map colour=text", 2, ("--map", "'colour' is no field")),
    ("ingest posts.csv --format docx", 2, ("--format", "'docx'")),
    ("ingest posts.csv --kind gossip", 2, ("--kind", "'gossip'")),
    ("ingest bad_dates.csv", 1, ("0 taken, 2 rejected", "rejects")),
    ("ingest huge.csv", 1, ("0 taken, 1 rejected",)),
    ("ingest broken.jsonl", 1, ("broken.jsonl",)),
    ("ingest short.parquet", 1, ("short.parquet",)),
    ("detect missing.csv --out o", 1, ("missing.csv: no such file",)),
    ("detect folder --out o", 1, ("no Parquet file",)),
    ("detect lake --out o", 1, ("the lake holds no posts yet",)),
    ("detect posts.csv --on gossip --out o", 1, ("gossip",)),
    ("detect header.csv --out o", 1, ("no column for post_id, account_id",)),
    ("detect posts.csv --window soon --out o", 2, ("--window", "'soon'")),
    ("detect posts.csv --on url --window text=60s --out o", 2, ("--window", "'text'")),
    ("detect posts.csv --engine abacus --out o", 1, ("abacus",)),
    ("detect posts.csv --level 2 --out o", 2, ("--level",)),
    ("detect posts.csv --map text=content --out o", 1, ("'content'",)),
    ("score posts missing.csv --out o.parquet", 1, ("missing.csv: No such file",)),
    ("score posts empty --out o.parquet", 1, ("empty: is empty",)),
    ("score posts folder --out o.parquet", 1, ("folder: ",)),
    ("score posts accounts.csv --out o.parquet", 1, ("accounts.csv: holds no posts",)),
    ("score posts header.csv --out o.parquet", 1, ("of no known kind",)),
    ("score posts posts.csv --out folder", 1, ("folder: is a folder",)),
    ("score posts posts.csv", 2, ("--out",)),
    ("score posts posts.csv --out o.parquet --format docx", 2, ("--format",)),
    (
        "score accounts --posts posts.csv --groups no_groups.json --out o.parquet",
        1,
        ("no_groups.json: there is no group in it",),
    ),
    (
        "score accounts --posts accounts.csv --groups groups.json --out o.parquet",
        1,
        ("accounts.csv: holds accounts, not posts",),
    ),
    (
        "score accounts --posts missing.csv --groups groups.json --out o.parquet",
        1,
        ("missing.csv: No such file",),
    ),
    ("train harm --data folder --out o", 1, ("folder/harm_posts.parquet",)),
    ("train association --data folder --out o", 1, ("folder",)),
    ("shadow start g --models missing --by a --reason b", 2, ("--models",)),
    ("shadow start g --models folder --by a --reason it\tmay", 1, ("holds no association pack",)),
    ("shadow look nothing", 1, ("'nothing'",)),
    ("shadow show nothing", 1, ("'nothing'",)),
    ("report --from 2026-01-01 --to 2026-02-01 --out nowhere/a.html", 1, ("nowhere/a.html",)),
    ("designate keep d --assessment a --by a --reason b --review-at soon", 2, ("--review-at",)),
    ("evaluate harm --data folder --report o", 1, ("folder/harm_posts.parquet",)),
    ("promote folder", 1, ("folder/manifest.json",)),
    ("key make ", 2, ("LABEL",)),
    ("key revoke key_none --why lost", 1, ("'key_none'",)),
    ("audit verify --anchor missing", 1, ("missing: no such file",)),
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        if content is None:
            (tmp_path / name).mkdir()
        else:
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(raw)
    return tmp_path


@pytest.mark.parametrize(("words", "code", "told"), CASES, ids=[case[0] for case in CASES])
def test_bad_input_is_a_sentence_with_its_place(
    words: str, code: int, told: tuple[str, ...], concert: Concert, files: Path
) -> None:
    said = concert(*words.split(" "))
    assert said.code == code, said.all
    for part in told:
        assert part in said.all
    assert "Traceback" not in said.all
    assert "internal error" not in said.all


SETTINGS = [
    ("CONCERT_PORT", "many", "group list"),
    ("CONCERT_LIMIT_DAYS", "1000", "group list"),
    ("CONCERT_DATABASE_URL", "nonsense", "group list"),
    ("CONCERT_DATABASE_URL", "oracle://somewhere", "group list"),
    ("CONCERT_SECRET", "short", "ingest posts.csv"),
    ("CONCERT_MODELS", "folder", "score posts posts.csv --out o.parquet"),
    ("CONCERT_ENCODER", "abacus", "score posts posts.csv --out o.parquet"),
    ("CONCERT_LABEL_STUDIO_URL", "http://127.0.0.1:1", "review start"),
    ("CONCERT_LABEL_STUDIO_URL", "http://127.0.0.1:1", "review sync"),
    ("CONCERT_API_KEY", "short", "up"),
    ("CONCERT_HOME", "posts.csv", "up"),
]


@pytest.mark.parametrize(("name", "value", "words"), SETTINGS)
def test_a_wrong_setting_is_named(
    name: str,
    value: str,
    words: str,
    concert: Concert,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    said = concert(*words.split())
    assert said.code == 1
    assert name in said.all
    assert "internal error" not in said.all


def test_a_damaged_store_is_told(concert: Concert, home: Path) -> None:
    home.mkdir()
    (home / "concert.db").write_bytes(b"no database" * 1000)
    said = concert("group", "list")
    assert said.code == 1
    assert "internal error" not in said.all


def test_what_was_changed_behind_the_log_is_found(concert: Concert, home: Path) -> None:
    assert concert("group", "import", EXAMPLE / "groups.json").code == 0
    assert concert("audit", "verify").code == 0
    with sqlite3.connect(home / "concert.db") as database:
        database.execute("UPDATE groups SET doc = replace(doc, 'Clear Drop ring', 'Nobody')")
    database.close()
    said = concert("audit", "verify", "--json")
    assert said.code == 1
    report = json.loads(said.out)
    assert not report["ok"]
    assert report["problems"][0]["subject"] == "groups/clear-drop"
    assert concert("doctor").code == 1


def test_one_bad_row_loses_no_other(concert: Concert, tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text(POSTS + "1,a,hello,2026-01-01T00:00:00Z\n2,a,hello,never\n3,b,hello,\n")
    said = concert("ingest", path, "--json")
    assert said.code == 0
    assert json.loads(said.out)["files"][0]["tallies"]["posts"] == {
        "taken": 2,
        "rejected": 1,
        "already_there": 0,
    }
    again = json.loads(concert("ingest", path, "--json").out)["files"][0]
    assert again["repeated"]
    assert again["tallies"]["posts"]["taken"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("group", "show", b"\xff\xfe"),
        ("group", "import", b"\xff.json"),
        ("assess", b"\xed\xa0\x80"),
        ("ingest", b"\xff.csv"),
        ("detect", b"\xff.csv", "--out", "o"),
        ("key", "make", b"\xff"),
        ("group", "import", str(EXAMPLE / "groups.json"), "--by", b"\xff"),
        (b"\xff",),
    ],
    ids=repr,
)
def test_bytes_that_are_no_text_are_survived(
    words: tuple[str | bytes, ...], tmp_path: Path
) -> None:
    said = in_process_of_its_own(words, tmp_path / "home")
    assert said.code == 2
    assert "not UTF-8 text" in said.err
    assert "Traceback" not in said.err
