"""From tested calls to findings: which rule each meets, and in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from coordination import swarm_words as words
from coordination.calls import Asked
from coordination.findings import (
    MAX_PAIRS_SHOWN,
    NO_LAYER_DATA,
    CoordinationFinding,
    Kind,
    PostPair,
)
from coordination.swarm import Row, Suspect, Tested
from coordination.swarm_harm import HARMFUL, Score, Scores, incites, over
from coordination.swarms import Call, Participant, Swarm

if TYPE_CHECKING:
    import ibis.expr.types as ir

SWARM = "coordination.social.swarm/1"
NO_CALL = "coordination.insufficient.call/1"
UNSEEN = "coordination.insufficient.burst_unseen/1"
NO_BASE_RATE = "coordination.insufficient.base_rate/1"
AS_USUAL = "coordination.chance.swarm_not_rejected/1"

RULES = {
    SWARM: (
        "After a post that names a target, more accounts acted towards it than its own base rate "
        "gives and than did before; those tied to the caller before they acted (by follow, repost, "
        "quote, reply or mention) are more of them than of who is active in these days and of who "
        "wrote to the target before; and the post calls for it by its words (calls.words/1), or "
        "both it and most of what followed are likelier harmful than not, and more of that than of "
        "what the target was written before (Fisher's exact test at .01)."
    ),
    NO_CALL: (
        "The same burst by the same accounts, but neither do the words of the post call for it nor "
        "does a score say that it does harm: it may have spread as any post does."
    ),
    UNSEEN: "A call to act off the platform, or to report: what came of it is not in the data.",
    NO_BASE_RATE: "The input is too short around the call to know the target's own base rate.",
    AS_USUAL: "After calls, targets were written to as often and by whom they are anyway.",
}
MOST_UNSEEN = 20
"""Calls with an unseen burst that are named, most passed on first; the rest are counted."""


def to_findings(tested: Tested, told: ir.Table, score: Score | None) -> list[CoordinationFinding]:
    """All findings about calls, the sure ones first. `told` as in `run_tests`."""
    harms = Scores(told, score)
    sure: list[CoordinationFinding] = []
    open_: list[CoordinationFinding] = []
    for first, others, q in tested.beyond:
        swarm = _swarm(first, others, tested, harms)
        called = first.worded or incites(first, swarm, tested, harms)
        (sure if called else open_).append(_found(first, swarm, q, called))
    taken = {one.row["post"] for first, others, _ in tested.beyond for one in (first, *others)}
    return [*sure, *open_, *_unseen(tested, taken, harms), *_rest(tested)]


def _found(first: Suspect, swarm: Swarm, q: float, called: bool) -> CoordinationFinding:
    pairs = [
        PostPair(
            layer="swarm", object=swarm.target,
            post_id=swarm.call.post_id, account_id=swarm.call.account_id, at=swarm.call.at,
            other_post_id=act["post"], other_account_id=act["account"], other_at=_when(act["time"]),
        )
        for own in first.tied.values() for act in own
    ]  # fmt: skip
    pairs.sort(key=lambda pair: (pair.other_at, pair.other_post_id))
    members = {swarm.call.account_id, *first.tied, *(call.account_id for call in swarm.other_calls)}
    rule = SWARM if called else NO_CALL
    return CoordinationFinding(
        id=_id(rule, swarm.target, swarm.call.post_id),
        kind=Kind.SOCIAL if called else Kind.INSUFFICIENT,
        rule=rule,
        layers=("swarm",),
        # Where nothing calls for it, nobody is named beside the post that it followed.
        account_ids=tuple(sorted(members)) if called else (),
        pairs=tuple(pairs[:MAX_PAIRS_SHOWN]) if called else (),
        pair_count=len(pairs) if called else 0,
        p_timing=swarm.p_burst,
        p_audience=swarm.p_ties,
        q=q,
        window_s=swarm.window_s,
        started=swarm.call.at,
        ended=swarm.ended,
        techniques=_techniques(swarm) if called else (),
        summary=words.told(swarm, q) if called else words.told_open(swarm),
        swarm=swarm if called else None,
    )


def _techniques(swarm: Swarm) -> tuple[str, ...]:
    """DISARM: conduct swarming; harass, where most of it is likelier harmful than not."""
    harms = swarm.harms or {}
    harsh = any(
        harms[harm][1] >= HARMFUL for harm in ("physical", "psychological") if harm in harms
    )
    return ("T0048", "T0049.005") if harsh else ("T0049.005",)


def _swarm(first: Suspect, others: Iterable[Suspect], tested: Tested, harms: Scores) -> Swarm:
    acts = [act for own in first.tied.values() for act in own]
    known = _known(first, tested)
    people = [
        _participant(first, account, tested, known.get(account, 0), harms) for account in first.tied
    ]
    return Swarm(
        target=first.row["target"],
        call=_call(first.row, harms),
        other_calls=tuple(_call(one.row, harms) for one in others),
        window_s=first.window / 1e6,
        ended=_when(max(act["time"] for act in acts)),
        accounts=first.burst.seen,
        expected=first.burst.expected,
        before=first.burst.before,
        p_burst=first.burst.p,
        participants=tuple(sorted(people, key=lambda one: (one.first, one.account_id))),
        expected_ties=first.share * first.burst.seen,
        p_ties=first.p_ties,
        acts=dict(Counter(act["how"] for act in acts)),
        harms=over(harms.of(act["post"] for act in acts)),
        others_harms=over(harms.of(act["post"] for act in first.others)),
    )


def _known(first: Suspect, tested: Tested) -> dict[str, int]:
    """How often each participant acted towards the target before the call."""
    named = tested.found.named
    earlier = named.filter(
        named.toward, named.target == first.row["target"], named.time <= first.row["time"]
    )
    counts = earlier.group_by("account").agg(n=earlier.count()).to_pyarrow().to_pylist()
    return {row["account"]: row["n"] for row in counts}


def _participant(
    first: Suspect, account: str, tested: Tested, known: int, harms: Scores
) -> Participant:
    own, ties = first.tied[account], tested.ties_of(first.row["account"])[account]
    before = [tie for tie in ties if tie["time"] < own[0]["time"]]
    scored = harms.of(act["post"] for act in own)
    most = {harm: max(one[harm] for one in scored) for harm in scored[0]} if scored else None
    return Participant(
        account_id=account,
        ties=tuple(sorted({tie["how"] for tie in before})),
        answered=any(tie["of"] == first.row["post"] for tie in before),
        post_ids=tuple(act["post"] for act in own),
        first=_when(own[0]["time"]),
        known=known,
        harms=most,
    )


def _call(row: Row, harms: Scores) -> Call:
    scored = harms.of([row["post"]])
    return Call(
        post_id=row["post"],
        account_id=row["account"],
        at=_when(row["time"]),
        asked=tuple(asked.value for asked in Asked if row[asked]),
        harms=scored[0] if scored else None,
    )


def _unseen(tested: Tested, taken: set[str], harms: Scores) -> list[CoordinationFinding]:
    named, ties = tested.found.named, tested.found.ties
    calls = named.filter(named[Asked.OFF_PLATFORM] | named[Asked.REPORT])
    spread = ties.filter(ties.of.notnull()).group_by(post="of")
    spread = spread.agg(by=lambda t: t.account.nunique())
    rows = calls.left_join(spread, "post").select("post", "account", "time", "target", *Asked, "by")
    ranked = [row for row in rows.to_pyarrow().to_pylist() if row["post"] not in taken]
    ranked.sort(key=lambda row: (-(row["by"] or 0), row["time"], row["post"], row["target"]))
    found = [_unseen_one(row, harms) for row in ranked[:MOST_UNSEEN]]
    if len(ranked) > MOST_UNSEEN:
        more = f"{len(ranked) - MOST_UNSEEN} more calls to act off the platform or to report, less "
        found.append(_plain(Kind.INSUFFICIENT, UNSEEN, more + "passed on than those named."))
    return found


def _unseen_one(row: Row, harms: Scores) -> CoordinationFinding:
    call = _call(row, harms)
    asked = "act off the platform" if row[Asked.OFF_PLATFORM] else "report"
    return _plain(
        Kind.INSUFFICIENT,
        UNSEEN,
        f"Post {call.post_id} of {call.account_id} calls others to {asked} against "
        f"{row['target']}; {row['by'] or 0} accounts passed it on or answered it. Burst unseen: "
        "what came of it, if anything, is not in the data. The words alone show no harm."
        + words.of_harm("The call", call.harms),
        accounts=(call.account_id,),
        about=(row["target"], call.post_id),
        at=call.at,
    )


def _rest(tested: Tested) -> list[CoordinationFinding]:
    found = []
    if tested.unknown:
        found.append(
            _plain(
                Kind.INSUFFICIENT, NO_BASE_RATE,
                f"{tested.unknown} posts that may have called could not be tested: the input is "
                "too short around them to know how often their targets are written to anyway.",
            )
        )  # fmt: skip
    left = tested.tested - len(tested.beyond)
    if left:
        found.append(
            _plain(
                Kind.CHANCE, AS_USUAL,
                f"{left} posts that may have called were followed by no burst beyond chance, or by "
                "none of the callers' own. This is no evidence of concert, nor of its absence.",
            )
        )  # fmt: skip
    if found or tested.beyond:
        return found
    if not tested.found.named.count().to_pyarrow().as_py():
        why = "No post names another account: too little to tell whether anybody was swarmed."
        return [_plain(Kind.INSUFFICIENT, NO_LAYER_DATA, why)]
    why = (
        "No post that may have called was followed by acts of at least 3 accounts tied to its "
        "author. This is no evidence of concert, nor of its absence."
    )
    return [_plain(Kind.CHANCE, AS_USUAL, why)]


def _plain(
    kind: Kind,
    rule: str,
    summary: str,
    *,
    accounts: tuple[str, ...] = (),
    about: tuple[str, ...] = (),
    at: datetime | None = None,
) -> CoordinationFinding:
    return CoordinationFinding(
        id=_id(rule, *about), kind=kind, rule=rule, layers=("swarm",), account_ids=accounts,
        pairs=(), pair_count=0, p_timing=None, p_audience=None, q=None, window_s=0.0, started=at,
        ended=at, techniques=(), summary=summary,
    )  # fmt: skip


def _when(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _id(rule: str, *about: str) -> str:
    text = "\x00".join([rule, *about]).encode("utf-8", "surrogatepass")
    return f"finding-{blake2b(text, digest_size=8).hexdigest()}"
