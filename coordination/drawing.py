"""Small drawings as SVG text: the network of clusters, a cluster's time line, a swarm's.

They take their colours from the page (CSS variables c0 … c7), so that they hold in dark and light.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from coordination.result import Cluster
    from coordination.swarms import Swarm

WIDTH, GAP, LABEL = 860.0, 14.0, 16.0
OPEN_UP_TO = 300
"""Accounts up to which each is a dot of its own; above, each cluster is one disc by its size."""
COLOURS = 8
BARS = 60
HEIGHT = 74

Place = tuple[float, float]


def network(clusters: Sequence[Cluster], seed: int) -> Markup:
    """The accounts joined beyond chance, cluster by cluster; empty where there are none.

    Up to OPEN_UP_TO accounts each is a dot with its links; above, a cluster is a disc that leads to
    its section. Clusters lie in rows, largest first.
    """
    if not clusters:
        return Markup("")
    accounts = sum(len(cluster.accounts) for cluster in clusters)
    opened = accounts <= OPEN_UP_TO
    # Discs by area; all of them together fill about a third of the width's square.
    unit = min(9.0, sqrt(WIDTH * 260 / 3.5 / accounts)) if not opened else 11.0
    least = 15.0 if not opened else 42.0 if len(clusters) <= 24 else 22.0
    radii = [max(unit * sqrt(len(cluster.accounts)), least) for cluster in clusters]
    places, height = _rows(radii)
    parts = [
        _opened(cluster, place, radius, seed) if opened else _disc(cluster, place, radius)
        for cluster, place, radius in zip(clusters, places, radii, strict=True)
    ]
    words = f"{accounts} accounts in {len(clusters)} clusters, joined beyond chance"
    return Markup('<svg viewBox="0 0 {:.0f} {:.0f}" role="group" aria-label="{}">{}</svg>').format(
        WIDTH, height, words, Markup("").join(parts)
    )


def _rows(radii: Sequence[float]) -> tuple[list[Place], float]:
    """Centres of discs set in rows from left to right, and the height that they take."""
    places: list[Place] = []
    left, top, tallest = GAP, GAP, 0.0
    for radius in radii:
        if left > GAP and left + 2 * radius + GAP > WIDTH:
            left, top, tallest = GAP, top + tallest + LABEL + GAP, 0.0
        places.append((left + radius, top + radius))
        left += 2 * radius + GAP
        tallest = max(tallest, 2 * radius)
    return places, top + tallest + LABEL + GAP


def _named(cluster: Cluster, place: Place, radius: float, drawn: Markup) -> Markup:
    number, size = cluster.number + 1, len(cluster.accounts)
    return Markup(
        '<a href="#cluster-{}" aria-label="Cluster {}: {} accounts" class="c{}">{}'
        '<text x="{:.0f}" y="{:.0f}" text-anchor="middle">{}</text></a>'
    ).format(
        number, number, size, cluster.number % COLOURS, drawn, place[0], place[1] + radius + 13,
        number,
    )  # fmt: skip


def _disc(cluster: Cluster, place: Place, radius: float) -> Markup:
    size = len(cluster.accounts)
    drawn = Markup(
        '<circle cx="{:.0f}" cy="{:.0f}" r="{:.1f}">'
        "<title>Cluster {}: {} accounts, {} links</title>"
        '</circle><text class="in" x="{:.0f}" y="{:.0f}" text-anchor="middle">{}</text>'
    ).format(*place, radius, cluster.number + 1, size, cluster.edges, place[0], place[1] + 4, size)
    return _named(cluster, place, radius, drawn)


def _opened(cluster: Cluster, place: Place, radius: float, seed: int) -> Markup:
    at = {name: number for number, name in enumerate(cluster.accounts)}
    both = ((at[pair.account_id], at[pair.other_account_id]) for pair in cluster.pairs)
    ends = sorted({(min(a, b), max(a, b)) for a, b in both})
    dots = _layout(len(at), ends, place, radius - 5, seed)
    lines = Markup("").join(
        Markup('<line x1="{:.0f}" y1="{:.0f}" x2="{:.0f}" y2="{:.0f}"/>').format(*dots[a], *dots[b])
        for a, b in ends
    )
    circles = Markup("").join(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>').format(
            *dots[number], 6 if name in cluster.leaders else 4, name
        )
        for name, number in at.items()
    )
    return _named(cluster, place, radius, lines + circles)


def _layout(
    dots: int, ends: Sequence[tuple[int, int]], place: Place, radius: float, seed: int
) -> list[Place]:
    import igraph

    graph = igraph.Graph(n=dots, edges=ends)
    # From given places the layout draws nothing at random: a fixed seed gives the same picture.
    start = np.random.default_rng(abs(seed)).uniform(-1, 1, (dots, 2)) * sqrt(dots)
    found = np.array(graph.layout_fruchterman_reingold(seed=start.tolist()).coords)
    found -= found.mean(axis=0)
    reach = max(float(np.hypot(found[:, 0], found[:, 1]).max()), 1e-9)
    return [
        (place[0] + x / reach * radius, place[1] + y / reach * radius) for x, y in found.tolist()
    ]


def time_line(cluster: Cluster) -> Markup:
    """Pairs over time, in at most BARS bars from the first to the last post."""
    times = [pair.at for pair in cluster.pairs]
    words = f"{len(times)} pairs of posts over time"
    return _bars(times, cluster.started, cluster.ended, words, cluster.number % COLOURS)


def swarm_line(swarm: Swarm) -> Markup:
    """When each participant first acted, from the call on."""
    times = [one.first for one in swarm.participants]
    words = f"{len(times)} participants by the time of their first act, from the call on"
    return _bars(times, swarm.call.at, swarm.ended, words, 0)


def _bars(
    times: Iterable[datetime], start: datetime, end: datetime, words: str, colour: int
) -> Markup:
    span = max(end - start, timedelta(seconds=1))
    counts = Counter(min(int((at - start) / span * BARS), BARS - 1) for at in times)
    most = max(counts.values())
    step = WIDTH / BARS
    rects = Markup("").join(
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            bar * step, 56 - 42 * count / most, step - 1, 42 * count / most
        )
        for bar, count in sorted(counts.items())
    )
    return Markup(
        '<svg class="line" viewBox="0 0 {:.0f} {}" role="img" aria-label="{}, at most {} in a bar">'
        '<g class="c{}">{}</g><line x1="0" y1="56.5" x2="{:.0f}" y2="56.5"/>'
        '<text x="0" y="10">at most {} in a bar of {}</text>'
        '<text x="0" y="70">{:%Y-%m-%d %H:%M:%S}</text>'
        '<text x="{:.0f}" y="70" text-anchor="end">{:%Y-%m-%d %H:%M:%S} UTC</text></svg>'
    ).format(
        WIDTH, HEIGHT, words, most, colour, rects, WIDTH, most, _length(span / BARS), start, WIDTH,
        end,
    )  # fmt: skip


def _length(span: timedelta) -> str:
    seconds = span.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s"
