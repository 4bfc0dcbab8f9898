"""The transparency report as one HTML page that needs no network: counts and shares, no account."""

from collections.abc import Mapping
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from casework.transparency import Report


def render(report: Report) -> str:
    """The page. Names of groups come from outside: the template escapes all that it shows."""
    pages = Environment(
        loader=PackageLoader("casework", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["plain"] = _plain
    page = pages.get_template("transparency.html").render(
        report=report,
        # A period ends before the first moment of the day that it is given up to.
        last=report.until - timedelta(microseconds=1),
    )
    return page.lstrip()


def _plain(counts: Mapping[str, int]) -> dict[str, int]:
    """Our own words as people write them; names from outside stay as they are."""
    return {name.replace("_", " "): count for name, count in counts.items()}
