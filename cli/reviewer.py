"""`concert reviewer`: who reviews, with which roles. Concert keeps them; Label Studio has none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import studio
from cli.edge import AsJson, Failed, emit, office, person
from cli.group import By

if TYPE_CHECKING:
    from casework.office import Office
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
    """Put somebody on the roster, and make their user in Label Studio where it answers.

    The password is shown this once: hand it over, to be changed at the first log-in.

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
        enrolled = _enrolled(here)
    emit(
        {**made.model_dump(mode="json"), "label_studio": enrolled},
        as_json=as_json,
        text="\n".join([_told(made), *_passwords(enrolled)]),
    )


@app.command()
def enrol(as_json: AsJson = False) -> None:
    """Make the users in Label Studio of all who are on the roster and have none yet.

    Example: concert reviewer enrol
    """
    with office() as here:
        enrolled = _enrolled(here)
    if enrolled is None:
        raise Failed("Label Studio does not answer; start it with `concert review start`")
    lines = list(_passwords(enrolled)) or ["Everybody on the roster has a user."]
    emit({"label_studio": enrolled}, as_json=as_json, text="\n".join(lines))


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


def _enrolled(here: "Office") -> list[dict[str, Any]] | None:
    """Who was given a user now; None while Label Studio does not answer."""
    from labeling.people import enrol as run
    from labeling.studio import Studio

    chosen = here.settings
    url = chosen.label_studio_url or f"http://127.0.0.1:{chosen.label_studio_port}"
    if not studio.answers(url):
        return None
    client = Studio(studio.connection(chosen))
    try:
        return [
            {"email": one.email, "user": one.user_id, "password": one.password}
            for one in run(here, client)
        ]
    finally:
        client.close()


def _passwords(enrolled: list[dict[str, Any]] | None) -> Iterator[str]:
    if enrolled is None:
        yield "Label Studio does not answer now: `concert reviewer enrol` makes the user later."
        return
    for one in enrolled:
        known = one["password"] or "the one that they have"
        yield f"{one['email']} logs in with the password {known}"


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
