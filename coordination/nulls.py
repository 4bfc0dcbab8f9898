"""What chance alone would do: the two nulls, applied to the pairs of accounts of one layer.

The two are `timing` (with its closed-circle form, pace) and `audience`.

A pair counts by *occasions*, never more than its distinct posts on either side. Its p is
max(audience, 2 · min(timing, pace)): it must be more than a shared audience AND more than shared
moments. Tested are all pairs of accounts that share at least two objects at all; their number is
bounded from above without joining, so q is never too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np

from coordination.audience import audience_mean
from coordination.chance import poisson_tail
from coordination.timing import timing

if TYPE_CHECKING:
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
    p_timing: Floats
    p_pace: Floats
    p_audience: Floats
    expected_audience: Floats
    """Objects on which the pair would meet by the audience null."""
    tests: float
    """Pairs that were looked at: those here and all that met less often."""

    @property
    def p(self) -> Floats:
        """The p-value of each pair, over both nulls."""
        moments = np.minimum(1.0, 2 * np.minimum(self.p_timing, self.p_pace))
        p: Floats = np.maximum(self.p_audience, moments)
        return p


def run_tests(work: Workspace, layer: Layer, seed: int) -> Tests:
    """Test the pairs of accounts of one layer that met on at least MIN_OCCASIONS occasions."""
    some = layer.edges.filter(layer.edges.occasions >= MIN_OCCASIONS)
    order = ibis.row_number().over(order_by=[some.source, some.target])
    tested = work.store("tested", some.select("source", "target", "occasions", edge=order))
    table = tested.order_by("edge").to_pyarrow()
    source, target, occasions = (
        table[name].to_numpy().astype(np.int64) for name in ("source", "target", "occasions")
    )
    tests = _tests(layer.held, len(source))
    if len(source) == 0:
        none = np.empty(0)
        return Tests(source, target, occasions, none, none, none, none, tests)
    p_timing, p_pace = timing(work, layer, tested, seed)
    expected = audience_mean(layer, tested, len(source))
    p_audience = poisson_tail(expected, occasions)
    return Tests(source, target, occasions, p_timing, p_pace, p_audience, expected, tests)


def _tests(held: ir.Table, tested: int) -> float:
    """An upper bound of the pairs of accounts that share at least two objects."""
    busy = held.group_by("account").agg(objects=held.count())
    busy = busy.filter(busy.objects >= MIN_OCCASIONS)
    accounts = int(busy.count().to_pyarrow().as_py())
    sharers = held.semi_join(busy, "account").group_by("object").agg(k=lambda t: t.count())
    k = sharers.k.cast("float64")
    by_objects = (k * (k - 1) / 2).sum().to_pyarrow().as_py() or 0.0
    bound = min(accounts * (accounts - 1) / 2, by_objects / MIN_OCCASIONS)
    return max(bound, float(tested))
