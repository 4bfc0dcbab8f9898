"""How a file is to be read: the options that say it, and a wrong one told as wrong use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

Format = Annotated[
    str | None,
    typer.Option(
        "--format", help="x-api, x-archive, bluesky, csv, parquet or json; else told by content."
    ),
]
Map = Annotated[
    str,
    typer.Option(
        "--map", help="Columns that are called otherwise: field=column,…", metavar="FIELD=COLUMN,…"
    ),
]


def parsed(column_map: str) -> dict[str, str] | None:
    """The column map, None where none is given; a malformed one is wrong use."""
    from intake.reading import parse_column_map

    with asked():
        return parse_column_map(column_map) or None


@contextmanager
def asked() -> Iterator[None]:
    """Tell a request that no file could meet (an unknown format or field) as wrong use."""
    from intake.errors import RequestError

    try:
        yield
    except RequestError as error:
        raise typer.BadParameter(str(error)) from None
