"""`concert review gold`: questions whose right answer is known, to measure reviewers by."""

from typing import Annotated

import typer

from cli.edge import AsJson, emit, office, person
from cli.group import By

app = typer.Typer(no_args_is_help=True, help="Gold cases, known only to Concert.")

Why = Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)]


@app.command()
def make(
    case_id: Annotated[str, typer.Argument(help="A decided case.", show_default=False)],
    *,
    why: Why,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make a gold item of a decided case: the answer that decided it is the right one.

    Copies are mixed in among the open cases at each pass; their answers decide nothing.

    Example: concert review gold make case_5f0c1d2e3a4b5c6d --why "a clear case, by three people"
    """
    from casework.gold import make_gold

    with office() as here:
        item = make_gold(here, case_id, by=person(by), why=why)
    emit(item, as_json=as_json, text=f"{item.id}: a case of kind {item.kind}")


@app.command()
def retire(
    item_id: Annotated[str, typer.Argument(help="The gold item's id.", show_default=False)],
    *,
    why: Why,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Ask a gold item no more.

    Example: concert review gold retire gold_5f0c1d2e3a4b5c6d --why "everybody knows it by now"
    """
    from casework.gold import retire_gold

    with office() as here:
        item = retire_gold(here, item_id, by=person(by), why=why)
    emit(item, as_json=as_json, text=f"{item.id} is asked no more")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All gold items, with their right answers.

    Example: concert review gold list --json
    """
    from policy.verdicts import main_answer

    with office() as here, here.store.reading() as work:
        found = work.gold_items.find()
    lines = [
        f"{one.id}  {one.kind:<14} {main_answer(one.expected)}"
        + ("  retired" if one.retired_at else "")
        for one in found
    ]
    emit(found, as_json=as_json, text="\n".join(lines) or "There is no gold item.")
