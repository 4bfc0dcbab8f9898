"""`concert audit`: the log of all that was changed."""

from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, Failed, emit, office

app = typer.Typer(no_args_is_help=True, help="The log of all that was changed.")


@app.command()
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(help="Another copy of the anchor, kept elsewhere.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Problems told one by one.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Check every row, payload and document against the chain and its anchor.

    Exit code 1 if anything was changed, removed, reordered, cut off or added.

    Example: concert audit verify --anchor /backup/audit.anchor
    """
    from cli.progress import bars
    from store.anchor import Anchor
    from store.audit import verify as check
    from store.store import read_head

    if anchor is not None and not anchor.is_file():
        raise Failed(f"{anchor}: no such file")
    with office() as here, bars() as tell:
        done = 0

        def advance(rows: int) -> None:
            nonlocal done
            done += rows
            tell("rows checked", done, max(done, total))

        with here.store.reading() as work:
            total = read_head(work.connection).seq
        report = check(here.store, Anchor(anchor) if anchor else None, limit=limit, advance=advance)
    seq, last = report.head
    lines = [
        f"{report.rows} rows and {report.documents} documents checked",
        f"the last row is number {seq}, {last[:16]}…",
        *(f"{one.kind}: {one.says}" for one in report.problems),
        "Nothing is wrong." if report.ok else f"{report.found} problems.",
    ]
    if report.unfinished:
        lines.insert(2, f"{report.unfinished} writers ended before their commit (no problem)")
    emit(
        {**report.model_dump(mode="json"), "ok": report.ok}, as_json=as_json, text="\n".join(lines)
    )
    if not report.ok:
        raise typer.Exit(1)
