"""`concert appeal`: objections to restrictions, and their decision by another person."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import AsJson, emit, emit_list, office, person, take
from cli.group import By

if TYPE_CHECKING:
    from policy.appeals import Appeal

app = typer.Typer(no_args_is_help=True, help="Objections to restrictions.")

AppealId = Annotated[str, typer.Argument(help="The appeal's id.", show_default=False)]


@app.command("open")
def open_(
    restriction_id: Annotated[str, typer.Argument(help="The restriction.", show_default=False)],
    *,
    text: Annotated[str, typer.Option(help="What the person says.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Open an appeal against a restriction, and the case for whoever decides it.

    Example: concert appeal open restriction_1a2b --text "I only quoted them"
    """
    from casework.appeal import appeal

    if not text.strip():
        raise typer.BadParameter("say what the person says", param_hint="--text")
    with office() as here:
        made = appeal(here, restriction_id, text, actor=person(by))
    emit(made, as_json=as_json, text=_line(made))


@app.command()
def decide(
    appeal_id: AppealId,
    *,
    by: Annotated[str, typer.Option(help="Who decides.", show_default=False)],
    reason: Annotated[
        str, typer.Option(help="Why, as it is told to the person.", show_default=False)
    ],
    overturn: Annotated[
        bool,
        typer.Option(
            "--overturn/--uphold",
            help="Lift the restriction at once, or let it stand.",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Uphold or overturn; never the person who took the decision.

    Example: concert appeal decide appeal_1a2b --overturn --by ben --reason "a quotation, no praise"
    """
    from casework.decide_appeal import decide_appeal

    take(decide_appeal, appeal_id, by, reason, as_json=as_json, line=_line, overturn=overturn)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All appeals with where they stand.

    Example: concert appeal list --json
    """
    with office() as here, here.store.reading() as work:
        found = work.appeals.find()
    emit_list(found, as_json=as_json, line=_line, none="There is no appeal.")


def _line(one: "Appeal") -> str:
    return f"{one.id}  {one.restriction_id}  {one.state}  {one.outcome}".rstrip()
