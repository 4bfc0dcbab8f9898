"""Reports of an evaluation: metrics.json for programs, report.html with plots for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import reliability

Floats = NDArray[np.float64]

_SIDE = 220
_LEFT = 44
"""Room for what the upward axis says."""
_MANY = 10.0
"""From here on a number is a count, not a share."""


@dataclass(frozen=True)
class Section:
    """One table of a report, with plots below it."""

    title: str
    note: str
    rows: Sequence[Mapping[str, Any]]
    plots: Sequence[str] = field(default_factory=tuple)


def write_report(
    folder: Path, title: str, sections: Sequence[Section], metrics: Mapping[str, Any]
) -> Path:
    """Write report.html and metrics.json into a folder; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(
        json.dumps(metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    body = "".join(_section(section) for section in sections)
    page = folder / "report.html"
    page.write_text(
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{escape(title)}</title><style>body{{font:15px/1.5 system-ui;margin:2rem;"
        "max-width:75rem}table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;"
        "padding:.2rem .6rem;text-align:right;vertical-align:bottom}.name{text-align:left}"
        f"svg{{margin:.5rem}}</style><h1>{escape(title)}</h1>{body}</html>\n",
        encoding="utf-8",
    )
    return page


def _section(section: Section) -> str:
    table = ""
    if section.rows:
        columns = list(section.rows[0])
        kinds = [
            (each, " class='name'" * any(isinstance(row.get(each), str) for row in section.rows))
            for each in columns
        ]
        head = "".join(f"<th{kind}>{_spoken(each)}</th>" for each, kind in kinds)
        lines = "".join(
            f"<tr>{''.join(f'<td{kind}>{_cell(row.get(each))}</td>' for each, kind in kinds)}</tr>"
            for row in section.rows
        )
        table = f"<table><tr>{head}</tr>{lines}</table>"
    plots = "".join(section.plots)
    return f"<h2>{escape(section.title)}</h2><p>{_spoken(section.note)}</p>{table}{plots}"


def _spoken(text: str) -> str:
    """Columns are named for programs; people read words."""
    return escape(text.replace("_", " "))


def _cell(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < _MANY else f"{value:,.1f}"
    return escape(str(value))


def reliability_plot(title: str, said: Floats, so: Floats) -> str:
    """What was said against what was so, as inline SVG; the diagonal is perfect."""
    points = [(each.said, each.found) for each in reliability(said, so)]
    return _plot(title, points, "said", "so", diagonal=True)


def precision_recall_plot(title: str, said: Floats, so: Floats) -> str:
    """Precision against recall, as inline SVG."""
    order = np.argsort(-said, kind="stable")
    hits = np.cumsum(so[order])
    steps = np.unique(np.linspace(0, len(so) - 1, 80).astype(int))
    points = [(float(hits[at] / max(so.sum(), 1)), float(hits[at] / (at + 1))) for at in steps]
    return _plot(title, points, "recall", "precision", diagonal=False)


def _plot(
    title: str, points: Sequence[tuple[float, float]], across: str, up: str, *, diagonal: bool
) -> str:
    below = 20 + _SIDE
    places = [(f"{_LEFT + x * _SIDE:.1f}", f"{below - y * _SIDE:.1f}") for x, y in points]
    line = " ".join(f"{x},{y}" for x, y in places)
    dots = "".join(f"<circle cx='{x}' cy='{y}' r='2.5'/>" for x, y in places)
    ideal = (
        f"<line x1='{_LEFT}' y1='{below}' x2='{_LEFT + _SIDE}' y2='20' stroke='#bbb'/>"
        if diagonal
        else ""
    )
    marks = "".join(
        f"<text x='{_LEFT + at * _SIDE}' y='{below + 14}' text-anchor='middle'>{at:g}</text>"
        f"<text x='{_LEFT - 4}' y='{below - at * _SIDE + 4}' text-anchor='end'>{at:g}</text>"
        for at in (0.0, 0.5, 1.0)
    )
    middle = 20 + _SIDE / 2
    return (
        f"<svg width='{_SIDE + _LEFT + 20}' height='{_SIDE + 60}' role='img' font-size='11'"
        f" aria-label='{escape(title, quote=True)}'><text x='{_LEFT}' y='14' font-size='12'>"
        f"{escape(title)}</text><rect x='{_LEFT}' y='20' width='{_SIDE}' height='{_SIDE}'"
        f" fill='none' stroke='#888'/>{ideal}<polyline points='{line}' fill='none' stroke='#246'/>"
        f"{dots}{marks}"
        f"<text x='{_LEFT + _SIDE / 2}' y='{_SIDE + 50}' text-anchor='middle'>{across}</text>"
        f"<text x='12' y='{middle}' text-anchor='middle' transform='rotate(-90 12 {middle})'>{up}"
        "</text></svg>"
    )
