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

from coordination.chance import poisson_binomial_tail
from coordination.clusters import partition

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from coordination.chance import Floats, Ints
    from coordination.layer import Layer
    from coordination.workspace import Workspace

CIRCLE = 0.5
"""An object of which this share of actions comes from a circle is the circle's own."""


@dataclass(frozen=True)
class Trials:
    """The objects that each tested pair shared, with the chance to meet on each."""

    chance: Floats
    edge: Ints

    def tail(self, at_least: Ints) -> Floats:
        """The chance of each pair to meet on at least so many objects."""
        return poisson_binomial_tail(self.chance, self.edge, at_least)


@dataclass(frozen=True)
class Timing:
    """What each tested pair would do when times are shuffled."""

    own: Trials
    """Times of the object's own sharers."""
    pace: Trials
    """Times of those outside the pair's circle."""
    circle: Ints
    """The circle of each pair's two ends; below zero, and different for each, where they differ."""
    circles: ir.Table
    """account, circle: whom each tested account met repeatedly."""


def timing(work: Workspace, layer: Layer, tested: ir.Table, seed: int) -> Timing:
    """The timing null for each tested pair, in both its forms.

    `tested` has edge (0 …), source, target and occasions.
    """
    circles, circle = _circles(work, tested, seed)
    trials = _trials(work, layer, tested, circles)
    edge = trials["edge"].astype(np.int64)
    own_pairs = trials["n"] * (trials["n"] - 1) / 2
    own = trials["k"] / own_pairs
    outside = trials["n"] - trials["n_in"]
    outside_pairs = outside * (outside - 1) / 2
    outside_met = np.maximum(trials["k"] - trials["touch"], 0.0)
    # One pair's worth of the layer's pace stands in for what outsiders do not show.
    pace = (outside_met + trials["pace"]) / (outside_pairs + 1)
    meetings = trials["na"] * trials["nb"]
    return Timing(
        own=Trials(np.minimum(1.0, meetings * own), edge),
        pace=Trials(np.minimum(1.0, meetings * pace), edge),
        circle=circle,
        circles=circles,
    )


def _circles(work: Workspace, tested: ir.Table, seed: int) -> tuple[ir.Table, Ints]:
    """Accounts by the community of those they met repeatedly (account, circle); and of each pair.

    Circles rest on who was tested alone, not on how surprising a pair is.
    """
    import pyarrow as pa

    table = tested.order_by("edge").to_pyarrow()
    source, target = table["source"].to_numpy(), table["target"].to_numpy()
    accounts, circle = partition(source, target, seed)
    stored = work.con.create_table(
        "circles",
        pa.table({"account": pa.array(accounts), "circle": pa.array(circle)}),
        overwrite=True,
    )
    of_source = circle[np.searchsorted(accounts, source)]
    of_target = circle[np.searchsorted(accounts, target)]
    return stored, np.where(of_source == of_target, of_source, -1 - np.arange(len(source)))


def _trials(
    work: Workspace, layer: Layer, tested: ir.Table, circles: ir.Table
) -> dict[str, Floats]:
    """For each tested pair and each object that both shared: what the timing nulls need."""
    held, counts = layer.held, layer.counts
    inside = held.inner_join(circles, "account").group_by("object", "circle")
    inside = work.store("inside", inside.agg(n_in=lambda t: t.n.sum()))
    touching = work.store("touching", _touching(layer.found, circles))
    pace = work.store("pace", _pace(held, counts, inside, circles))
    a = held.rename(source="account", na="n")
    b = held.rename(target="account", nb="n")
    shared = tested.inner_join(a, "source").inner_join(b, ["object", "target"])
    shared = shared.inner_join(circles.rename(source="account"), "source")
    shared = (
        shared.inner_join(counts, "object")
        .left_join(inside, ["object", "circle"])
        .drop("object_right", "circle_right")
        .left_join(touching, ["object", "circle"])
        .drop("object_right", "circle_right")
        .inner_join(pace, "circle")
    )
    numbers = ("edge", "na", "nb", "n", "k", "n_in", "touch", "pace")
    table = shared.select(
        **{name: shared[name].cast("float64").fill_null(0.0) for name in numbers}
    ).to_pyarrow()
    return {name: table[name].to_numpy() for name in numbers}


def _touching(found: ir.Table, circles: ir.Table) -> ir.Table:
    """Pairs within the window of which at least one end is in the circle: (object, circle)."""
    first = circles.rename(circle_1="circle")
    second = circles.rename(account_y="account", circle_2="circle")
    ends = found.select("object", "account", "account_y")
    ends = ends.left_join(first, "account").drop("account_right")
    ends = ends.left_join(second, "account_y").drop("account_y_right")
    once = ends.filter(ends.circle_1.notnull()).select("object", circle=lambda t: t.circle_1)
    other = ends.filter(
        ends.circle_2.notnull(), ends.circle_1.isnull() | (ends.circle_1 != ends.circle_2)
    ).select("object", circle=lambda t: t.circle_2)
    both = once.union(other)
    return both.group_by("object", "circle").agg(touch=both.count())


def _pace(held: ir.Table, counts: ir.Table, inside: ir.Table, circles: ir.Table) -> ir.Table:
    """For each circle, the mean chance of a meeting on objects that are not the circle's own.

    One object with chance 1 is added: a layer of which little else is seen shows no pace.
    """
    shared = held.group_by("object").agg(sharers=held.count())
    shared = shared.filter(shared.sharers >= 2).inner_join(counts, "object")
    chance = shared.mutate(chance=shared.k / (shared.n * (shared.n - 1) / 2))
    own = inside.inner_join(chance, "object")
    own = own.filter(own.n_in >= CIRCLE * own.n)
    own = own.group_by("circle").agg(own_sum=own.chance.sum(), own_count=own.count())
    total = chance.agg(all_sum=chance.chance.sum(), all_count=chance.count())
    joined = circles.select("circle").distinct().left_join(own, "circle").drop("circle_right")
    joined = joined.cross_join(total)
    return joined.select(
        "circle",
        pace=(joined.all_sum - joined.own_sum.fill_null(0.0) + 1.0)
        / (joined.all_count - joined.own_count.fill_null(0) + 1.0),
    )
