"""Small drawings as SVG text: the network of clusters, and a cluster's time line."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coordination.result import Cluster

WIDTH, HEIGHT, MARGIN = 860, 420, 30
OPEN_UP_TO = 300
"""Accounts up to which each is a dot of its own; above, each cluster is one dot by its size."""
COLOURS = ("#3566a8", "#c1552b", "#3b8554", "#8a4f9e", "#a88420", "#3a8f96", "#b2446e", "#6b6b6b")
BARS = 60


def network(clusters: Sequence[Cluster], seed: int) -> Markup:
    """The accounts joined beyond chance; empty where there are none."""
    if not clusters:
        return Markup("")
    accounts = [(name, cluster) for cluster in clusters for name in cluster.accounts]
    if len(accounts) > OPEN_UP_TO:
        dots = [(f"{len(c.accounts)} accounts", c, 4 + len(c.accounts) ** 0.5) for c in clusters]
        ends: list[tuple[int, int]] = []
    else:
        dots = [(name, cluster, 5.0) for name, cluster in accounts]
        at = {name: place for place, (name, _) in enumerate(accounts)}
        ends = sorted(
            {
                tuple(sorted((at[pair.account_id], at[pair.other_account_id])))  # type: ignore[misc]
                for cluster in clusters
                for pair in cluster.pairs
            }
        )
    places = _layout(len(dots), ends, seed)
    lines = "".join(
        f'<line x1="{places[a][0]:.0f}" y1="{places[a][1]:.0f}" '
        f'x2="{places[b][0]:.0f}" y2="{places[b][1]:.0f}"/>'
        for a, b in ends
    )
    circles = Markup("").join(
        Markup(
            '<circle cx="{:.0f}" cy="{:.0f}" r="{:.1f}" fill="{}"><title>{}</title></circle>'
        ).format(x, y, radius, COLOURS[cluster.number % len(COLOURS)], name)
        for (x, y), (name, cluster, radius) in zip(places, dots, strict=True)
    )
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="Accounts joined beyond chance">'
        '<g stroke="#bbb" stroke-width="0.7">{}</g>{}</svg>'
    ).format(WIDTH, HEIGHT, Markup(lines), circles)  # noqa: S704


def _layout(dots: int, ends: list[tuple[int, int]], seed: int) -> list[tuple[float, float]]:
    import igraph

    graph = igraph.Graph(n=dots, edges=ends)
    # From given places the layout draws nothing at random: a fixed seed gives the same picture.
    start = np.random.default_rng(abs(seed)).uniform(-1, 1, (dots, 2)) * dots**0.5
    layout = graph.layout_fruchterman_reingold(seed=start.tolist())
    layout.fit_into((MARGIN, MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN), keep_aspect_ratio=False)
    return [(x, y) for x, y in layout.coords]


def time_line(cluster: Cluster) -> Markup:
    """Pairs over time, in at most BARS bars from the first to the last post."""
    span = max(cluster.ended - cluster.started, timedelta(seconds=1))
    bars = Counter(
        min(int((pair.at - cluster.started) / span * BARS), BARS - 1) for pair in cluster.pairs
    )
    most = max(bars.values())
    step = WIDTH / BARS
    rects = Markup("").join(
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            bar * step, 50 - 48 * count / most, step - 1, 48 * count / most
        )
        for bar, count in sorted(bars.items())
    )
    return Markup(
        '<svg viewBox="0 0 {} 66" role="img" aria-label="Pairs of posts over time">'
        '<g fill="{}">{}</g><text x="0" y="64">{:%Y-%m-%d %H:%M}</text>'
        '<text x="{}" y="64" text-anchor="end">{:%Y-%m-%d %H:%M} UTC</text></svg>'
    ).format(
        WIDTH, COLOURS[cluster.number % len(COLOURS)], rects, cluster.started, WIDTH, cluster.ended
    )
