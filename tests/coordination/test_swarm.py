"""Calls and swarms: what is one, and the crowds, storms and news that are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends.duckdb import Backend

from coordination.burst import DAY, HOUR, Acts, Audience, burst, ties
from coordination.calls import Asked, asks
from coordination.contacts import talk
from coordination.detect import detect
from coordination.findings import CoordinationFinding, Kind
from coordination.source import InputError, open_source
from coordination.swarm import run_tests
from coordination.swarm_findings import (
    AS_USUAL,
    NO_BASE_RATE,
    NO_CALL,
    SWARM,
    UNSEEN,
    to_findings,
)
from coordination.swarm_harm import Score, Written
from coordination.swarms import Harms
from tests.coordination.swarm_world import START, World


def _table(con: Backend, rows: list[dict[str, str]]) -> ir.Table:
    name = ibis.util.gen_name("given")
    return con.create_table(name, pa.Table.from_pylist(rows), temp=True)


Find = Callable[..., list[CoordinationFinding]]


@pytest.fixture
def find(con: Backend) -> Find:
    def found(world: World, score: Score | None = None) -> list[CoordinationFinding]:
        posts = open_source(con, world.table()).posts
        assert posts is not None
        told = con.create_table("told", talk(posts), overwrite=True)
        tested = run_tests(con, told, follows=_table(con, world.follows))
        return to_findings(tested, told, score)

    return found


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Everyone go tell @mayor what you think", {Asked.SPEAK}),
        ("Guys, flood @mayor with replies", {Asked.SPEAK}),
        ("You know what to do @mayor", {Asked.SPEAK}),
        ("sign here and write to @council about the bridge", {Asked.SPEAK}),
        ("Report this account now @mayor", {Asked.REPORT}),
        ("Denuncien a @mayor", {Asked.REPORT}),
        ("Meldet @mayor jetzt", {Asked.REPORT}),
        ("Répondez-lui tous @mayor", {Asked.SPEAK}),
        ("Пишите ей все @mayor", {Asked.SPEAK}),
        ("ردوا على @mayor", {Asked.SPEAK}),
        ("@mayor şikayet edin", {Asked.REPORT}),
        ("show up at her office tomorrow @mayor", {Asked.OFF_PLATFORM}),
        # Said to the one named, told of oneself, or asked of nobody:
        ("@mayor tell us the truth", set()),
        ("I will tell him tomorrow, @mayor", set()),
        ("They should tell the truth about it, @mayor", set()),
        ("Great talk by @mayor, watch it", set()),
        ("https://example.org/tell-him @mayor", set()),
        ("", set()),
    ],
)
def test_what_calls(con: Backend, text: str, asked: set[Asked]) -> None:
    one = _table(con, [{"text": text}])
    found = con.to_pyarrow(one.mutate(**asks(one.text))).to_pylist()[0]
    assert {kind for kind in Asked if found[kind]} == asked


def test_a_call_and_its_followers_burst_are_a_swarm(find: Find) -> None:
    world = World(1)
    fans = world.fans_among(20)
    call = world.call(300)
    world.answers(fans, 300, 3)
    world.answers(world.strangers(4), 300, 3)
    first = find(world)[0]
    assert (first.kind, first.rule) == (Kind.SOCIAL, SWARM)
    assert first.techniques == ("T0049.005",)
    swarm = first.swarm
    assert swarm is not None
    assert (swarm.call.post_id, swarm.call.account_id, swarm.target) == (call, "caller", "target")
    assert set(fans) <= {one.account_id for one in swarm.participants} <= set(first.account_ids)
    assert swarm.expected < 6 < swarm.accounts
    assert {one.ties for one in swarm.participants} <= {("follow",), ("repost",)}
    assert first.q is not None
    assert first.q <= 0.01
    assert {pair.post_id for pair in first.pairs} == {call}
    assert all(pair.other_at > pair.at for pair in first.pairs)


def _storm_before(world: World) -> None:
    world.answers(world.strangers(60), 296, 4)
    world.call(300)
    world.answers(world.strangers(60), 300, 4)


def _news(world: World) -> None:
    world.call(300)
    world.answers(world.strangers(120), 300.2, 6)


def _before_the_call(world: World) -> None:
    world.answers(world.fans_among(20), 297, 3)
    world.call(300)


def _its_usual_company(world: World) -> None:
    for fan in world.fans_among(50):
        at = float(world.rng.uniform(24, 280))
        world.post(fan, at, "@target hello", replied_to_account_id="target")
    world.rows = [row for row in world.rows if row["text"] != "@target good morning"]
    world.call(300)
    world.answers(world.fans_among(30), 300, 6)


def _spread_by_a_hub(world: World) -> None:
    """The target's post goes viral, by way of an account that many follow; nobody calls."""
    post = world.post("target", 299, "my big news")
    passed_on = world.post("caller", 300, "wow, read this", quoted_post_id=post)
    for fan in world.fans_among(30):
        at = float(world.rng.uniform(300.01, 301))
        world.post(fan, at, "wow", reposted_post_id=passed_on)
        world.post(fan, at + 1, "@target well done", replied_to_account_id="target")
    world.answers(world.strangers(40), 299.5, 4, "@target well done")


@pytest.mark.parametrize(
    "happens", [_storm_before, _news, _before_the_call, _its_usual_company, _spread_by_a_hub]
)
@pytest.mark.parametrize("seed", [3])
def test_what_is_none(find: Find, happens: Callable[[World], None], seed: int) -> None:
    world = World(seed)
    happens(world)
    found = find(world)
    assert not [one for one in found if one.is_concert]
    # Nobody is named for having been there.
    assert not [one for one in found if one.account_ids]
    assert {one.rule for one in found} <= {AS_USUAL, NO_CALL}


def test_calls_that_come_to_nothing_are_none(find: Find) -> None:
    """Twenty calls to write to twenty targets at random times, and the usual traffic."""
    world = World(7)
    for at in world.rng.uniform(24, 450, 20):
        world.call(float(at), f"Go tell @{world.anybody()} and @target what you think")
    assert not [one for one in find(world) if one.is_concert]


def _scored(harsh: set[str]) -> Score:
    def score(posts: Sequence[Written]) -> list[Harms]:
        return [
            {"psychological": 0.9 if text in harsh else 0.1, "physical": 0.2}
            for _, text, _ in posts
        ]

    return score


@pytest.fixture(scope="module")
def pile_on() -> World:
    """A post without words of a call, passed on by many who then wrote to the target."""
    world = World(5)
    post = world.post("caller", 300, "@target is the worst")
    for fan in world.fans_among(30):
        at = float(world.rng.uniform(300.01, 301))
        world.post(fan, at, "ha", reposted_post_id=post)
        world.post(fan, at + 0.5, "@target shame", replied_to_account_id="target")
    return world


def test_harm_tells_a_pile_on_from_a_post_that_spread(find: Find, pile_on: World) -> None:
    mild = find(pile_on)[0]
    assert (mild.kind, mild.rule, mild.account_ids) == (Kind.INSUFFICIENT, NO_CALL, ())
    harsh = find(pile_on, _scored({"@target is the worst", "@target shame"}))[0]
    assert (harsh.kind, harsh.rule) == (Kind.SOCIAL, SWARM)
    assert harsh.techniques == ("T0048", "T0049.005")
    assert harsh.swarm is not None
    assert harsh.swarm.harms is not None
    assert harsh.swarm.harms["psychological"] == (pytest.approx(0.9), 1.0)
    assert all(one.answered for one in harsh.swarm.participants)


def test_a_score_that_calls_everything_harmful_decides_nothing(find: Find, pile_on: World) -> None:
    def biased(posts: Sequence[Written]) -> list[Harms]:
        return [{"psychological": 0.9} for _ in posts]

    assert find(pile_on, biased)[0].rule == NO_CALL


def test_a_call_for_solidarity_is_concert_without_harm(find: Find) -> None:
    world = World(6)
    world.call(300, "Friends, thank @target for standing with us!")
    world.answers(world.fans_among(25), 300, 3, "@target thank you")
    first = find(world, _scored(set()))[0]
    assert first.rule == SWARM
    assert first.techniques == ("T0049.005",)
    assert "0% is likelier harmful" in first.summary


def test_a_call_off_the_platform_is_recorded_its_burst_unseen(find: Find) -> None:
    world = World(8)
    call = world.call(300, "Show up at her house tonight, @target")
    found = {one.rule: one for one in find(world)}
    assert found[UNSEEN].kind is Kind.INSUFFICIENT
    assert found[UNSEEN].account_ids == ("caller",)
    assert call in found[UNSEEN].summary
    assert not found[UNSEEN].is_concert


def test_without_a_base_rate_nothing_is_said(find: Find) -> None:
    """All of the input lies within an hour of the call: nobody knows what is usual."""
    world = World(9)
    world.rows = []
    world.post("u1", 299.7, "hello")
    world.call(300)
    world.answers(world.fans_among(20), 300, 0.4)
    found = find(world)
    assert [one.rule for one in found] == [NO_BASE_RATE]


def test_answers_to_the_caller_are_no_acts_towards_the_target(find: Find) -> None:
    """A thread under the call carries the target's name along."""
    world = World(10)
    call = world.call(300)
    for fan in world.fans_among(30):
        more = {"replied_to_post_id": call, "replied_to_account_id": "caller"}
        world.post(fan, 300 + float(world.rng.uniform(0.1, 2)), "@caller @target agreed", **more)
    assert not [one for one in find(world) if one.is_concert]


def test_a_handle_means_its_account(con: Backend) -> None:
    world = World(1)
    for row in world.rows:
        row["account_id"] = f"id-{row['account_id']}"
        if row.get("replied_to_account_id"):
            row["replied_to_account_id"] = "id-target"
        if row.get("reposted_account_id"):
            row["reposted_account_id"] = "id-caller"
    follows = [{name: f"id-{who}" for name, who in row.items()} for row in world.follows]
    at = len(world.rows)
    world.call(300)
    world.answers(world.fans_among(20), 300, 3)
    for row in world.rows[at:]:
        row["account_id"] = f"id-{row['account_id']}"
        row["replied_to_account_id"] = None
    posts = open_source(con, world.table()).posts
    assert posts is not None
    told = con.create_table("told", talk(posts), overwrite=True)
    handles = _table(con, [{"account_id": "id-target", "handle": "@Target"}])
    tested = run_tests(con, told, handles=handles, follows=_table(con, follows))
    first = to_findings(tested, told, None)[0]
    assert first.swarm is not None
    assert first.swarm.target == "id-target"
    assert set(first.swarm.acts) == {"mention", "reply"} or set(first.swarm.acts) == {"mention"}


def test_a_real_crowd_holds_no_swarm(con: Backend, shared: Path) -> None:
    """The debate: thousands name the same few people on one evening."""
    rows = con.raw_sql(
        "select post_id, author account_id, content as text, publish_date created_at "
        f"from read_parquet('{shared / 'data' / 'control_posts.parquet'}') "
        "where \"group\" in ('Control_GOPdebate', 'Control_IPLcricket')"
    ).to_arrow_table()
    posts = open_source(con, rows).posts
    assert posts is not None
    told = con.create_table("told", talk(posts), overwrite=True)
    found = to_findings(run_tests(con, told), told, None)
    assert not [one for one in found if one.is_concert]


def test_a_run_writes_it_beside_the_rest(tmp_path: Path) -> None:
    """A lake with follows, both swarm alone and with another layer."""
    world = World(1)
    world.call(300)
    world.answers(world.fans_among(20), 300, 3)
    for part, table in (("posts", world.table()), ("follows", pa.Table.from_pylist(world.follows))):
        (tmp_path / "lake" / part).mkdir(parents=True)
        pq.write_table(table, tmp_path / "lake" / part / "part.parquet")
    for on in (["swarm"], ["reply_account", "swarm"]):
        out = tmp_path / "-".join(on)
        report = detect(tmp_path / "lake", on=on, window=timedelta(minutes=1), out=out, threads=1)
        (swarm,) = (one for one in report.concert if one.rule == SWARM)
        rows = pq.read_table(out / "swarms.parquet").to_pylist()
        assert {row["account_id"] for row in rows} == {*swarm.account_ids} - {"caller"}
        assert {"follow"} in [set(row["ties"]) for row in rows]
        page = (out / "report.html").read_text()
        assert "a swarm on" in page
        assert "Everyone, tell @target" in page
        assert ("edges.parquet" in report.files) is (on != ["swarm"])


def test_shares_cannot_be_asked_for_swarms(tmp_path: Path) -> None:
    shares = pa.table({"object": ["o"], "account": ["a"], "post": ["p"], "time": [1.0]})
    with pytest.raises(InputError, match="swarm"):
        detect(shares, on=["swarm"], window=timedelta(minutes=1), out=tmp_path)


SPAN = (0, 30 * DAY)


def _acts(times: Sequence[float]) -> Acts:
    hours = np.sort(np.array(times))
    return Acts((hours * HOUR).astype(np.int64), np.arange(len(hours)))


def test_a_burst_against_the_base_rate() -> None:
    steady = list(np.linspace(1, 719, 60))
    calm = burst(_acts(steady), 300 * HOUR, 6 * HOUR, SPAN)
    loud = burst(_acts([*steady, *np.linspace(300.1, 305, 30)]), 300 * HOUR, 6 * HOUR, SPAN)
    storm = [*steady, *np.linspace(294.1, 299.9, 30), *np.linspace(300.1, 305, 30)]
    before = burst(_acts(storm), 300 * HOUR, 6 * HOUR, SPAN)
    assert calm is not None
    assert loud is not None
    assert before is not None
    assert calm.p > 0.1
    assert loud.p < 1e-9
    assert before.p > 0.1
    assert (loud.seen, before.before) == (31, 30)


def test_one_account_that_floods_is_no_crowd() -> None:
    times = (np.linspace(300.1, 305, 200) * HOUR).astype(np.int64)
    flood = Acts(times, np.zeros(200, dtype=np.int64))
    found = burst(flood, 300 * HOUR, 6 * HOUR, SPAN)
    assert found is not None
    assert found.seen == 1
    assert found.p > 0.001


@pytest.mark.parametrize("call", [0, 30 * DAY], ids=["at the beginning", "at the end"])
def test_no_base_rate_at_the_ends(call: int) -> None:
    assert burst(_acts([1.0, 2.0]), call, HOUR, SPAN) is None


def test_base_rate_holds_its_level() -> None:
    """Under a steady rate p is at most x about as often as x, or less."""
    rng = np.random.default_rng(1)
    p = []
    for _ in range(300):
        acts = _acts(rng.uniform(0, 720, rng.poisson(500)))
        found = burst(acts, int(rng.uniform(100, 600) * HOUR), 6 * HOUR, SPAN)
        assert found is not None
        p.append(found.p)
    assert np.mean(np.array(p) <= 0.05) <= 0.08
    assert np.mean(np.array(p) <= 0.01) <= 0.03


def test_ties_need_more_than_the_callers_share() -> None:
    fifth = Audience(tied_accounts=20, accounts=100, tied_posts=10, posts=100)
    assert fifth.share == 0.2
    assert ties(20, 4, fifth, 0, 0) > 0.5
    assert ties(20, 16, fifth, 0, 0) < 1e-6
    # Where as many of those who always write to the target are the caller's, it says nothing.
    assert ties(20, 16, fifth, 20, 16) > 0.5
    assert START.tzinfo is not None
