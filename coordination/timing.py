"""Null 1, timing: which sharer of an object got which of its times is shuffled.

Who shared what is kept, and so are the times of each object. For one object with n shares of
which k pairs lie within the window, two given shares meet with chance k / C(n, 2); an account with
several shares meets with at most the sum of these. Objects are independent, so the number of
objects on which two accounts meet is a Poisson binomial over all objects that both shared at all.

This says nothing about an object whose audience is the suspects themselves: any shuffle of a burst
is the same burst. *Pace* is the answer for closed circles: the chance of a meeting is taken from
the shares of those outside the pair's circle, and where there are none, from the layer's other
objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coordination.chance import Trials
from coordination.clusters import partition
from coordination.common import in_common, portions, shelf
from coordination.parallel import in_turn
from coordination.sweep import pair_chunks, reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coordination.blocks import Block
    from coordination.chance import Floats, Ints
    from coordination.common import Matches, Shelf
    from coordination.layer import Layer

CIRCLE = 0.5
"""An object of which this share of actions comes from a circle is the circle's own."""

_LOW = (1 << 32) - 1


@dataclass(frozen=True)
class Tails:
    """For each tested pair, the chance to meet on at least so many objects."""

    seen: Floats
    """As many as the pair did."""
    enough: Floats
    """Enough to be tested."""


@dataclass(frozen=True)
class Timing:
    """What each tested pair would do when times are shuffled."""

    own: Tails
    """Times of the object's own sharers."""
    pace: Tails
    """Times of those outside the pair's circle."""
    circle: Ints
    """The circle of each pair's two ends; below zero, and different for each, where they differ."""
    circles: tuple[Ints, Ints]
    """Each tested account, ascending, and its circle: whom it met repeatedly."""


def timing(
    layer: Layer,
    source: Ints,
    target: Ints,
    *,
    occasions: Ints,
    enough: int,
    seed: int,
    threads: int = 1,
) -> Timing:
    """The timing null for each tested pair (source[i], target[i]), in both its forms."""
    # Circles rest on who was tested alone, not on how surprising a pair is.
    accounts, circle = partition(source, target, seed)
    held = _Held(layer, accounts, circle, threads)
    own, pace = _tails(held, source, target, occasions, enough=enough, threads=threads)
    of_source = circle[np.searchsorted(accounts, source)]
    of_target = circle[np.searchsorted(accounts, target)]
    between = -1 - np.arange(len(source))
    return Timing(own, pace, np.where(of_source == of_target, of_source, between),
                  (accounts, circle))  # fmt: skip


class _Held:
    """What tested accounts hold, by their place among them, with the chances of a meeting there.

    `times`, `own` and `pace` run parallel to the shelf's rows: how often the account acted on the
    object, and the chance that two shares of it meet, under either form.
    """

    shelf: Shelf

    def __init__(self, layer: Layer, accounts: Ints, circle: Ints, threads: int) -> None:
        n, k = layer.n.astype(np.float64), layer.k.astype(np.float64)
        span = int(accounts.max(initial=-1)) + 1
        self.place = np.full(span, -1, dtype=np.int64)
        self.place[accounts] = np.arange(len(accounts))
        circle_of = np.full(span, -1, dtype=np.int64)
        circle_of[accounts] = circle
        circles = int(circle.max(initial=-1)) + 1
        sharers, account, item, times = _held(layer, self.place, threads)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = k / (n * (n - 1) / 2)
        times = times.astype(np.float64)
        # Every row's object and circle; each once in `inside`.
        key = item * circles + circle_of[account]
        inside = np.unique(key)
        at = np.searchsorted(inside, key)
        n_in = np.bincount(at, weights=times, minlength=len(inside))
        of, at_circle = inside // circles, inside % circles
        theirs = (n_in >= CIRCLE * n[of]) & (sharers[of] >= 2)
        several = sharers >= 2
        # One object with chance 1 is added: a layer of which little else is seen shows no pace.
        own_sum = np.bincount(at_circle[theirs], weights=own[of][theirs], minlength=circles)
        own_count = np.bincount(at_circle[theirs], minlength=circles)
        pace = (own[several].sum() - own_sum + 1.0) / (several.sum() - own_count + 1.0)
        outside = n[of] - n_in
        touch = _touching(layer, circle_of, inside, circles, threads)
        met = np.maximum(k[of] - touch, 0.0)
        # One pair's worth of the layer's pace stands in for what outsiders do not show.
        rate = (met + pace[at_circle]) / (outside * (outside - 1) / 2 + 1)
        # Only what at least two of them hold can two have in common.
        held = np.flatnonzero(np.bincount(item)[item] >= 2)
        self.shelf, order = shelf(self.place[account[held]], item[held], len(accounts))
        order = held[order]
        self.times, self.own, self.pace = times[order], own[item[order]], rate[at[order]]


def _held(layer: Layer, place: Ints, threads: int) -> tuple[Ints, Ints, Ints, Ints]:
    """The accounts of each object; and what tested accounts hold: account, object, how often.

    `place` is below zero for accounts that are not tested; it may end before them.
    """

    def held(block: Block) -> tuple[Ints, Ints, Ints]:
        key = np.sort((block["object"] << 32) | block["account"])
        first = np.flatnonzero(_new(key))
        times = np.diff(np.append(first, len(key)))
        key = key[first]
        sharers = np.bincount(key >> 32, minlength=len(layer.n))
        tested = _of(key & _LOW, place) >= 0
        return sharers, key[tested], times[tested]

    sharers = np.zeros(len(layer.n), dtype=np.int64)
    found: list[tuple[Ints, Ints]] = []
    for some, key, times in layer.sorted.each(held, threads):
        sharers += some
        found.append((key, times))
    keys, times = (np.concatenate(part) for part in zip(*found, strict=True))
    return sharers, keys & _LOW, keys >> 32, times


def _new(ordered: Ints) -> NDArray[np.bool_]:
    """Where a value comes for the first time."""
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return new


def _of(account: Ints, known: Ints) -> Ints:
    """What is known of accounts; -1 for those beyond."""
    found: Ints = np.where(account < len(known), known[np.minimum(account, len(known) - 1)], -1)
    return found


def _touching(layer: Layer, circle_of: Ints, inside: Ints, circles: int, threads: int) -> Ints:
    """Pairs within the window of which at least one end is in the circle.

    For each of `inside`, ascending: object · circles + circle. That is what its members' rows meet,
    each row by itself, less the pairs within, which are then met from both ends.
    """

    def touching(block: Block) -> Ints:
        touch = np.zeros(len(inside), dtype=np.int64)
        account, post = block["account"], block["post"]
        of = _of(account, circle_of)
        key = block["object"] * circles + of
        met = np.zeros(len(account), dtype=np.int64)
        for older, newer in pair_chunks(reach(block["object"], block["time"], layer.window)):
            apart = (account[older] != account[newer]) & (post[older] != post[newer])
            a, b = (older, newer) if apart.all() else (older[apart], newer[apart])
            met += np.bincount(a, minlength=len(met)) + np.bincount(b, minlength=len(met))
            both = a[(of[a] == of[b]) & (of[a] >= 0)]
            touch -= np.bincount(np.searchsorted(inside, key[both]), minlength=len(touch))
        rows = np.flatnonzero((of >= 0) & (met > 0))
        at = np.searchsorted(inside, key[rows])
        touch += np.bincount(at, weights=met[rows], minlength=len(touch)).astype(np.int64)
        return touch

    found: Ints = sum(layer.sorted.each(touching, threads), np.zeros(len(inside), dtype=np.int64))
    return found


def _tails(
    held: _Held, source: Ints, target: Ints, occasions: Ints, *, enough: int, threads: int
) -> tuple[Tails, Tails]:
    """Under the object's own times, and under the others' pace."""
    count = len(source)
    own = Tails(np.empty(count), np.empty(count))
    pace = Tails(np.empty(count), np.empty(count))
    source, target = held.place[source], held.place[target]

    def fill(portion: Ints) -> None:
        for found in in_common(held.shelf, source[portion], target[portion]):
            some = replace(found, pair=portion[found.pair])
            meetings = held.times[some.first] * held.times[some.second]
            # The circle is that of the source.
            for tails, chance in ((own, held.own), (pace, held.pace)):
                _fill(tails, some, meetings * chance[some.first], occasions, enough)

    size = np.diff(held.shelf.start)
    more = size[source] >= size[target]
    hub, guest = np.where(more, source, target), np.where(more, target, source)
    for _ in in_turn(fill, portions(hub, size[guest], threads), threads):
        pass
    return own, pace


def _fill(tails: Tails, some: Matches, chance: Floats, occasions: Ints, enough: int) -> None:
    trials = Trials(chance, some.of, len(some.pair))
    least = trials.tail(np.full(len(some.pair), enough, dtype=np.int64))
    # Most pairs met just often enough to be tested: theirs is known, and nothing is asked.
    more = occasions[some.pair] != enough
    seen = trials.tail(np.where(more, occasions[some.pair], 0))
    tails.enough[some.pair], tails.seen[some.pair] = least, np.where(more, seen, least)
