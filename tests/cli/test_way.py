"""The main way through the real command: the example in, assessed, designated, rolled, verified."""

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import EXAMPLE, ROOT, Concert, environment, in_process_of_its_own

GROUP = "weigh-it-again"


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that the whole way was walked in, once for all tests of this module."""
    home = tmp_path_factory.mktemp("way") / "home"

    def run(*words: str | Path) -> Any:
        said = in_process_of_its_own([*map(str, words), "--json"], home)
        assert said.code == 0, said.err
        return json.loads(said.out)

    answers = next(
        item["questions"]
        for item in json.loads((EXAMPLE / "assessments.json").read_text())
        if item["group_id"] == GROUP
    )
    (home.parent / "answers.json").write_text(json.dumps(answers))

    files = [EXAMPLE / f"{name}.csv" for name in ("posts", "accounts", "linkages")]
    taken = run("ingest", *files)
    assert [file["error"] for file in taken["files"]] == [None, None, None]
    assert run("group", "import", EXAMPLE / "groups.json", "--by", "ana")["changed"] == 3
    run("finding", "add", EXAMPLE / "findings.json", "--by", "ana")
    run("incident", "add", EXAMPLE / "incidents.json", "--by", "ana")
    made = run("assess", GROUP, "--questions", "answers.json", "--by", "ana")
    assert made["outcome"] == "designate"
    proposed = run("designate", "propose", made["id"], "--by", "ana")
    assert proposed["state"] == "proposed"
    standing = run(
        *("designate", "confirm", proposed["id"], "--questions", "answers.json", "--by", "ana"),
        *("--reason", "high harm by its organisers", "--review-at", _in_two_months()),
        *("--measures", "limit_search,limit_replies"),
    )
    assert standing["state"] == "proposed"
    standing = run(
        *("designate", "second", proposed["id"], "--by", "ben", "--reason", "I have read it all"),
    )
    assert standing["state"] == "designated"
    assert standing["measures"] == ["limit_search", "limit_replies"]
    rolled = run("roll")
    assert rolled["problems"] == []
    assert rolled["accounts"] == 166
    assert rolled["posts"] == 1286
    assert rolled["outcomes"]["asked"] > 0
    assert rolled["outcomes"]["limited"] > 0
    return home


def _in_two_months() -> str:
    return (datetime.now(UTC) + timedelta(days=60)).date().isoformat()


@pytest.fixture
def here(way: Path, concert: Concert, monkeypatch: pytest.MonkeyPatch) -> Concert:
    """`concert` in this process, on the data folder of the way."""
    monkeypatch.setenv("CONCERT_HOME", str(way))
    return concert


def test_what_was_done_waits_and_verifies(here: Concert) -> None:
    queue = json.loads(here("review", "status", "--json").out)
    assert queue["waiting"]["association"]["open"] > 0
    assert queue["waiting"]["suspension"]["open"] == 14
    report = json.loads(here("audit", "verify", "--json").out)
    assert report["ok"]


def test_the_same_again_adds_nothing(here: Concert) -> None:
    for words in (
        ["group", "import", EXAMPLE / "groups.json"],
        ["incident", "add", EXAMPLE / "incidents.json"],
    ):
        assert json.loads(here(*words, "--json").out)["changed"] == 0
    again = json.loads(here("ingest", EXAMPLE / "posts.csv", "--json").out)
    assert again["files"][0]["repeated"]


def test_a_pass_over_nothing_new_loads_no_torch(way: Path) -> None:
    code = (
        "import sys, json; sys.argv = ['concert', 'roll', '--json']; from cli.main import main;"
        "code = main(); print(json.dumps([code, 'torch' in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(way),
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert (report["accounts"], report["posts"]) == (0, 0)
    assert json.loads(done.stderr.splitlines()[-1]) == [0, False]


@pytest.mark.parametrize(
    "words",
    [
        ["group", "list"],
        ["group", "show", GROUP],
        ["finding", "list"],
        ["incident", "list", "--group", GROUP],
        ["designate", "list"],
        ["key", "list"],
        ["key", "make", "search team"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_json_parses_and_text_is_text(words: list[str], here: Concert) -> None:
    said = here(*words, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out) not in (None, {}, "")
    plain = here(*words)
    assert plain.code == 0
    assert plain.out.strip()


def test_an_appeal_is_decided_by_another_person(here: Concert, way: Path) -> None:
    with sqlite3.connect(way / "concert.db") as database:
        (restriction,) = database.execute("SELECT id FROM restrictions LIMIT 1").fetchone()
    database.close()
    opened = json.loads(
        here("appeal", "open", restriction, "--text", "I only quoted them", "--json").out
    )
    assert opened["state"] == "open"
    assert here("appeal", "open", restriction, "--text", "Once more").code == 1
    words = ("appeal", "decide", opened["id"], "--by", "ben", "--reason", "a quotation, no praise")
    decided = json.loads(here(*words, "--overturn", "--json").out)
    assert (decided["state"], decided["decided_by"]) == ("overturned", "person:ben")
    assert here(*words, "--uphold").code == 1
    listed = json.loads(here("appeal", "list", "--json").out)
    assert [one["state"] for one in listed] == ["overturned"]


def test_a_key_is_shown_once_and_can_be_revoked(here: Concert) -> None:
    made = json.loads(here("key", "make", "a test", "--json").out)
    assert made["key"].startswith("concert_")
    listed = here("key", "list", "--json").out
    assert made["id"] in listed
    assert made["key"] not in listed
    assert "sha256" not in listed
    gone = here("key", "revoke", made["id"], "--why", "a test", "--json")
    assert json.loads(gone.out)["revoked_at"]


def test_doctor_masks_secrets_and_names_what_is_broken(
    way: Path, here: Concert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCERT_API_KEY", "concert_not_to_be_seen")
    monkeypatch.setenv("CONCERT_SECRET", "another_that_is_not_to_be_seen")
    monkeypatch.setenv("CONCERT_MODELS", str(way))
    said = here("doctor", "--json")
    assert said.code == 1
    assert "to_be_seen" not in said.out
    checks = {check["name"]: check for check in json.loads(said.out)["checks"]}
    assert checks["harm model"]["state"] == "broken"
    assert "CONCERT_MODELS" in checks["harm model"]["says"]
    assert checks["harm model"]["do"]
    assert checks["store"]["state"] == checks["audit log"]["state"] == "ok"
