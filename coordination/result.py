"""What a run gives back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from coordination.findings import CoordinationFinding, PostPair
from coordination.level import Level


@dataclass(frozen=True)
class Link:
    """Two accounts of a cluster that are joined beyond chance; over layers the least p of either
    null and the largest q."""

    ends: tuple[str, str]
    p_timing: float
    p_audience: float
    q: float
    timed: bool
    """Whether it shows by its times, and not by copying alone."""


@dataclass(frozen=True)
class Cluster:
    """Accounts joined by pairs beyond chance, with what `clusters.parquet` tells of them."""

    number: int
    accounts: tuple[str, ...]
    layers: tuple[str, ...]
    links: tuple[Link, ...]
    """Its pairs of accounts beyond chance, each once, whatever the layers."""
    pairs: tuple[PostPair, ...]
    p_timing_cluster: float | None
    """Sampled: chance of as many pairs among these accounts when times are shuffled."""
    p_error: float | None
    p_audience_cluster: float
    stability: float
    window_s: float
    leaders: tuple[str, ...]

    @property
    def ties(self) -> tuple[tuple[str, str], ...]:
        return tuple(link.ends for link in self.links)

    @property
    def timed(self) -> tuple[tuple[str, str], ...]:
        """Those of its ties that show by their times."""
        return tuple(link.ends for link in self.links if link.timed)

    @property
    def edges(self) -> int:
        return len(self.links)

    @property
    def q(self) -> float:
        """The largest among its links."""
        return max(link.q for link in self.links)

    def between(self, members: Collection[str]) -> tuple[Link, ...]:
        """The links between some of its accounts."""
        some = frozenset(members)
        return tuple(link for link in self.links if some.issuperset(link.ends))

    @property
    def started(self) -> datetime:
        return min(pair.at for pair in self.pairs)

    @property
    def ended(self) -> datetime:
        return max(pair.other_at for pair in self.pairs)

    def top_objects(self, most: int) -> list[tuple[tuple[str, str], int]]:
        """The objects of most pairs: ((layer, object), pairs)."""
        counts = Counter((pair.layer, pair.object) for pair in self.pairs)
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]

    def days(self) -> Counter[date]:
        """Pairs on each day (UTC): the time course."""
        return Counter(pair.at.date() for pair in self.pairs)


@dataclass(frozen=True)
class DetectReport:
    """What a run found, and where it wrote it."""

    findings: tuple[CoordinationFinding, ...]
    """Technical and social ones first; then what chance explains, and what is too little."""
    levels: tuple[Level, ...]
    """For each layer, edges seen and edges that shuffled times give."""
    clusters: tuple[Cluster, ...]
    layers: tuple[str, ...]
    windows_s: Mapping[str, float]
    level: float
    actions: int
    accounts: int
    edges: int
    tested: int
    """Pairs of accounts and layers that met often enough to be tested."""
    significant: int
    without_time: int
    """Rows that took no part because their time is missing or cannot be read."""
    left_out: Mapping[str, tuple[tuple[str, int], ...]]
    """For each layer, objects with too many pairs to take part, and their pairs."""
    seed: int
    notes: tuple[str, ...]
    """What the run left unlooked-at, in sentences."""
    files: Mapping[str, Path]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Texts of the posts that show what was found, by post id, where the source has them."""

    @property
    def concert(self) -> tuple[CoordinationFinding, ...]:
        """The findings that say that accounts act in concert."""
        return tuple(finding for finding in self.findings if finding.is_concert)
