"""The whole run on made-up traffic: campaigns are found, crowds are not, files are as promised."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coordination.detect import detect
from coordination.engine import EngineError
from coordination.findings import BEYOND_CHANCE, LINKED, NO_LAYER_DATA, TOO_FEW_OCCASIONS, Kind
from coordination.result import DetectReport

Posts = Callable[..., pa.Table]
Rows = list[tuple[str, str, float, dict[str, object]]]
HOUR, DAY = 3600.0, 86_400.0


def _traffic(seed: int = 1, accounts: int = 60, days: int = 4) -> Rows:
    """Accounts that repost what is around, each at its own times; popular posts are shared more."""
    rng = random.Random(seed)
    rows: Rows = []
    for account in range(accounts):
        for _ in range(25):
            number = int(rng.paretovariate(0.7)) % 400
            born = (number * 7919) % (days * DAY)
            when = born + rng.expovariate(1 / (6 * HOUR))
            rows.append(
                (f"user{account:02}", f"u{len(rows)}", when, {"reposted_post_id": f"r{number}"})
            )
    return rows


def _campaign(size: int = 6, objects: int = 8, spread: float = 30) -> Rows:
    """Members repost the same posts, which others repost as well, within seconds of each other."""
    rng = random.Random(9)
    rows: Rows = []
    for number in range(objects):
        start = rng.uniform(0, 4 * DAY)
        for member in range(size):
            when = start + rng.uniform(0, spread)
            shared: dict[str, object] = {"reposted_post_id": f"r{number}"}
            rows.append((f"ring{member}", f"c{len(rows)}", when, shared))
    return rows


def _run(
    table: object, out: Path, on: tuple[str, ...] = ("repost",), **more: object
) -> DetectReport:
    given: dict[str, object] = {"window": timedelta(seconds=60), "threads": 1, "memory": "1GB"}
    return detect(table, on=on, out=out, **(given | more))  # type: ignore[arg-type]


def test_a_campaign_is_found_with_its_posts_and_the_contract_files(
    posts: Posts, tmp_path: Path
) -> None:
    report = _run(posts(_traffic() + _campaign()), tmp_path)
    (finding,) = report.concert
    assert finding.rule == BEYOND_CHANCE
    assert finding.account_ids == tuple(f"ring{i}" for i in range(6))
    assert finding.q is not None
    assert finding.q <= report.level
    assert all(p.other_at - p.at <= timedelta(seconds=60) for p in finding.pairs)
    assert {p.post_id[0] for p in finding.pairs} == {"c"}

    edges = pq.read_table(tmp_path / "edges.parquet")
    contract = {"source", "target", "weight", "layers", "first", "last", "avg_time_delta"}
    assert contract | {"p_timing", "p_audience", "q"} <= set(edges.column_names)
    assert all(edges[name].null_count == 0 for name in edges.column_names)
    assert edges.schema.field("first").type == pa.timestamp("us", "UTC")
    rows = edges.to_pylist()
    assert all(row["source"] < row["target"] for row in rows)
    evidence = pq.read_table(tmp_path / "evidence.parquet")
    reported = [row for row in rows if row["q"] <= report.level]
    assert evidence.num_rows == sum(row["weight"] for row in reported)
    (cluster,) = pq.read_table(tmp_path / "clusters.parquet").to_pylist()
    assert cluster["size"] == 6
    assert cluster["stability"] > 0.9
    assert cluster["p_timing"] <= 0.01
    graph = ElementTree.parse(tmp_path / "network.graphml")
    assert len(graph.findall(".//{*}node")) == 6
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 group of accounts acts in concert beyond chance" in " ".join(page.split())
    assert "://" not in page.replace("http://www.w3.org", "")


def test_traffic_without_a_campaign_has_no_finding(posts: Posts, tmp_path: Path) -> None:
    report = _run(posts(_traffic()), tmp_path)
    assert report.tested > 0
    assert report.concert == ()
    (level,) = report.levels
    assert abs(level.edges - level.expected_edges) < 0.2 * level.edges


def test_the_same_posts_in_another_order_give_the_same_answer(posts: Posts, tmp_path: Path) -> None:
    rows = _traffic() + _campaign()
    one = _run(posts(rows), tmp_path / "one")
    random.Random(3).shuffle(rows)
    other = _run(posts(rows + rows[:50]), tmp_path / "other")
    assert replace(other, files={}) == replace(one, files={})


def test_a_shared_device_makes_it_technical_and_a_shared_network_does_not(
    posts: Posts, tmp_path: Path
) -> None:
    table = posts(_traffic() + _campaign(size=4))
    for kind, rules in (("device", {LINKED}), ("network", {BEYOND_CHANCE})):
        linkages = pa.table(
            {
                "account_id": [f"ring{i}" for i in range(4)],
                "kind": [kind] * 4,
                "key_hash": ["k"] * 4,
            }
        )
        report = _run(table, tmp_path, on=("repost", "linkage"), linkages=linkages)
        assert {finding.rule for finding in report.concert} == rules


@pytest.mark.parametrize("papers", [0, 12])
def test_one_feed_for_all_is_no_automation_and_a_machine_for_two_is(
    posts: Posts, tmp_path: Path, papers: int
) -> None:
    """Four accounts post eight texts from one client, 3 s apart; `papers` others do later on."""
    rows = [
        (a, p, when, {"text": f"{p} is a text that nobody else has written", "client": "web"})
        for a, p, when, _ in _traffic()
    ]
    for number in range(8):
        shared = {
            "text": f"release {number * 1117}: the ministry of {number * 'very '} plain words"
        }
        for member in range(4):
            when = number * DAY / 2 + 3 * member
            more = shared | {"client": "poster 1.0"}
            rows.append((f"ring{member}", f"c{number}-{member}", when, more))
        for paper in range(papers):
            when = number * DAY / 2 + 600 * (1 + (paper * 7 + number * 5) % 12)
            rows.append(
                (f"paper{paper:02}", f"n{number}-{paper}", when, shared | {"client": "cms"})
            )
    report = _run(posts(rows), tmp_path, on=("text",))
    rings = [f for f in report.concert if "ring0" in f.account_ids]
    assert [f.kind for f in rings] == [Kind.SOCIAL if papers else Kind.TECHNICAL]


def test_a_crowd_at_one_event_is_no_finding(posts: Posts, tmp_path: Path) -> None:
    """Everybody live at the same minute with the same tags and the same popular posts."""
    rng = random.Random(5)
    rows: Rows = []
    for account in range(80):
        for _ in range(12):
            tags = rng.sample(["final", "goal", "referee", "encore", "crowd"], 2)
            when = rng.gauss(2 * HOUR, 20 * 60)
            rows.append((f"fan{account}", f"f{len(rows)}", when, {"hashtags": tags}))
    report = _run(posts(rows), tmp_path, on=("hashtag", "hashtag_sequence"))
    assert report.tested > 1000
    assert report.significant == 0


def test_copied_texts_of_a_closed_circle_are_found_whatever_the_window(
    posts: Posts, tmp_path: Path
) -> None:
    rows = [
        (account, post, when, {"text": f"{post}: a text that nobody else ever wrote, at all"})
        for account, post, when, _ in _traffic()
    ]
    for number in range(6):
        for member in range(5):
            text = {"text": f"number {number} of the slogans that all of us post today"}
            rows.append(
                (f"ring{member}", f"c{number}{member}", number * DAY / 2 + member * 500, text)
            )
    report = _run(posts(rows), tmp_path, on=("text",), window=timedelta(hours=1))
    (finding,) = report.concert
    assert finding.account_ids == tuple(f"ring{i}" for i in range(5))


def test_a_feed_and_a_joke_draw_no_reader_into_a_ring(posts: Posts, tmp_path: Path) -> None:
    """Three of a ring read a feed with seven others, and half the crowd tells the same jokes."""
    rng = random.Random(7)
    rows: Rows = []

    def post(account: str, text: str, when: float) -> None:
        rows.append((account, f"p{len(rows)}", when, {"text": text}))

    for user in range(150):
        for number in range(12):
            words = f"{user} {number}: a text that nobody else ever wrote, at all"
            post(f"user{user:03}", words, rng.uniform(0, 4 * DAY))
    ring, readers = [f"ring{i}" for i in range(5)], [f"reader{i}" for i in range(7)]
    wide = [f"user{i:03}" for i in range(60)]
    for who, text, count, spread in (
        (ring, "of the slogans that all of us post today", 8, HOUR / 2),
        (ring[:3] + readers, "headlines of the ministry in plain words", 3, HOUR / 2),
        (ring[:3] + readers + wide, "jokes that everybody tells again", 2, 2 * HOUR),
    ):
        for number in range(count):
            start = rng.uniform(0, 4 * DAY)
            for account in who:
                words = f"number {number * 'very '}{number} {text}"
                post(account, words, start + rng.uniform(0, spread))
    report = _run(posts(rows), tmp_path, on=("text",), window=timedelta(hours=1), rounds=0)
    (finding,) = report.concert
    assert finding.account_ids == tuple(ring)
    assert report.significant > 10, "pairs of readers are beyond chance, and are not of the ring"


LONG = "some sentence that is long enough to count"


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([("a", "p1", 0, {"text": LONG}), ("a", "p2", 1, {"text": LONG})], TOO_FEW_OCCASIONS),
        ([("a", "p1", 0, {"text": LONG}), ("b", "p2", 1, {"text": LONG})], TOO_FEW_OCCASIONS),
        ([("a", "p1", 0, {"text": ""}), ("b", "p2", 1, {"text": ""})], NO_LAYER_DATA),
        ([("a", "p1", 0, {"text": None}), ("b", "p2", 1, {"text": None})], NO_LAYER_DATA),
        # One post met by fifty copies of another account is one occasion.
        (
            [("a", "p", 0, {"text": LONG})]
            + [("b", f"q{i}", i, {"text": LONG}) for i in range(50)],
            TOO_FEW_OCCASIONS,
        ),
    ],
)
def test_too_little_to_tell(posts: Posts, tmp_path: Path, rows: Rows, rule: str) -> None:
    report = _run(posts(rows), tmp_path, on=("text",))
    assert [(f.kind, f.rule) for f in report.findings] == [(Kind.INSUFFICIENT, rule)]
    assert pq.read_table(tmp_path / "evidence.parquet").num_rows == 0


def test_odd_ids_pass_through_whole(posts: Posts, tmp_path: Path) -> None:
    names = {
        f"ring{i}": name
        for i, name in enumerate(["</a>&", "a\tb\x01", "名前", "'; --", '"q"', " x"])
    }
    rows = [(names.get(a, a), p, t, more) for a, p, t, more in _traffic() + _campaign()]
    report = _run(posts(rows), tmp_path)
    (finding,) = report.concert
    assert set(finding.account_ids) == set(names.values())
    ElementTree.parse(tmp_path / "network.graphml")
    assert "</a>&<" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_times_shuffled_within_objects_give_no_finding(posts: Posts, tmp_path: Path) -> None:
    rows = _traffic() + _campaign()
    for seed in range(8):
        rng = random.Random(seed)
        by_object: dict[object, list[int]] = {}
        for at, row in enumerate(rows):
            by_object.setdefault(row[3]["reposted_post_id"], []).append(at)
        mixed = list(rows)
        for places in by_object.values():
            times = [rows[at][2] for at in places]
            rng.shuffle(times)
            for at, when in zip(places, times, strict=True):
                account, post, _, more = rows[at]
                mixed[at] = (account, post, when, more)
        assert _run(posts(mixed), tmp_path, rounds=0).concert == ()


def test_an_engine_that_is_not_there_is_named(posts: Posts, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="abacus"):
        _run(posts(_campaign()), tmp_path, engine="abacus")
