"""Scored files: exactly the contract's columns, a row for each row in, null nowhere."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from policy.words import Harm, Lane, Policy
from tests.cli.conftest import EXAMPLE, Concert

POSTS = [
    "post_id",
    "lang",
    *(f"p_{policy}" for policy in Policy),
    *(f"h_{harm}" for harm in Harm),
    "uncalibrated",
    "lane",
    "model",
]
ACCOUNTS = [
    *("account_id", "group_id", "probability", "low", "high"),
    *("lane", "primary_use", "model"),
]


def _written(path: Path) -> list[dict[str, Any]]:
    table = pq.read_table(path)
    assert all(column.null_count == 0 for column in table.columns)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


@pytest.fixture
def odd_posts(tmp_path: Path) -> tuple[Path, list[str]]:
    """Rows of every kind of trouble, under columns of their own names; and the ids wanted back."""
    rows = [
        ("1", "a", "Good morning to the whole street", "2026-01-01T00:00:00Z", "en"),
        ("1", "a", "The very same id once more", "2026-01-01T00:00:00Z", "en"),
        ("2", "a", "A day that never was", "2026-02-30", "en"),
        ("3", "b", "", "", ""),
        ("", "b", "no id at all", "", ""),
        ("4", "", "no account", "", ""),
        ("5", "b", "x" * 1_000_000, "", ""),
        ("6", "b", "a NUL \0 within", "", ""),
        ("7" * 300, "b", "an id too long", "", ""),
        ("8", "b", "Добрый день", "", "Klingon"),
    ]
    path = tmp_path / "odd.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "who", "said", "created_at", "lang"])
        writer.writerows(rows)
    return path, ["1", "1", "2", "3", "row:5", "4", "5", "6", "7" * 300, "8"]


def test_each_row_of_posts_comes_back_once(
    odd_posts: tuple[Path, list[str]], concert: Concert, tmp_path: Path
) -> None:
    path, wanted = odd_posts
    out = tmp_path / "deep" / "harm.parquet"
    said = concert(
        *("score", "posts", path, "--out", out, "--json"),
        *("--map", "post_id=key,account_id=who,text=said"),
    )
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["rows"] == len(wanted)
    assert report["troubled"] == 6
    assert any("created_at" in one and "row 3" in one for one in report["troubles"])

    assert pq.read_schema(out).names == POSTS
    rows = _written(out)
    assert [row["post_id"] for row in rows] == wanted
    assert all(0 <= row[name] <= 1 for row in rows for name in POSTS[2:17])
    assert {row["lane"] for row in rows} <= set(Lane)
    for at in (2, 4, 5, 6, 7, 8):
        assert rows[at]["lane"] == "review"
    uncalibrated = str(rows[0]["uncalibrated"]).split("|")
    assert uncalibrated
    assert set(uncalibrated) <= set(Policy)
    assert not list(tmp_path.glob("**/*.part"))


def test_broken_lines_of_json_come_back_too(concert: Concert, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text('{"post_id": "1", "account_id": "a", "text": "hello"}\nnot JSON at all\n')
    out = tmp_path / "out.parquet"
    assert concert("score", "posts", path, "--out", out).code == 0
    assert [row["post_id"] for row in _written(out)] == ["1", "row:2"]


def test_a_header_alone_gives_a_file_without_rows(concert: Concert, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("post_id,account_id,text\n")
    assert concert("score", "posts", path, "--out", tmp_path / "out.parquet").code == 0
    assert _written(tmp_path / "out.parquet") == []


def test_each_account_and_group_comes_back_once(concert: Concert, tmp_path: Path) -> None:
    with (EXAMPLE / "posts.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    rows = rows[:150]
    path = tmp_path / "posts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        named = ["author" if name == "account_id" else name for name in header]
        # A row that cannot be taken: its account is asked about all the same.
        lost = ["lost"] * len(header)
        lost[header.index("account_id")] = "only_in_a_bad_row"
        csv.writer(file).writerows([named, *rows, lost])
    profiles = tmp_path / "profiles.csv"
    profiles.write_text("author,handle\nnobody_of_these,nobody\n")
    out = tmp_path / "found.parquet"
    said = concert(
        *("score", "accounts", "--posts", path, "--profiles", profiles, "--out", out, "--json"),
        *("--groups", EXAMPLE / "groups.json", "--map", "account_id=author,text=text"),
    )
    assert said.code == 0, said.err
    assert json.loads(said.out)["rejected"] == 1

    assert pq.read_schema(out).names == ACCOUNTS
    accounts = {row[header.index("account_id")] for row in rows} | {"only_in_a_bad_row"}
    groups = [group["id"] for group in json.loads((EXAMPLE / "groups.json").read_text())]
    found = _written(out)
    pairs = [(row["account_id"], row["group_id"]) for row in found]
    assert sorted(pairs) == sorted((account, group) for account in accounts for group in groups)
    for row in found:
        assert 0 <= row["low"] <= row["probability"] <= row["high"] <= 1
        assert 0 <= row["primary_use"] <= 1
        assert row["lane"] in set(Lane)


def test_each_post_and_group_comes_back_once(concert: Concert, tmp_path: Path) -> None:
    with (EXAMPLE / "posts.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    groups = json.loads((EXAMPLE / "groups.json").read_text())
    members = {
        each if isinstance(each, str) else each["account_id"] for each in groups[0]["members"]
    }
    author = header.index("account_id")
    theirs = [row for row in rows if row[author] in members][:25]
    others = [row for row in rows if row[author] not in members][:60]
    path = tmp_path / "posts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *theirs, *others, ["lost"] * len(header)])
    out = tmp_path / "ties.parquet"
    said = concert(
        *("score", "posts", path, "--out", out, "--groups", EXAMPLE / "groups.json", "--json")
    )
    assert said.code == 0, said.err
    assert pq.read_schema(out).names == [*POSTS, "group_id", "association", "association_lane"]
    found = _written(out)
    assert len(found) == (len(theirs) + len(others) + 1) * len(groups)
    assert len({(row["post_id"], row["group_id"]) for row in found}) == len(found)
    assert {row["association_lane"] for row in found} == {"review", "dismiss"}
    mine = [row["association"] for row in found if row["group_id"] == groups[0]["id"]]
    own, rest = mine[: len(theirs)], mine[len(theirs) :]
    assert sum(own) / len(own) > 2 * sum(rest) / len(rest)


def test_a_group_of_which_nothing_is_known_is_named(concert: Concert, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("post_id,account_id,text\n1,a,hello\n")
    (tmp_path / "groups.json").write_text('[{"id": "void", "name": "Void"}]')
    said = concert(
        *("score", "accounts", "--posts", "posts.csv", "--groups", "groups.json"),
        *("--out", "out.parquet"),
    )
    assert said.code == 1
    assert "group void" in said.all
    assert "internal error" not in said.all
    assert not (tmp_path / "out.parquet").exists()


def test_detect_writes_its_six_files(concert: Concert, tmp_path: Path) -> None:
    said = concert(
        *("detect", EXAMPLE / "posts.csv", "--on", "text", "--window", "60s"),
        *("--out", tmp_path / "out", "--json"),
    )
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["accounts"] == 166
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("clusters.parquet", "edges.parquet", "evidence.parquet"),
        *("network.graphml", "report.html", "run.json"),
    ]
