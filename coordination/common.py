"""What pairs of accounts have in common, looked up and not joined.

Of each pair the account that holds more is laid out flat, once for all its pairs, and what the
other one holds is looked up there: the work is what the lesser ones hold, in bounded memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coordination.chance import Ints

AT_ONCE = 1_000_000
"""Matches handed out at once (one pair's more, where it has more)."""
LOOKED_UP = 250_000
"""Rows looked up at once, which then stay in a core's cache."""
PORTION = 4_000_000
"""Rows to look up from which on a second portion is worth its while."""


@dataclass(frozen=True)
class Shelf:
    """What accounts hold: rows sorted by account, then by item; nobody holds an item twice."""

    start: Ints
    """Account a holds the rows start[a] … start[a + 1] - 1."""
    items: Sequence[Ints]
    """The items of each account, by their place among those that anybody here holds."""
    known: int
    """How many these are."""


@dataclass(frozen=True)
class Matches:
    """The items that some pairs have in common."""

    pair: Ints
    """The pairs, all that they have in common is here."""
    of: Ints
    """For each match its pair's place in `pair`; ascending."""
    first: Ints
    """The row of the pair's first account."""
    second: Ints


def shelf(account: Ints, item: Ints, accounts: int) -> tuple[Shelf, Ints]:
    """A shelf, and the order in which the rows stand on it."""
    # One number to sort by takes half the time of two.
    order: Ints = np.argsort((account << 32) | item)
    start = np.zeros(accounts + 1, dtype=np.int64)
    np.cumsum(np.bincount(account, minlength=accounts), out=start[1:])
    used = np.zeros(int(item.max(initial=-1)) + 1, dtype=bool)
    used[item] = True
    place = np.cumsum(used) - 1
    return Shelf(start, np.split(place[item[order]], start[1:-1]), int(used.sum())), order


def runs(start: Ints, size: Ints) -> Ints:
    """The row numbers of runs, one after the other."""
    ends = np.cumsum(size)
    total = int(ends[-1]) if len(ends) else 0
    rows: Ints = np.arange(total) + np.repeat(start - (ends - size), size)
    return rows


def portions(hub: Ints, size: Ints, threads: int) -> list[Ints]:
    """Places of pairs by their hub, in portions of about as many rows to look up."""
    order = np.argsort(hub, kind="stable")
    if threads < 2:
        return [order]
    # More than there are threads, so that they end together.
    total = int(size.sum())
    count = min(4 * threads, 1 + total // PORTION)
    upto = np.cumsum(size[order])
    return np.split(order, np.searchsorted(upto, total * np.arange(1, count) / count))


def by_hub(hub: Ints, size: Ints, at_once: int = LOOKED_UP) -> Iterator[Ints]:
    """Places of pairs, all of one hub, with about so many rows to look up."""
    order = np.argsort(hub, kind="stable")
    upto = np.cumsum(size[order])
    bounds = np.append(np.flatnonzero(np.diff(hub[order], prepend=-1)), len(hub))
    for begin, end in pairwise(bounds):
        at = int(begin)
        while at < end:
            done = upto[at - 1] if at else 0
            to = int(np.searchsorted(upto, done + at_once, side="right"))
            to = min(max(to, at + 1), int(end))
            yield order[at:to]
            at = to


def in_common(held: Shelf, source: Ints, target: Ints, at_once: int = AT_ONCE) -> Iterator[Matches]:
    """All that each pair (source[i], target[i]) has in common; pairs in an order of its own."""
    size = np.diff(held.start)
    swap = size[source] < size[target]
    hub, guest = np.where(swap, target, source), np.where(swap, source, target)

    def matches(kept: list[tuple[Ints, Ints, Ints]]) -> Matches:
        some, there, mine = (np.concatenate(part) for part in zip(*kept, strict=True))
        ends = np.cumsum(size[guest[some]])
        count = np.diff(np.searchsorted(there, ends), prepend=0)
        starts = held.start[guest[some]] - (ends - size[guest[some]])
        theirs = there + np.repeat(starts, count)
        swapped = np.repeat(swap[some], count)
        first, second = np.where(swapped, theirs, mine), np.where(swapped, mine, theirs)
        return Matches(some, np.repeat(np.arange(len(some)), count), first, second)

    row = np.full(held.known, -1, dtype=np.int32)
    laid = -1
    kept: list[tuple[Ints, Ints, Ints]] = []
    pairs = found = looked = 0
    for some in by_hub(hub, size[guest], min(at_once, LOOKED_UP)):
        if hub[some[0]] != laid:
            if laid >= 0:
                row[held.items[laid]] = -1
            laid = int(hub[some[0]])
            row[held.items[laid]] = np.arange(held.start[laid], held.start[laid + 1])
        mine = row.take(np.concatenate([held.items[one] for one in guest[some].tolist()]))
        there = np.flatnonzero(mine >= 0)
        # Little is done hub by hub: between short steps one core waits for the other.
        kept.append((some, there + looked, mine[there]))
        pairs += len(some)
        found += len(there)
        looked += len(mine)
        if max(found, pairs) >= at_once:
            yield matches(kept)
            kept, pairs, found, looked = [], 0, 0, 0
    if kept:
        yield matches(kept)
