"""report.html: one file that needs no network; the answer first, then what shows it.

Posts are hostile: everything that came from outside is escaped by the template, isolated from the
direction of what stands around it, and freed of characters that can show other words than it has.
The page's own policy forbids scripts and any load, should something slip through all the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from coordination.drawing import network, swarm_line, time_line
from coordination.findings import RULES, TECHNIQUES, CoordinationFinding, Kind, PostPair
from coordination.swarm_findings import RULES as SWARM_RULES
from coordination.telling import telling

if TYPE_CHECKING:
    from coordination.result import Cluster, DetectReport

POSTS_SHOWN = 6
"""Pairs of posts side by side for each finding; the rest stand in evidence.parquet."""
ACCOUNTS_SHOWN = 60
OPEN_FINDINGS = 3
"""Findings whose posts are open when the page opens; the others open at a key or a click."""

# Controls, and overrides of direction, with which a text can show other words than it has.
_UNSHOWABLE = re.compile(
    "[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True)
class Shown:
    """A finding with the cluster that it is about and its drawing."""

    finding: CoordinationFinding
    cluster: Cluster | None
    line: Markup
    pairs: tuple[PostPair, ...]
    """Those that tell most."""
    anchor: str
    """Where the network's cluster leads to: its first finding."""


def render(report: DetectReport, texts: Mapping[str, str]) -> str:
    """The page; `texts` gives the text of posts by id where the source has it."""
    pages = Environment(
        loader=PackageLoader("coordination", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: list[Shown] = []
    for finding in report.concert:
        shown.append(_shown(finding, report.clusters, {one.anchor for one in shown}))
    told = {id(one.cluster) for one in shown}
    page = pages.get_template("report.html").render(
        report=report,
        shown=shown,
        technical=sum(one.finding.kind is Kind.TECHNICAL for one in shown),
        others=[
            (cluster, time_line(cluster)) for cluster in report.clusters if id(cluster) not in told
        ],
        open_questions=[one for one in report.findings if one.kind is Kind.INSUFFICIENT],
        chance=[one for one in report.findings if one.kind is Kind.CHANCE],
        rules={**RULES, **SWARM_RULES},
        techniques=TECHNIQUES,
        texts=texts,
        network=network(report.clusters, report.seed),
        accounts_clustered=sum(len(cluster.accounts) for cluster in report.clusters),
        accounts_shown=ACCOUNTS_SHOWN,
        open_findings=OPEN_FINDINGS,
    )
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", page.lstrip())


def _shown(
    finding: CoordinationFinding, clusters: tuple[Cluster, ...], taken: Collection[str]
) -> Shown:
    pairs = tuple(telling(finding.pairs, POSTS_SHOWN))
    if finding.swarm is not None:
        return Shown(finding, None, swarm_line(finding.swarm), pairs, finding.id)
    members = set(finding.account_ids)
    cluster = next((one for one in clusters if members <= set(one.accounts)), None)
    if cluster is None:
        return Shown(finding, None, Markup(""), pairs, finding.id)
    anchor = f"cluster-{cluster.number + 1}"
    anchor = finding.id if anchor in taken else anchor
    return Shown(finding, cluster, time_line(cluster), pairs, anchor)
