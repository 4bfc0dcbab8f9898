"""What the peers count, by their own rules, for people who move over from them.

CooRTweet 2.1.3 and coordination-network-toolkit 1.5.2, reimplemented from their published
behaviour on the same join as Concert's own. Their rules are kept with their defects (rows are
counted, not posts; a pair survives if one side took part enough); Concert's own method is
`coordination.detect`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from coordination.pairs import pairs

if TYPE_CHECKING:
    import ibis.expr.types as ir


def coortweet_groups(
    shares: ir.Table, *, window: int, min_participation: int = 2, loops: bool = False
) -> ir.Table:
    """CooRTweet's `detect_groups`.

    `shares` has columns row (order of the input), object, account, post and time. Returns object,
    account, post (the older), account_y, post_y (the newer) and delta, in the unit of time.
    """
    active = shares.group_by("account").agg(rows=shares.count(), appears=shares.row.min())
    active = active.filter(active.rows >= min_participation)
    kept = shares.inner_join(active, "account")
    # Equal times stand in the order in which R first met the accounts.
    order = ibis.row_number().over(order_by=[kept.appears, kept.row])
    rows = kept.select("object", "account", "post", "time", row=order)
    found = pairs(rows, window)
    if not loops:
        found = found.filter(
            found.post != found.post_y,
            found.account != found.account_y,
            found.post != found.object,
            found.post_y != found.object,
        )
    found = found.cache()
    seen = found.select("post").union(found.select(post=found.post_y)).distinct()
    taking_part = rows.semi_join(seen, "post")
    keepers = taking_part.group_by("account").agg(rows=taking_part.count())
    keepers = keepers.filter(keepers.rows >= min_participation)
    either = found.account.isin(keepers.account) | found.account_y.isin(keepers.account)
    return found.filter(either).select("object", "account", "post", "account_y", "post_y", "delta")


def coortweet_edges(groups: ir.Table) -> ir.Table:
    """CooRTweet's `generate_coordinated_network`: source, target, weight (pairs), avg_delta."""
    sided = groups.select(
        source=ibis.least(groups.account, groups.account_y),
        target=ibis.greatest(groups.account, groups.account_y),
        delta=groups.delta,
    )
    return sided.group_by("source", "target").agg(
        weight=sided.count(), avg_delta=sided.delta.mean()
    )


def cnt_edges(shares: ir.Table, *, window: int, min_weight: int = 2) -> ir.Table:
    """coordination-network-toolkit's networks: source, target, weight, directed.

    weight(A, B) is how many posts of A have at least one post of B on the same object within the
    window, either side. `shares` is as in `coortweet_groups`.
    """
    found = pairs(shares.select("row", "object", "account", "post", "time"), window)
    found = found.filter(found.account != found.account_y)
    both = found.select(source=found.account, target=found.account_y, post=found.post).union(
        found.select(source=found.account_y, target=found.account, post=found.post_y)
    )
    result = both.group_by("source", "target").agg(weight=both.post.nunique())
    return result.filter(result.weight >= min_weight)
