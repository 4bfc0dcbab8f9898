"""report.html: one file that needs no network; the answer first, then what shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from coordination.drawing import network, time_line
from coordination.findings import RULES, Kind

if TYPE_CHECKING:
    from coordination.result import DetectReport

POSTS_SHOWN = 6
"""Pairs of posts side by side for each finding; the rest stand in evidence.parquet."""


def render(report: DetectReport, texts: Mapping[str, str]) -> str:
    """The page; `texts` gives the text of posts by id where the source has it."""
    pages = Environment(
        loader=PackageLoader("coordination", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("report.html").render(
        report=report,
        concert=report.concert,
        other=[finding for finding in report.findings if not finding.is_concert],
        chance=Kind.CHANCE,
        rules=RULES,
        texts=texts,
        network=network(report.clusters, report.seed),
        lines=[time_line(cluster) for cluster in report.clusters],
        posts_shown=POSTS_SHOWN,
    )
