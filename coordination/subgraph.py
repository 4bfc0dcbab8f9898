"""CooRTweet's thresholds and subgraphs of a coordinated network, for people who move over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Marks = NDArray[np.bool_]

USUAL_QUANTILE = 0.5
"""CooRTweet's own preset of `edge_weight`."""


def subgraph(edges: pa.Table, quantile: float | None, which: int) -> pa.Table:
    """The edges of CooRTweet's `generate_coordinated_network(subgraph = which)`.

    Adds weight_threshold: 1 where the weight is above that quantile (R's type 7) of all weights,
    else 0; and weight_threshold_fast for column weight_fast, null where there is none.
    which: 0 all edges; 1 those above the threshold; 2 those above the fast network's; 3 those
    among the accounts of 2 and their neighbours.
    """
    quantile = USUAL_QUANTILE if quantile is None else quantile
    weight = edges["weight"].to_numpy().astype(np.float64)
    above = _above(weight, quantile)
    edges = edges.append_column("weight_threshold", pa.array(above.astype(np.int64)))
    if "weight_fast" not in edges.column_names:
        return edges.filter(pa.array(above)) if which == 1 else edges
    fast = edges["weight_fast"].to_numpy(zero_copy_only=False).astype(np.float64)
    quick = _above(fast, quantile)
    edges = edges.append_column(
        "weight_threshold_fast", pa.array(quick.astype(np.int64), mask=np.isnan(fast))
    )
    source, target = _ends(edges)
    if which == 1:
        return edges.filter(pa.array(above))
    if which == 2:
        return edges.filter(pa.array(quick))
    if which == 3:
        core = np.union1d(source[quick], target[quick])
        touching = np.isin(source, core) | np.isin(target, core)
        around = np.union1d(source[touching], target[touching])
        return edges.filter(pa.array(np.isin(source, around) & np.isin(target, around)))
    return edges


def _ends(edges: pa.Table) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both ends of each edge by number, one numbering for all blocks of edges."""
    both = pa.chunked_array([*edges["source"].chunks, *edges["target"].chunks])
    chunks: Any = both.unify_dictionaries().chunks
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in chunks])
    return codes[: edges.num_rows], codes[edges.num_rows :]


def _above(weight: NDArray[np.float64], quantile: float) -> Marks:
    """Above the quantile of those that are there."""
    there = weight[~np.isnan(weight)]
    if len(there) == 0:
        return np.zeros(len(weight), dtype=bool)
    above: Marks = weight > np.quantile(there, quantile)
    return above
