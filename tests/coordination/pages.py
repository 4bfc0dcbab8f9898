"""Reports of any size, made of made-up clusters: to look at, and to hold the page to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from coordination.findings import BEYOND_CHANCE, LINKED, CoordinationFinding, Kind, PostPair
from coordination.level import Level
from coordination.result import Cluster, DetectReport, Link
from coordination.swarm_findings import SWARM
from coordination.swarms import Call, Participant, Swarm

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def cluster(number: int, size: int, *, mark: str = "") -> Cluster:
    """A ring with chords: each account meets the next two."""
    names = tuple(f"account{mark} {number}-{at:04}" for at in range(size))
    pairs = tuple(
        PostPair(
            layer=("url", "text")[step % 2],
            object=f"example.org/{mark}{number}/{at % 7}",
            post_id=f"p{number}-{at}-{step}",
            account_id=names[at],
            at=START + timedelta(minutes=at * 3 + number),
            other_post_id=f"q{number}-{at}-{step}",
            other_account_id=names[(at + step) % size],
            other_at=START + timedelta(minutes=at * 3 + number, seconds=17),
        )
        for at in range(size)
        for step in (1, 2)
        if names[(at + step) % size] != names[at]
    )
    return Cluster(
        number=number,
        accounts=names,
        layers=("text", "url"),
        links=tuple(
            Link(ends, p_timing=1e-9, p_audience=1e-12, q=0.004, timed=False)
            for ends in sorted({(p.account_id, p.other_account_id) for p in pairs})
        ),
        pairs=pairs,
        p_timing_cluster=0.005,
        p_error=0.005,
        p_audience_cluster=1e-30,
        stability=0.93,
        window_s=60.0,
        leaders=names[:2],
    )


def finding(about: Cluster, kind: Kind = Kind.SOCIAL) -> CoordinationFinding:
    return CoordinationFinding(
        id=f"finding-{about.number}",
        kind=kind,
        rule=LINKED if kind is Kind.TECHNICAL else BEYOND_CHANCE,
        layers=about.layers,
        account_ids=about.accounts,
        pairs=about.pairs[:50],
        pair_count=len(about.pairs),
        p_timing=1e-9,
        p_audience=1e-12,
        q=about.q,
        window_s=about.window_s,
        started=about.started,
        ended=about.ended,
        techniques=("T0118",),
        summary=f"{len(about.accounts)} accounts shared the same url. It shows no harm.",
        keys=(("device", about.accounts[:2]),) if kind is Kind.TECHNICAL else (),
    )


def swarm(size: int) -> CoordinationFinding:
    call = Call("call-1", "the caller", START, ("speak",), {"psychological": 0.7})
    people = tuple(
        Participant(
            f"follower {at:03}", ("follow", "repost"), at % 3 == 0, (f"a{at}",),
            START + timedelta(minutes=2 + at * at / 30), at % 5, {"psychological": 0.6},
        )
        for at in range(size)
    )  # fmt: skip
    pairs = tuple(
        PostPair("swarm", "the target", "call-1", "the caller", START, one.post_ids[0],
                 one.account_id, one.first)
        for one in people
    )  # fmt: skip
    return CoordinationFinding(
        id="finding-swarm", kind=Kind.SOCIAL, rule=SWARM, layers=("swarm",),
        account_ids=("the caller", *(one.account_id for one in people)), pairs=pairs[:50],
        pair_count=size, p_timing=1e-8, p_audience=1e-6, q=1e-5, window_s=21600.0, started=START,
        ended=people[-1].first, techniques=("T0048", "T0049.005"),
        summary="Post call-1 of the caller names the target and calls others to write to it.",
        swarm=Swarm(
            target="the target", call=call, other_calls=(), window_s=21600.0,
            ended=people[-1].first, accounts=size + 4, expected=1.6, before=2, p_burst=1e-8,
            participants=people, expected_ties=3.4, p_ties=1e-6,
            acts={"reply": size - 2, "mention": 2}, harms={"psychological": (0.61, 0.82)},
            others_harms=None,
        ),
    )  # fmt: skip


def report(
    clusters: tuple[Cluster, ...], more: tuple[CoordinationFinding, ...] = ()
) -> DetectReport:
    found = tuple(
        finding(one, Kind.TECHNICAL if one.number == 0 else Kind.SOCIAL) for one in clusters
    )
    level = Level(
        layer="url", rounds=199, edges=812, expected_edges=640.2, error_edges=1.4, repeated=41,
        expected_repeated=7.2, error_repeated=0.2,
    )  # fmt: skip
    return DetectReport(
        findings=(*found, *more),
        levels=(level,),
        clusters=clusters,
        layers=("url",),
        windows_s={"url": 60.0},
        level=0.01,
        actions=12_345,
        accounts=2_345,
        edges=812,
        tested=400,
        significant=60,
        without_time=3,
        left_out={"url": (("example.org/everybody", 300_000),)},
        seed=0,
        notes=(),
        files={},
    )


def texts(shown: DetectReport, text: str = "made up words about a bridge") -> Mapping[str, str]:
    pairs = [pair for one in shown.findings for pair in one.pairs]
    return {post: text for pair in pairs for post in (pair.post_id, pair.other_post_id)}
