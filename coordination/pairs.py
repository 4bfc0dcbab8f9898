"""Pairs of actions on one object within a window, where they are wanted row by row.

The join is an equi-join on (object, time bucket), so it grows with the pairs there are and not
with the square of an object's sharers; DuckDB spills it to disk. What only counts is swept: see
`layer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def pairs(rows: ir.Table, window: int) -> ir.Table:
    """All unordered pairs of rows of one object at most `window` apart, bounds included.

    `rows` has columns object, account, post and time, no two rows the same but for the time;
    `window` and time are in the same unit. Returns object, then account, post and time of the
    earlier one, the same with `_y` of the later one, and delta; equal times go by post and account.
    Pairs of an account with itself and of a post with itself are in it: the caller says whether it
    wants them.
    """
    width = max(window, 1)
    earlier = rows.mutate(bucket=rows.time // width)
    later = rows.select(
        object=rows.object, **{f"{name}_y": rows[name] for name in ("account", "post", "time")}
    )
    # The later row lies in the earlier one's bucket or in the next; both are looked up by equality.
    later = later.mutate(bucket=later.time_y // width).union(
        later.mutate(bucket=later.time_y // width - 1)
    )
    joined = earlier.inner_join(later, ["object", "bucket"])
    same_post = (joined.post == joined.post_y) & (joined.account < joined.account_y)
    at_once = (joined.time == joined.time_y) & ((joined.post < joined.post_y) | same_post)
    joined = joined.filter(
        (joined.time < joined.time_y) | at_once, joined.time_y - joined.time <= window
    )
    return joined.select(
        "object", "account", "post", "time", "account_y", "post_y", "time_y",
        delta=joined.time_y - joined.time,
    )  # fmt: skip


def between_accounts(found: ir.Table) -> ir.Table:
    """Without pairs of an account with itself and of a post with itself: neither is concert."""
    return found.filter(found.account != found.account_y, found.post != found.post_y)
