"""Null 2, audience: who shared what is dealt anew, degrees and moments kept.

Each account keeps how often and when it acted, each object how often it was shared in each stratum
of time (a day, or four windows); who shared what is shuffled within the stratum: a bipartite
configuration. The number of objects on which two accounts meet is then Poisson, to a total
variation of at most the sum of the squared chances (Le Cam 1960).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from coordination.chance import Floats, Ints
    from coordination.layer import Layer

DAY = 86_400_000_000
"""Microseconds."""
PARTS = 2
"""Bins to a window. Meetings are counted by bins that reach past the window by less than one bin
at either end, so chance is never put too low (1.25 times the true mean with two bins)."""


def audience_mean(layer: Layer, tested: ir.Table, edges: int, widest: Ints | None = None) -> Floats:
    """Objects on which each tested pair would meet if objects were dealt anew in each stratum.

    `widest` gives for each pair the most actions that an object may have to count; all objects are
    dealt, and meetings on wider ones are left out.
    """
    rows, width = layer.rows, max(layer.window // PARTS, 1)
    stratum_width = max(DAY, 4 * layer.window)
    ends = tested.select(account="source").union(tested.select(account="target")).distinct()
    bins = rows.semi_join(ends, "account").mutate(bin=lambda t: t.time // width)
    bins = bins.group_by("account", "bin").agg(n=bins.count(), at=bins.time.min())
    a = bins.rename(source="account", na="n")
    b = bins.select(target="account", nb="n", bin="bin")
    steps = range(-PARTS, PARTS + 1)
    near = ibis.union(*(b.mutate(bin=b.bin + step) for step in steps))
    met = tested.inner_join(a, "source").inner_join(near, ["target", "bin"])
    met = met.mutate(stratum=met["at"] // stratum_width)
    met = met.group_by("edge", "stratum").agg(meetings=(met.na * met.nb).sum()).to_pyarrow()
    dealt = rows.mutate(stratum=rows.time // stratum_width)
    dealt = dealt.group_by("stratum", "object").agg(k=dealt.count())
    by = ["stratum", "k"]
    if widest is not None:
        dealt = dealt.inner_join(layer.counts.select("object", "n"), "object")
        by.append("n")
    dealt = dealt.group_by(by).agg(objects=dealt.count()).to_pyarrow()
    return _expected(_ints(met), _ints(dealt), edges, widest)


def _ints(table: pa.Table) -> dict[str, Ints]:
    return {name: table[name].to_numpy().astype(np.int64) for name in table.column_names}


def _expected(
    met: dict[str, Ints], strata: dict[str, Ints], edges: int, widest: Ints | None
) -> Floats:
    edge, at, meetings = met["edge"], met["stratum"], met["meetings"]
    k, objects = strata["k"], strata["objects"]
    # One width for all stands for none.
    width = np.zeros(len(edge), dtype=np.int64) if widest is None else widest[edge]
    n = np.zeros(len(k), dtype=np.int64) if widest is None else strata["n"]
    mean = np.zeros(edges)
    order: Ints = np.lexsort((width, at))
    new = (np.diff(at[order], prepend=-1) != 0) | (np.diff(width[order], prepend=-1) != 0)
    for some in np.split(order, np.flatnonzero(new)[1:]):
        if len(some) == 0:
            continue
        here = strata["stratum"] == at[some][0]
        dealt = (k[here] * objects[here]).sum()
        here &= n <= width[some][0]
        same = np.minimum(1.0, k[here] * (k[here] - 1) / max(dealt * (dealt - 1), 1))
        # Many pairs have the same number of meetings; each is worked out once.
        values, back = np.unique(meetings[some], return_inverse=True)
        with np.errstate(divide="ignore"):
            missed = np.exp(values[:, None] * np.log1p(-same)[None, :])
        objects_met = ((1 - missed) * objects[here]).sum(axis=1)
        np.add.at(mean, edge[some], objects_met[back])
    return mean
