"""`concert statements`: what people are told, and what the public is told of it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, Failed, emit, office

app = typer.Typer(no_args_is_help=True, help="Statements of reasons.")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    *,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day.", show_default=False),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Day after the last.", show_default=False),
    ] = None,
    territory: Annotated[
        str, typer.Option(help="Countries of the EEA where it applies, such as DE,FR.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write records for the DSA Transparency Database: one call of at most 100 a line.

    Each record is checked against a schema; one that is not right is told and left out, and ends
    the command with exit code 1.

    Example: concert statements export --from 2026-01-01 --to 2026-02-01 --out january.jsonl
    """
    from datetime import UTC

    from casework.export_statements import export as write

    if not out.parent.is_dir():
        raise Failed(f"{out.parent}: no such folder")
    with office() as here:
        done = write(
            here,
            out,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            territory=[one.strip().upper() for one in territory.split(",") if one.strip()],
        )
    lines = [f"{done.written} statements written to {out}"]
    lines += [f"left out: {id_}: {'; '.join(why)}" for id_, why in done.refused.items()]
    emit({"written": done.written, "refused": done.refused}, as_json=as_json, text="\n".join(lines))
    if done.refused:
        raise typer.Exit(1)


@app.command()
def show(
    statement_id: Annotated[str, typer.Argument(help="The statement.", show_default=False)],
    lang: Annotated[str, typer.Option(help="A language code, such as de or ar.")] = "en",
    as_json: AsJson = False,
) -> None:
    """What the person is told, with the link by which they can object.

    Example: concert statements show statement_restriction_1a2b --lang de
    """
    from casework.appeal_links import PATH, make_token
    from casework.notices import language_for, notice

    with office() as here, here.store.reading() as work:
        statement = work.statements.need(statement_id)
        restriction = work.restrictions.need(statement.restriction_id)
        told = notice(work, restriction, statement, language_for([lang]))
        token = make_token(here.secrets[0], restriction.id, statement.appeal_until)
        url = f"{here.settings.address}{PATH}{token}"
    value = {"language": told.language.code, "text": told.text, "appeal_url": url}
    emit(value, as_json=as_json, text=f"{told.text}\n\n{url}")
