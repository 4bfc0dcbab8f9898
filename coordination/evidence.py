"""The posts behind edges, with their names, times and clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import ibis

from coordination.engine import arrow, moment
from coordination.findings import PostPair

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from coordination.source import Source
    from coordination.workspace import Workspace


class Met(Protocol):
    """What evidence needs of a layer."""

    @property
    def name(self) -> str: ...

    def found(self, among: ir.Table | None = None) -> ir.Table: ...


def evidence(work: Workspace, layers: Sequence[Met], wanted: ir.Table | None) -> ir.Table:
    """The pairs of posts of the edges in `wanted`, or all.

    `wanted` has layer (its place in `layers`), source and target (account numbers).

    Returns layer, object, account_id, post_id, at (the earlier), other_account_id, other_post_id,
    other_at, delta_s; in order of time.
    """
    parts, ends = [], None
    if wanted is not None:
        ends = wanted.select(account="source").union(wanted.select(account="target")).distinct()
    for at, layer in enumerate(layers):
        found = layer.found(ends)
        found = found.mutate(layer=ibis.literal(layer.name))
        if wanted is not None:
            here = wanted.filter(wanted.layer == at)
            found = found.mutate(
                source=ibis.least(found.account, found.account_y),
                target=ibis.greatest(found.account, found.account_y),
            ).semi_join(here, ["source", "target"])
        parts.append(found)
    chosen = work.store("met", ibis.union(*parts) if len(parts) > 1 else parts[0])
    objects = work.names("object", chosen.select(code="object"))
    posts = work.names("post", chosen.select(code="post").union(chosen.select(code="post_y")))
    for column, names, name in (
        ("object", objects, "object_name"),
        ("account", work.accounts, "account_id"),
        ("account_y", work.accounts, "other_account_id"),
        ("post", posts, "post_id"),
        ("post_y", posts, "other_post_id"),
    ):
        lookup = names.select(**{column: names.code, name: names.name})
        chosen = chosen.inner_join(lookup, column)
    # Of two posts at once the one with the lesser name comes first.
    swap = (chosen.delta == 0) & (chosen.post_id > chosen.other_post_id)
    for name in ("account_id", "post_id"):
        this, other = chosen[name], chosen[f"other_{name}"]
        chosen = chosen.mutate(
            **{name: swap.ifelse(other, this), f"other_{name}": swap.ifelse(this, other)}
        )
    return chosen.select(
        "layer",
        "account_id",
        "post_id",
        "other_account_id",
        "other_post_id",
        object=chosen.object_name,
        at=moment(chosen.time),
        other_at=moment(chosen.time_y),
        delta_s=chosen.delta / 1e6,
    ).order_by("at", "other_at", "layer", "object", "post_id", "other_post_id")


def read_pairs(table: ir.Table) -> list[PostPair]:
    """Evidence rows as values."""
    return [
        PostPair(
            layer=row["layer"],
            object=row["object"],
            post_id=row["post_id"],
            account_id=row["account_id"],
            at=row["at"],
            other_post_id=row["other_post_id"],
            other_account_id=row["other_account_id"],
            other_at=row["other_at"],
        )
        for row in arrow(table.get_backend(), table).to_pylist()
    ]


def told(source: Source, column: str, shown: ir.Table) -> dict[str, str]:
    """A column of the source's posts (text, client), by post id, for the posts in `shown`."""
    if source.posts is None or column not in source.posts.columns:
        return {}
    ids = shown.select("post_id").union(shown.select(post_id=shown.other_post_id)).distinct()
    posts = source.posts.select("post_id", told=source.posts[column].cast("string"))
    posts = posts.filter(posts.told.notnull(), posts.told != "").semi_join(ids, "post_id")
    return {row["post_id"]: row["told"] for row in arrow(posts.get_backend(), posts).to_pylist()}
