"""Copying told from boilerplate: whose text is it that two accounts both posted?

Share buttons, headlines, quotes and lyrics run far beyond any two accounts that posted them both;
the messages of a campaign hardly leave it. So what tells, past shared moments, is only a text of
which most posts come from the pair's own circle. Links, hashtags and reposts are passed on by any
audience with one taste, and nothing of the kind is taken from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from coordination.chance import Ints
    from coordination.layer import Layer
    from coordination.workspace import Workspace

COPYING = frozenset({"text", "near_text"})
"""Layers on which the same thing comes about by copying alone."""
OWN = 0.5
"""Share of a text's posts that come from a circle, from which on it is the circle's own; below,
it is boilerplate to that circle."""
MIN_COPIED = 3
"""Own texts on which two accounts met, from which on their copying tells by itself."""


def audience(
    work: Workspace, layers: Sequence[Layer], shown: ir.Table
) -> dict[tuple[str, str], int]:
    """How many accounts posted each text in `shown` (layer, object), on the layers of texts."""
    found: dict[tuple[str, str], int] = {}
    for layer in layers:
        if layer.name not in COPYING:
            continue
        told = work.objects.filter(work.objects.layer == layer.name)
        told = told.semi_join(shown.filter(shown.layer == layer.name), [("name", "object")])
        held = layer.held.inner_join(told.select(object="code", name="name"), "object")
        counted = held.group_by("name").agg(accounts=held.account.nunique()).to_pyarrow()
        found |= {(layer.name, row["name"]): row["accounts"] for row in counted.to_pylist()}
    return found


def own_met(layer: Layer, tested: ir.Table, circles: ir.Table, pairs: int) -> tuple[Ints, Ints]:
    """On how many texts of their own circle each tested pair met within the window.

    `tested` has edge (0 …), source, target; `circles` account and circle. The circle of a pair that
    stands in two is both together: a feed that some of a ring read draws these into a circle of its
    readers, and the ring's texts are then neither half's own. Returns these numbers and the width
    of each pair's circle, both of shape (pairs,): the posts of a text that each member wrote once
    and as many others, above which no text counts as a circle's own, and which is thus known before
    any text is looked at.
    """
    inside = layer.held.inner_join(circles, "account").group_by("object", "circle")
    inside = inside.agg(n_in=lambda t: t.n.sum())
    width = circles.group_by("circle").agg(width=(circles.count() / OWN).cast("int64"))
    ends = tested.inner_join(circles.rename(source="account", of_source="circle"), "source")
    ends = ends.inner_join(circles.rename(target="account", of_target="circle"), "target")
    ends = ends.inner_join(width.rename(of_source="circle", width_source="width"), "of_source")
    ends = ends.inner_join(width.rename(of_target="circle", width_target="width"), "of_target")
    # What is in one circle counts once.
    apart = (ends.of_source != ends.of_target).cast("int64")
    ends = ends.mutate(apart=apart, width=ends.width_source + apart * ends.width_target)
    ends = ends.select("edge", "source", "target", "of_source", "of_target", "apart", "width")
    widths = ends.select("edge", "width").to_pyarrow()
    met = layer.found(circles)
    met = met.select(
        "object",
        source=ibis.least(met.account, met.account_y),
        target=ibis.greatest(met.account, met.account_y),
    )
    met = met.inner_join(ends, ["source", "target"]).inner_join(layer.counts, "object")
    met = met.filter(met.n <= met.width)
    met = met.inner_join(
        inside.rename(of_source="circle", n_source="n_in"), ["object", "of_source"]
    )
    met = met.inner_join(
        inside.rename(of_target="circle", n_target="n_in"), ["object", "of_target"]
    )
    met = met.filter(met.n_source + met.apart * met.n_target >= OWN * met.n)
    counted = met.group_by("edge").agg(texts=met.object.nunique()).to_pyarrow()
    found: Ints = np.zeros(pairs, dtype=np.int64)
    found[counted["edge"].to_numpy()] = counted["texts"].to_numpy()
    widest: Ints = np.zeros(pairs, dtype=np.int64)
    widest[widths["edge"].to_numpy()] = widths["width"].to_numpy()
    return found, widest
