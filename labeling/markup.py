"""Small pieces of HTML that hostile text cannot break out of.

Everything that came from outside passes through `text`: Label Studio puts the HTML into its page.
"""

import html
from collections.abc import Iterable
from datetime import datetime

LONGEST_TEXT = 4_000


def text(given: str) -> str:
    """Text as HTML, cut where it is endless, and isolated from what stands around it."""
    more = len(given) - LONGEST_TEXT
    note = f" <em>… and {more:,} more characters</em>" if more > 0 else ""
    escaped = html.escape(given[:LONGEST_TEXT]).replace("\n", "<br>")
    # Isolated, so that right-to-left text cannot rearrange what stands around it.
    return f'<bdi dir="auto">{escaped}</bdi>{note}'


def section(title: str, body: str) -> str:
    """A part of the page under a heading."""
    return f"<section><h4>{text(title)}</h4>{body}</section>"


def paragraph(given: str) -> str:
    """A paragraph; nothing where nothing is said."""
    return f"<p>{text(given)}</p>" if given else ""


def facts(given: Iterable[tuple[str, str]]) -> str:
    """Names and values; those without a value are left out."""
    rows = "".join(
        f"<tr><th>{text(name)}</th><td>{text(value)}</td></tr>" for name, value in given if value
    )
    return f'<table class="c-facts"><tbody>{rows}</tbody></table>' if rows else ""


def table(style: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already; heads are plain text. Nothing without rows."""
    head = "".join(f"<th>{text(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{one}</td>" for one in row) + "</tr>" for row in rows)
    if not body:
        return ""
    return f'<table class="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def bullets(given: Iterable[str]) -> str:
    """A list of texts; nothing where there is none."""
    items = "".join(f"<li>{text(one)}</li>" for one in given)
    return f"<ul>{items}</ul>" if items else ""


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""


def words(value: str) -> str:
    """A machine value as words."""
    return value.replace("_", " ")
