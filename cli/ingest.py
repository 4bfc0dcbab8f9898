"""`concert ingest`: posts, accounts and linkages into the lake."""

from pathlib import Path
from typing import Annotated

import typer

from cli.columns import Format, Map, asked, parsed
from cli.edge import AsJson, emit, settings


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="The files.", show_default=False)],
    *,
    form: Format = None,
    kind: Annotated[
        str | None,
        typer.Option(help="posts, accounts, linkages or follows; else told by the columns"),
    ] = None,
    column_map: Map = "",
    lake: Annotated[
        Path | None, typer.Option(help="The lake; else that of the data folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring files into the lake; print what was taken, rejected and already there.

    Rejected rows go to the lake's rejects with the reason. The same file twice adds nothing.
    Exit code 1 if a file could not be read to its end, or had no row that could be taken.

    Example: concert ingest posts.parquet --map account_id=author,text=content
    """
    from pydantic import SecretStr

    from casework.keys import secret_ring
    from cli.progress import bars
    from intake.lake import Lake

    chosen = settings()
    mapped = parsed(column_map)
    with asked(), bars() as tell:
        report = Lake(lake or chosen.lake).ingest(
            paths,
            format=form,
            column_map=mapped,
            kind=kind,
            secret=SecretStr(secret_ring(chosen)[0].decode()),
            progress=lambda path, share, _rows: tell(path.name, round(100 * share), 100),
        )
    lines = []
    for file in report.files:
        for one, tally in file.tallies.items():
            lines.append(
                f"{file.path}: {one}: {tally.taken} taken, {tally.rejected} rejected, "
                f"{tally.already_there} already there"
            )
        lines += [f"{file.path}: {note}" for note in file.notes]
        lines += [f"error: {file.error}"] if file.error else []
    if report.total.rejected:
        lines.append(f"The rejected rows and why: {lake or chosen.lake}/rejects")
    emit(report, as_json=as_json, text="\n".join(lines))
    useless = report.total.rejected and not report.total.taken and not report.total.already_there
    if report.errors or useless:
        raise typer.Exit(1)
