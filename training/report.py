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
        "padding:.2rem .6rem;text-align:right}td:first-child,th:first-child{text-align:left}"
        f"svg{{margin:.5rem}}</style><h1>{escape(title)}</h1>{body}</html>\n",
        encoding="utf-8",
    )
    return page


def _section(section: Section) -> str:
    table = ""
    if section.rows:
        columns = list(section.rows[0])
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        lines = "".join(
            "<tr>" + "".join(f"<td>{_cell(row.get(column))}</td>" for column in columns) + "</tr>"
            for row in section.rows
        )
        table = f"<table><tr>{head}</tr>{lines}</table>"
    plots = "".join(section.plots)
    return f"<h2>{escape(section.title)}</h2><p>{escape(section.note)}</p>{table}{plots}"


def _cell(value: Any) -> str:
    if value is None:
        return "none"
    return escape(f"{value:.3f}" if isinstance(value, float) else str(value))


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
    line = " ".join(f"{30 + x * _SIDE:.1f},{20 + (1 - y) * _SIDE:.1f}" for x, y in points)
    dots = "".join(
        f"<circle cx='{30 + x * _SIDE:.1f}' cy='{20 + (1 - y) * _SIDE:.1f}' r='2.5'/>"
        for x, y in points
    )
    ideal = (
        f"<line x1='30' y1='{20 + _SIDE}' x2='{30 + _SIDE}' y2='20' stroke='#bbb'/>"
        if diagonal
        else ""
    )
    return (
        f"<svg width='{_SIDE + 50}' height='{_SIDE + 60}' role='img'"
        f" aria-label='{escape(title, quote=True)}'><text x='30' y='14' font-size='12'>"
        f"{escape(title)}</text><rect x='30' y='20' width='{_SIDE}' height='{_SIDE}' fill='none'"
        f" stroke='#888'/>{ideal}<polyline points='{line}' fill='none' stroke='#246'/>{dots}"
        f"<text x='{30 + _SIDE / 2}' y='{_SIDE + 40}' font-size='11'>{across}</text>"
        f"<text x='2' y='{20 + _SIDE / 2}' font-size='11'>{up}</text></svg>"
    )
