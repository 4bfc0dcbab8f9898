"""The layer `near_text`: posts whose own words are near-same, over any window.

Identical texts are one before anything is compared, so a text posted a million times costs what
one does. The object is the text at a family's centre. Families are made of all texts at once, a
rolling run's earlier ones too: a new text can join two of them, or become the centre of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from coordination.families import FAR, MAX_BUCKET, NEIGHBOURS, families

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

LAYER = "near_text"


@dataclass(frozen=True)
class NearTexts:
    """Actions, and the families of those that are texts."""

    acts: ir.Table
    """The actions given, with `text`: for a near text its own words, empty for any other."""
    note: str | None
    """What was not compared, in a sentence, or None where everything was."""


def near_texts(acts: ir.Table, on: Sequence[str]) -> NearTexts:
    """Put the text at the centre of its family in place of each object of the layer.

    `acts` has layer, object, account, post, time, where the object of a near text is its own words.
    Every text has a family, of itself alone where it is near no other. Where `on` does not ask for
    the layer, nothing is read and nothing changes.
    """
    if LAYER not in on:
        return NearTexts(acts.mutate(text=ibis.literal("")), None)
    said = acts.filter(acts.layer == LAYER).select("object", "account", "post").distinct()
    counted = said.group_by("object").agg(posts=lambda t: t.count()).to_pyarrow().sort_by("object")
    texts, weights = counted["object"].to_pylist(), counted["posts"].to_numpy()
    found = families(texts, weights)
    # Only texts that are not their own centre need a row; all else keeps its own words.
    moved = np.flatnonzero(found.centre != np.arange(len(texts)))
    lookup = ibis.memtable(
        pa.table(
            {
                "layer": pa.array([LAYER] * len(moved), pa.string()),
                "object": pa.array([texts[at] for at in moved], pa.string()),
                "centre": pa.array([texts[at] for at in found.centre[moved]], pa.string()),
            }
        )
    )
    joined = acts.left_join(lookup, ["layer", "object"])
    gathered = joined.select(
        "layer", "account", "post", "time",
        object=joined.centre.coalesce(joined.object),
        text=(joined.layer == LAYER).ifelse(joined.object, ""),
    )  # fmt: skip
    return NearTexts(gathered, _note(found.crowded))


def _note(crowded: int) -> str | None:
    if crowded == 0:
        return None
    return (
        f"{crowded} texts resemble more than {MAX_BUCKET} others at once (templates, share "
        f"buttons); there each was compared with its next {NEIGHBOURS} in alphabetical order "
        f"only, so their families may be split. Families keep {FAR:.0%} likeness to their centre."
    )
