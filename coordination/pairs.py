"""Pairs of actions on one object within a window, and the edges that they add up to.

The join is an equi-join on (object, time bucket), so it grows with the pairs there are and not
with the square of an object's sharers; DuckDB spills it to disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir


def pairs(rows: ir.Table, window: int) -> ir.Table:
    """All unordered pairs of rows of one object at most `window` apart, bounds included.

    `rows` has columns row (a unique number that orders equal times), object, account, post and
    time; `window` and time are in the same unit. Returns object, then row, account, post and time
    of the earlier one, the same with `_y` of the later one, and delta. Pairs of an account with
    itself and of a post with itself are in it: the caller says whether it wants them.
    """
    width = max(window, 1)
    earlier = rows.mutate(bucket=rows.time // width)
    later = rows.select(
        object=rows.object,
        **{f"{name}_y": rows[name] for name in ("row", "account", "post", "time")},
    )
    # The later row lies in the earlier one's bucket or in the next; both are looked up by equality.
    later = later.mutate(bucket=later.time_y // width).union(
        later.mutate(bucket=later.time_y // width - 1)
    )
    joined = earlier.inner_join(later, ["object", "bucket"])
    in_order = (joined.time < joined.time_y) | (
        (joined.time == joined.time_y) & (joined.row < joined.row_y)
    )
    joined = joined.filter(in_order, joined.time_y - joined.time <= window)
    return joined.select(
        "object", "row", "account", "post", "time", "row_y", "account_y", "post_y", "time_y",
        delta=joined.time_y - joined.time,
    )  # fmt: skip


def between_accounts(found: ir.Table) -> ir.Table:
    """Without pairs of an account with itself and of a post with itself: neither is concert."""
    return found.filter(found.account != found.account_y, found.post != found.post_y)


def pair_counts(rows: ir.Table, window: int) -> ir.Table:
    """How many pairs `pairs` would give for each object, found by a sweep, without joining.

    Returns object, n (rows of the object) and k (pairs within the window, own pairs included).
    """
    ahead = ibis.range_window(group_by="object", order_by="time", preceding=0, following=window)
    # The frame holds the row itself and all rows of equal time, which would count twice.
    level = ibis.window(group_by=["object", "time"], order_by="row")
    counted = rows.mutate(
        after=rows.row.count().over(ahead) - 1, earlier_peers=ibis.row_number().over(level)
    )
    return counted.group_by("object").agg(
        n=counted.count(), k=(counted.after - counted.earlier_peers).sum().cast("int64")
    )


def edges(found: ir.Table) -> ir.Table:
    """Undirected edges between accounts, source before target in order of their names.

    weight: pairs; objects: distinct objects; posts_source, posts_target: distinct posts of each
    side; occasions: the least of these three, so that one post with five hashtags, or one post
    met by fifty, is one occasion; avg_delta: mean difference in the unit of time; leads: share of
    pairs in which source came first less the share in which target did (-1 to 1, ties count for
    neither); first, last: times of the earliest and the latest post.
    """
    swap = found.account > found.account_y
    sided = found.mutate(
        source=swap.ifelse(found.account_y, found.account),
        target=swap.ifelse(found.account, found.account_y),
        post_source=swap.ifelse(found.post_y, found.post),
        post_target=swap.ifelse(found.post, found.post_y),
        sign=(found.delta == 0).ifelse(0, swap.ifelse(-1, 1)),
    )
    result = sided.group_by("source", "target").agg(
        weight=sided.count(),
        objects=sided.object.nunique(),
        posts_source=sided.post_source.nunique(),
        posts_target=sided.post_target.nunique(),
        avg_delta=sided.delta.mean(),
        leads=sided.sign.mean(),
        first=sided.time.min(),
        last=sided.time_y.max(),
    )
    return result.mutate(
        occasions=ibis.least(result.objects, result.posts_source, result.posts_target)
    )
