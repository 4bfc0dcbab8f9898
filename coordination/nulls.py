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

import ibis
import numpy as np

from coordination.audience import audience_mean
from coordination.chance import poisson_tail
from coordination.copying import COPYING, MIN_COPIED, own_met
from coordination.timing import timing

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

    from coordination.chance import Floats, Ints
    from coordination.layer import Layer
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
    order = ibis.row_number().over(order_by=[some.source, some.target])
    tested = work.store("tested", some.select("source", "target", "occasions", edge=order))
    table = tested.order_by("edge").to_pyarrow()
    source, target, occasions = (
        table[name].to_numpy().astype(np.int64) for name in ("source", "target", "occasions")
    )
    if len(source) == 0:
        none = np.empty(0)
        return Tests(source, target, occasions, occasions, none, none, none, none)
    moments = timing(work, layer, tested, seed)
    expected = audience_mean(layer, tested, len(source))
    p_own, given_own = _p(moments.own.tail, occasions)
    p_pace, given_pace = _p(moments.pace.tail, occasions)
    p_audience, given_audience = _p(lambda seen: poisson_tail(expected, seen), occasions)
    p = np.maximum(given_audience, np.minimum(1.0, 2 * np.minimum(given_own, given_pace)))
    if layer.name in COPYING:
        copied = _p_copied(layer, tested, moments.circles, expected)
        p = np.minimum(1.0, 2 * np.minimum(p, copied))
    return Tests(
        source=source,
        target=target,
        occasions=occasions,
        circle=moments.circle,
        p_timing=np.minimum(1.0, 2 * np.minimum(p_own, p_pace)),
        p_audience=p_audience,
        p=p,
        expected_audience=expected,
    )


def _p_copied(layer: Layer, tested: ir.Table, circles: ir.Table, expected: Floats) -> Floats:
    """The p of meeting on so many texts of the circle's own, given that the pair is tested.

    Meetings on texts no wider than the circle's own could be are fewer than all meetings, so
    P(own) / P(tested at all) is the chance given the choice.
    """
    own, widest = own_met(layer, tested, circles, len(expected))
    few = poisson_tail(audience_mean(layer, tested, len(expected), widest), own)
    chosen = poisson_tail(expected, np.full_like(own, MIN_OCCASIONS))
    given = np.divide(few, chosen, out=np.ones_like(few), where=chosen > 0)
    return np.where(own >= MIN_COPIED, np.minimum(given, 1.0), 1.0)


def _p(tail: Callable[[Ints], Floats], seen: Ints) -> tuple[Floats, Floats]:
    """The p of what was seen, and the same given that it was enough to be tested."""
    p, chosen = tail(seen), tail(np.full_like(seen, MIN_OCCASIONS))
    given = np.divide(p, chosen, out=np.ones_like(p), where=chosen > 0)
    return p, np.minimum(given, 1.0)
