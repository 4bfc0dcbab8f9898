"""`concert reviewer`: who reviews, with which roles. Concert keeps them; Label Studio has none."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.edge import AsJson, emit, office, person
from cli.group import By

if TYPE_CHECKING:
    from policy.reviewers import Reviewer

app = typer.Typer(no_args_is_help=True, help="The roster of reviewers, with their roles.")

Email = Annotated[str, typer.Argument(help="Their e-mail address.", show_default=False)]
Roles = Annotated[
    str | None,
    typer.Option(help="Of reviewer, lead, policy, read_only; several with commas."),
]
Languages = Annotated[
    str | None, typer.Option(help="Languages they read, such as en,tr; * for all.")
]
Places = Annotated[str | None, typer.Option(help="Places they know, with commas; * for all.")]
OptOuts = Annotated[
    str | None, typer.Option(help="Policies whose material is not served to them, with commas.")
]
ADay = Annotated[int | None, typer.Option(min=0, help="Their own limit of severe cases in a day.")]


@app.command()
def invite(
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Their name, as colleagues know it.")] = "",
    roles: Roles = "reviewer",
    languages: Languages = "*",
    places: Places = "*",
    opt_out: OptOuts = None,
    severe_a_day: ADay = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Put somebody on the roster; their user in Label Studio is made at the next pass.

    Example: concert reviewer invite ana@desk.example --roles reviewer --languages en,tr
    """
    from casework.reviewers import invite as run

    about = _given(languages=languages, places=places, opt_outs=opt_out)
    with office() as here:
        made = run(
            here,
            email,
            roles=_roles(roles or ""),
            by=person(by),
            name=name,
            severe_a_day=severe_a_day,
            **about,
        )
    emit(made, as_json=as_json, text=_told(made))


@app.command()
def change(
    email: Email,
    *,
    why: Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)],
    roles: Roles = None,
    languages: Languages = None,
    places: Places = None,
    opt_out: OptOuts = None,
    severe_a_day: ADay = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Change what a reviewer may do, reads, knows, or is spared. What is left out stays.

    Example: concert reviewer change ana@desk.example --roles reviewer,lead --why "leads now"
    """
    from casework.reviewers import change as run

    changes = _given(languages=languages, places=places, opt_outs=opt_out)
    if roles is not None:
        changes["roles"] = _roles(roles)
    if severe_a_day is not None:
        changes["severe_a_day"] = severe_a_day
    if not changes:
        raise typer.BadParameter("say what to change, such as --languages en,tr")
    with office() as here:
        changed = run(here, email, by=person(by), why=why, **changes)
    emit(changed, as_json=as_json, text=_told(changed))


@app.command()
def leave(
    email: Email,
    *,
    why: Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Take somebody off the roster; what they decided stands.

    Example: concert reviewer leave ana@desk.example --why "has another job"
    """
    from casework.reviewers import leave as run

    with office() as here:
        gone = run(here, email, by=person(by), why=why)
    emit(gone, as_json=as_json, text=f"{gone.id} is no longer on the roster")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Everybody who is on the roster.

    Example: concert reviewer list --json
    """
    from casework.reviewers import roster

    with office() as here, here.store.reading() as work:
        found = roster(work)
    text = "\n".join(map(_told, found)) or "Nobody is on the roster: whoever is let in may answer."
    emit(found, as_json=as_json, text=text)


def _roles(given: str) -> Any:
    from policy.roles import read_roles

    return read_roles(part for part in given.split(",") if part.strip())


def _given(**lists: str | None) -> dict[str, Any]:
    return {
        name: tuple(part.strip() for part in given.split(",") if part.strip())
        for name, given in lists.items()
        if given is not None
    }


def _told(one: "Reviewer") -> str:
    spared = f"; spared {', '.join(one.opt_outs)}" if one.opt_outs else ""
    return (
        f"{one.id}  {', '.join(one.roles)}; reads {', '.join(one.languages)}; "
        f"knows {', '.join(one.places)}{spared}"
    )
