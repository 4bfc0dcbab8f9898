"""The transparency report as one HTML page that needs no network: counts and shares, no account."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from casework.transparency import NONE, Appeals, Report


def render(report: Report) -> str:
    """The page. Names of groups come from outside: the template escapes all that it shows."""
    pages = Environment(
        loader=PackageLoader("casework", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = pages.get_template("transparency.html").render(
        report=report,
        # A period ends before the first moment of the day that it is given up to.
        last=report.until - timedelta(microseconds=1),
        rows_of=_rows,
    )
    return page.lstrip()


def _rows(parts: Mapping[str, Appeals]) -> Iterator[tuple[str, int, str]]:
    for name, part in parts.items():
        won = part.overturned
        said = f"{won.share:.0%} ({won.low:.0%} to {won.high:.0%})"
        yield "none" if name == NONE else name, part.decided, said
