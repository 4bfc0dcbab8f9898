"""The tests of all layers together, corrected circle by circle.

Pooled over all pairs, a strong campaign lends rank to whoever stands beside it: pairs that chance
explained before it came are then named with it. So each circle of accounts answers for its own
pairs; what another circle did changes nothing but the number of tests.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from coordination.chance import benjamini_hochberg_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coordination.chance import Floats, Ints
    from coordination.nulls import Tests


@dataclass(frozen=True)
class Tested:
    """One row for each tested (layer, pair of accounts); arrays run parallel."""

    layer: Ints
    """Place of the layer in the run's layers."""
    source: Ints
    target: Ints
    occasions: Ints
    expected: Floats
    p_timing: Floats
    p_audience: Floats
    p: Floats
    q: Floats
    """Benjamini-Hochberg within the pair's circle, over as many tests as all layers have."""

    def __len__(self) -> int:
        return len(self.q)

    def where(self, chosen: NDArray[np.bool_]) -> Tested:
        """The rows where `chosen` holds."""
        return Tested(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def columns(self) -> dict[str, NDArray[Any]]:
        """As columns under these names."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def together(tests: Sequence[Tests]) -> Tested:
    """All layers' tests under one correction."""

    def joined(name: str) -> Floats:
        return np.concatenate([getattr(one, name) for one in tests])

    p = joined("p")
    layer = np.repeat(np.arange(len(tests)), [len(one.p) for one in tests])
    circle = joined("circle").astype(np.int64)
    # Circles of different layers are different ones.
    circle += layer * (int(circle.max(initial=0)) - int(circle.min(initial=0)) + 1)
    return Tested(
        layer=layer,
        source=joined("source").astype(np.int64),
        target=joined("target").astype(np.int64),
        occasions=joined("occasions").astype(np.int64),
        expected=joined("expected_audience"),
        p_timing=joined("p_timing"),
        p_audience=joined("p_audience"),
        p=p,
        q=benjamini_hochberg_within(p, circle, len(p)),
    )
