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

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.blocks import blocks, columns
from coordination.chance import poisson_binomial_tail
from coordination.clusters import partition
from coordination.common import in_common, shelf
from coordination.sweep import pair_chunks, reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coordination.chance import Floats, Ints
    from coordination.common import Matches, Shelf
    from coordination.layer import Layer
    from coordination.workspace import Workspace

CIRCLE = 0.5
"""An object of which this share of actions comes from a circle is the circle's own."""


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
    work: Workspace,
    layer: Layer,
    source: Ints,
    target: Ints,
    *,
    occasions: Ints,
    enough: int,
    seed: int,
) -> Timing:
    """The timing null for each tested pair (source[i], target[i]), in both its forms."""
    # Circles rest on who was tested alone, not on how surprising a pair is.
    accounts, circle = partition(source, target, seed)
    own, pace = _tails(_Held(work, layer, accounts, circle), source, target, occasions, enough)
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

    def __init__(self, work: Workspace, layer: Layer, accounts: Ints, circle: Ints) -> None:
        counts = columns(work, layer.counts, "object", "n", "k")
        held = columns(work, layer.held, "object", "account", "n")
        objects = int(counts["object"].max(initial=-1)) + 1
        n, k = np.zeros(objects), np.zeros(objects)
        n[counts["object"]], k[counts["object"]] = counts["n"], counts["k"]
        sharers = np.bincount(held["object"], minlength=objects)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = k / (n * (n - 1) / 2)
        span = int(max(held["account"].max(initial=-1), accounts.max(initial=-1))) + 1
        self.place = np.full(span, -1, dtype=np.int64)
        self.place[accounts] = np.arange(len(accounts))
        circle_of = np.full(span, -1, dtype=np.int64)
        circle_of[accounts] = circle
        circles = int(circle.max(initial=-1)) + 1

        tested = np.flatnonzero(self.place[held["account"]] >= 0)
        account, item = held["account"][tested], held["object"][tested]
        self.shelf, order = shelf(self.place[account], item, len(accounts))
        account, item = account[order], item[order]
        self.times = held["n"][tested][order].astype(np.float64)
        # Every row's object and circle; each once in `inside`.
        inside, at = np.unique(item * circles + circle_of[account], return_inverse=True)
        n_in = np.bincount(at, weights=self.times, minlength=len(inside))
        of, at_circle = inside // circles, inside % circles
        theirs = (n_in >= CIRCLE * n[of]) & (sharers[of] >= 2)
        several = sharers >= 2
        # One object with chance 1 is added: a layer of which little else is seen shows no pace.
        own_sum = np.bincount(at_circle[theirs], weights=own[of][theirs], minlength=circles)
        own_count = np.bincount(at_circle[theirs], minlength=circles)
        pace = (own[several].sum() - own_sum + 1.0) / (several.sum() - own_count + 1.0)
        outside = n[of] - n_in
        touch = _touching(work, layer, circle_of, inside, circles)
        met = np.maximum(k[of] - touch, 0.0)
        # One pair's worth of the layer's pace stands in for what outsiders do not show.
        rate = (met + pace[at_circle]) / (outside * (outside - 1) / 2 + 1)
        self.own, self.pace = own[item], rate[at]


def _touching(work: Workspace, layer: Layer, circle_of: Ints, inside: Ints, circles: int) -> Ints:
    """Pairs within the window of which at least one end is in the circle.

    For each of `inside`, ascending: object · circles + circle.
    """
    touch = np.zeros(len(inside), dtype=np.int64)
    for key in _touched(work, layer, circle_of, circles):
        which, count = np.unique(key, return_counts=True)
        touch[np.searchsorted(inside, which)] += count
    return touch


def _touched(work: Workspace, layer: Layer, circle_of: Ints, circles: int) -> Iterator[Ints]:
    for block in blocks(work, layer.rows):
        account, post, item = block["account"], block["post"], block["object"]
        of = circle_of[account]
        for a, b in pair_chunks(reach(item, block["time"], layer.window)):
            apart = (account[a] != account[b]) & (post[a] != post[b])
            older = a[apart]
            first, second = of[older], of[b[apart]]
            once, other = first >= 0, (second >= 0) & (second != first)
            key = item[older] * circles
            yield np.concatenate([key[once] + first[once], key[other] + second[other]])


def _tails(
    held: _Held, source: Ints, target: Ints, occasions: Ints, enough: int
) -> tuple[Tails, Tails]:
    """Under the object's own times, and under the others' pace."""
    count = len(source)
    own = Tails(np.empty(count), np.empty(count))
    pace = Tails(np.empty(count), np.empty(count))
    for some in in_common(held.shelf, held.place[source], held.place[target]):
        meetings = held.times[some.first] * held.times[some.second]
        # The circle is that of the source.
        for tails, chance in ((own, held.own), (pace, held.pace)):
            _fill(tails, some, meetings * chance[some.first], occasions, enough)
    return own, pace


def _fill(tails: Tails, some: Matches, chance: Floats, occasions: Ints, enough: int) -> None:
    chance = np.minimum(1.0, chance)
    least = np.full(len(some.pair), enough, dtype=np.int64)
    tails.enough[some.pair] = tails.seen[some.pair] = poisson_binomial_tail(chance, some.of, least)
    # Most pairs met just often enough to be tested: theirs is known.
    more = occasions[some.pair] != enough
    if more.any():
        number = np.cumsum(more) - 1
        these = more[some.of]
        tails.seen[some.pair[more]] = poisson_binomial_tail(
            chance[these], number[some.of[these]], occasions[some.pair[more]]
        )
