"""Swarms: after a call, a burst towards one account by accounts that are tied to the caller.

Source: "an individual using Twitter to incite their followers to say or do a specific thing, such
as reply to another person with abusive messaging", a practice referred to as "dogpiling". For each
post that may have called, both must be beyond chance: the burst against the target's own base rate,
and the share of the caller's audience in it (see `burst`). The larger p of the two counts, times
the posts and windows that were looked at for that target; Benjamini-Hochberg over the targets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from coordination.burst import Acts, Audience, Burst, burst, ties
from coordination.calls import Asked
from coordination.chance import benjamini_hochberg
from coordination.contacts import DAY, Contacts, contacts
from coordination.suspects import MIN_TIED, MOST_FOR_A_TARGET, suspects

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

_H = 3_600_000_000
WINDOWS = (_H, 6 * _H, 24 * _H, 72 * _H)
"""Microseconds after the call in which a burst is looked for, where no window is given."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Suspect:
    """One post that may have called, with the window that tells most."""

    row: Row
    """post, account, time, target, each `Asked`, tied, looked_at."""
    window: int
    burst: Burst
    tied: Mapping[str, Sequence[Row]]
    """The acts of each tied account in the window, in order of time."""
    others: Sequence[Row]
    """The acts of those who are not tied."""
    share: float
    """Of the caller's audience among the active."""
    p_ties: float
    p: float
    """Corrected for the posts and windows looked at for this target."""

    @property
    def worded(self) -> bool:
        return any(self.row[asked] for asked in Asked)

    @property
    def called(self) -> int:
        return int(self.row["time"])

    @property
    def until(self) -> int:
        return self.called + self.window


@dataclass(frozen=True)
class Tested:
    """All that was tested."""

    beyond: tuple[tuple[Suspect, tuple[Suspect, ...], float], ...]
    """For each swarm its call, further calls in its window, and its q."""
    tested: int
    """Posts that were tested, and targets they are about."""
    targets: int
    unknown: int
    """Posts for whose targets no base rate can be known."""
    found: Contacts
    ties_of: Callable[[str], Mapping[str, list[Row]]]
    """For a caller, the ties of each account (time, how, of) in order of time."""


@dataclass(frozen=True)
class _Input:
    span: tuple[int, int]
    windows: tuple[int, ...]
    audience: Callable[[str, int, int], Audience]


def run_tests(
    con: Backend,
    told: ir.Table,
    *,
    handles: ir.Table | None = None,
    follows: ir.Table | None = None,
    windows: Sequence[int] = WINDOWS,
    level: float = 0.01,
) -> Tested:
    """Test all posts that may have called. `told` is `contacts.talk`, stored in `con`."""
    found = contacts(con, told, handles, follows)
    table, targets = suspects(con, found, max(windows))
    rows = table.order_by("target", "time", "post").to_pyarrow().to_pylist()
    acts = _grouped(
        found.named.filter(found.named.toward).semi_join(table, "target"),
        ("target", "time", "post"),
    )
    people = found.named.semi_join(table, "target").select("account").distinct()
    callers = table.select(caller="account").distinct()
    near = found.ties.semi_join(callers, "caller").semi_join(people, "account")
    ties_by_caller = _grouped(near, ("caller", "time", "account"))
    cached: dict[str, Mapping[str, list[Row]]] = {}

    def ties_of(caller: str) -> Mapping[str, list[Row]]:
        if caller not in cached:
            cached[caller] = defaultdict(list)
            for tie in ties_by_caller.get(caller, []):
                cached[caller][tie["account"]].append(tie)
        return cached[caller]

    low, high = (bound.to_pyarrow().as_py() for bound in (told.time.min(), told.time.max()))
    here = _Input((low, high), tuple(windows), _audiences(found, callers))
    tested: list[Suspect] = []
    unknown = 0
    for target, group in groupby(rows, itemgetter("target")):
        towards = acts.get(target, [])
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(act["account"], len(numbers)) for act in towards]
        series = Acts(
            np.array([act["time"] for act in towards], dtype=np.int64),
            np.array(codes, dtype=np.int64),
        )
        for row in _most_borne_out(list(group)):
            others = series.without(numbers.get(row["account"], -1))
            of_others = [act for act in towards if act["account"] != row["account"]]
            best = _best(row, others, of_others, ties_of(row["account"]), here)
            if best is None:
                unknown += 1
            else:
                tested.append(best)
    return Tested(_chosen(tested, targets, level), len(tested), targets, unknown, found, ties_of)


def _grouped(table: ir.Table, order: tuple[str, ...]) -> dict[str, list[Row]]:
    rows = table.order_by(list(order)).to_pyarrow().to_pylist()
    return {name: list(group) for name, group in groupby(rows, itemgetter(order[0]))}


def _most_borne_out(rows: list[Row]) -> list[Row]:
    def rank(row: Row) -> tuple[bool, int, int, str]:
        return not any(row[asked] for asked in Asked), -row["tied"], row["time"], row["post"]

    return sorted(rows, key=rank)[:MOST_FOR_A_TARGET]


def _audiences(found: Contacts, callers: ir.Table) -> Callable[[str, int, int], Audience]:
    """How much of a day's activity is each caller's audience, by days."""
    active = found.active
    totals = active.group_by("day").agg(accounts=active.count(), posts=active.posts.sum())
    tied = found.ties.semi_join(callers, "caller").select("account", "caller").distinct()
    tied = tied.inner_join(active, "account").group_by("caller", "day")
    tied = tied.agg(accounts=lambda t: t.count(), posts=lambda t: t.posts.sum())
    whole = {row["day"]: row for row in totals.to_pyarrow().to_pylist()}
    own = {(row["caller"], row["day"]): row for row in tied.to_pyarrow().to_pylist()}
    none = {"accounts": 0, "posts": 0}

    def of(caller: str, start: int, end: int) -> Audience:
        days = range(start // DAY, end // DAY + 1)
        mine = [own.get((caller, day), none) for day in days]
        everybody = [whole.get(day, none) for day in days]
        return Audience(
            tied_accounts=sum(row["accounts"] for row in mine),
            accounts=sum(row["accounts"] for row in everybody),
            tied_posts=sum(row["posts"] for row in mine),
            posts=sum(row["posts"] for row in everybody),
        )

    return of


def _best(
    row: Row,
    acts: Acts,
    towards: Sequence[Row],
    tied_to: Mapping[str, list[Row]],
    here: _Input,
) -> Suspect | None:
    """The window that tells most; None where no base rate can be known for any."""
    called = row["time"]
    before = {act["account"] for act in towards if act["time"] <= called}
    before_tied = sum(account in tied_to for account in before)
    best: Suspect | None = None
    for window in here.windows:
        seen = burst(acts, called, window, here.span)
        if seen is None:
            continue
        inside: dict[str, list[Row]] = {}
        for act in towards[acts.within(called, called + window)]:
            inside.setdefault(act["account"], []).append(act)
        tied = {
            account: own
            for account, own in inside.items()
            if account in tied_to and tied_to[account][0]["time"] < own[0]["time"]
        }
        share = here.audience(row["account"], called, min(called + window, here.span[1]))
        p_ties = ties(len(inside), len(tied), share, len(before), before_tied)
        p = min(1.0, max(seen.p, p_ties) * row["looked_at"] * len(here.windows))
        if len(tied) < MIN_TIED:
            p = 1.0
        if best is None or p < best.p:
            others = [act for account, own in inside.items() if account not in tied for act in own]
            best = Suspect(row, window, seen, tied, others, share.share, p_ties, p)
    return best


def _chosen(
    tested: Sequence[Suspect], targets: int, level: float
) -> tuple[tuple[Suspect, tuple[Suspect, ...], float], ...]:
    """Swarms beyond chance; calls on one target whose windows overlap make one."""
    by_target: dict[str, list[Suspect]] = defaultdict(list)
    for one in tested:
        by_target[one.row["target"]].append(one)
    names = sorted(by_target)
    least = np.array([min(one.p for one in by_target[name]) for name in names])
    q = benjamini_hochberg(least, targets)
    accepted = least[q <= level].max(initial=-1.0)
    chosen = []
    for name, own_q in zip(names, q, strict=True):
        left = sorted(
            (one for one in by_target[name] if one.p <= accepted),
            # A post whose words call comes before one that is only known by what followed it.
            key=lambda one: (not one.worded, one.p, one.row["time"], one.row["post"]),
        )
        while left:
            first, *rest = left
            same = [one for one in rest if _overlap(first, one)]
            left = [one for one in rest if one not in same]
            # A participant's own post, passed on by the others, is no call.
            called = tuple(one for one in same if one.worded)
            chosen.append((first, called, float(max(own_q, first.p))))
    return tuple(chosen)


def _overlap(one: Suspect, other: Suspect) -> bool:
    return one.called < other.until and other.called < one.until
