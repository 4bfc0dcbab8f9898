"""What chance alone would do: the two nulls, applied to the pairs of accounts of one layer.

The two are `timing` (with its closed-circle form, pace) and `audience`.

A pair counts by *occasions*, never more than its distinct posts on either side. Tested are the
pairs that met on at least MIN_OCCASIONS occasions. Because they were chosen by what is tested, each
null's p is taken given that choice: P(at least as many as seen) / P(at least MIN_OCCASIONS), which
is a valid p for the pairs so chosen and needs no count of all pairs that were not. Both must fail:
the p of a pair is max(audience, 2 · min(timing, pace)), for more than a shared audience AND more
than shared moments. On texts there is a second way, and p is twice the less of the two: meeting on
at least MIN_COPIED texts that mostly the pair's own circle wrote, more often than if the texts of
the day were dealt anew; what runs widely outside the circle does not count there (see `copying`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.audience import audience_mean, meetings
from coordination.blocks import columns
from coordination.chance import poisson_tail
from coordination.copying import COPYING, MIN_COPIED, own_met
from coordination.parallel import both, in_turn
from coordination.timing import timing

if TYPE_CHECKING:
    from coordination.audience import Meetings
    from coordination.chance import Floats, Ints
    from coordination.layer import Layer
    from coordination.timing import Timing
    from coordination.workspace import Workspace

MIN_OCCASIONS = 2
"""One coincidence is never tested: it says nothing that a second would not have to repeat."""


@dataclass(frozen=True)
class Tests:
    """The tested pairs of one layer; arrays run parallel."""

    source: Ints
    target: Ints
    occasions: Ints
    circle: Ints
    """Pairs within one circle (see `timing`) have its number; a pair between circles has its own,
    below zero."""
    circles: tuple[Ints, Ints]
    """Each account of these pairs, ascending, and its circle."""
    p_timing: Floats
    """Chance of as many occasions under the timing null, or its closed-circle form if less."""
    p_audience: Floats
    p: Floats
    """Over both nulls, given that the pair met often enough to be tested."""
    expected_audience: Floats
    """Objects on which the pair would meet by the audience null."""


def run_tests(work: Workspace, layer: Layer, seed: int) -> Tests:
    """Test the pairs of accounts of one layer that met on at least MIN_OCCASIONS occasions."""
    some = layer.edges.filter(layer.edges.occasions >= MIN_OCCASIONS)
    pairs = columns(work, some, "source", "target", "occasions")
    order = np.lexsort((pairs["target"], pairs["source"]))
    source, target, occasions = (pairs[name][order] for name in ("source", "target", "occasions"))
    if len(source) == 0:
        none = np.empty(0)
        circles = (source, source)
        return Tests(source, target, occasions, occasions, circles, none, none, none, none)
    threads = work.threads

    def moments_of() -> Timing:
        return timing(
            layer, source, target,
            occasions=occasions, enough=MIN_OCCASIONS, seed=seed, threads=threads,
        )  # fmt: skip

    def audience_of() -> tuple[Meetings, Floats]:
        met = meetings(layer, source, target, threads)
        return met, audience_mean(layer, met, len(source), threads=threads)

    moments, (met, expected) = both(moments_of, audience_of, threads)
    wanted = (occasions, np.full_like(occasions, MIN_OCCASIONS))
    p_audience, enough = in_turn(lambda count: poisson_tail(expected, count), wanted, threads)
    own, pace = (_given(tails.seen, tails.enough) for tails in (moments.own, moments.pace))
    p = np.maximum(_given(p_audience, enough), np.minimum(1.0, 2 * np.minimum(own, pace)))
    if layer.name in COPYING:
        copied = _p_copied(work, layer, (source, target), moments.circles, met=met, enough=enough)
        p = np.minimum(1.0, 2 * np.minimum(p, copied))
    return Tests(
        source=source,
        target=target,
        occasions=occasions,
        circle=moments.circle,
        circles=moments.circles,
        p_timing=np.minimum(1.0, 2 * np.minimum(moments.own.seen, moments.pace.seen)),
        p_audience=p_audience,
        p=p,
        expected_audience=expected,
    )


def _p_copied(
    work: Workspace,
    layer: Layer,
    pairs: tuple[Ints, Ints],
    circles: tuple[Ints, Ints],
    *,
    met: Meetings,
    enough: Floats,
) -> Floats:
    """The p of meeting on so many texts of the circle's own, given that the pair is tested.

    Meetings on texts no wider than the circle's own could be are fewer than all meetings, so
    P(own) / P(tested at all) is the chance given the choice.
    """
    count = len(enough)
    tested = {"edge": np.arange(count), "source": pairs[0], "target": pairs[1]}
    known = {"account": circles[0], "circle": circles[1]}
    own, widest = own_met(layer, work.keep("tested", tested), work.keep("circles", known), count)
    few = poisson_tail(audience_mean(layer, met, count, widest, work.threads), own)
    return np.where(own >= MIN_COPIED, _given(few, enough), 1.0)


def _given(p: Floats, chosen: Floats) -> Floats:
    """The chance of what was seen, given that it was enough to be tested."""
    given = np.divide(p, chosen, out=np.ones_like(p), where=chosen > 0)
    held: Floats = np.minimum(given, 1.0)
    return held
