"""The layer `near_text`: posts whose own words are near-same, over any window.

Identical texts are one before anything is compared, so a text posted a million times costs what
one does. The object is the text at a family's centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from coordination.families import FAR, MAX_BUCKET, NEIGHBOURS, families

if TYPE_CHECKING:
    import ibis.expr.types as ir

LAYER = "near_text"


@dataclass(frozen=True)
class NearTexts:
    """The families of a source's texts."""

    rows: ir.Table
    """The posts given, with `family`: the text at the centre of the family."""
    note: str | None
    """What was not compared, in a sentence, or None where everything was."""


def near_texts(posts: ir.Table) -> NearTexts:
    """Families among posts, which have `plain`: the normalised own text, empty where none is.

    Every text has a family, of itself alone where it is near no other.
    """
    counted = posts.filter(posts.plain != "").group_by("plain").agg(posts=lambda t: t.count())
    table = counted.to_pyarrow().sort_by("plain")
    texts, weights = table["plain"].to_pylist(), table["posts"].to_numpy()
    found = families(texts, weights)
    # Only texts that are not their own centre need a row; all else keeps its own words.
    moved = np.flatnonzero(found.centre != np.arange(len(texts)))
    lookup = ibis.memtable(
        pa.table(
            {
                "plain": pa.array([texts[at] for at in moved], pa.string()),
                "centre": pa.array([texts[at] for at in found.centre[moved]], pa.string()),
            }
        )
    )
    joined = posts.left_join(lookup, "plain").drop("plain_right")
    rows = joined.mutate(family=joined.centre.coalesce(joined.plain)).drop("centre")
    return NearTexts(rows, _note(found.crowded))


def _note(crowded: int) -> str | None:
    if crowded == 0:
        return None
    return (
        f"{crowded} texts resemble more than {MAX_BUCKET} others at once (templates, share "
        f"buttons); there each was compared with its next {NEIGHBOURS} in alphabetical order "
        f"only, so their families may be split. Families keep {FAR:.0%} likeness to their centre."
    )
