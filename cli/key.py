"""`concert key`: the keys to the API."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import AsJson, emit, office, person
from cli.group import By

if TYPE_CHECKING:
    from store.records import ApiKey

app = typer.Typer(no_args_is_help=True, help="The keys to the API.")


@app.command()
def make(
    label: Annotated[str, typer.Argument(help="Who or what it is for.", show_default=False)],
    *,
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do: reviewer, lead, policy, read_only, platform or admin; "
            "more than one may be given. Without it: platform.",
            show_default=False,
        ),
    ] = None,
    for_person: Annotated[
        str | None,
        typer.Option(
            "--person",
            help="Whose it is: that person decides with it, and nobody else.",
            show_default=False,
        ),
    ] = None,
    on_behalf: Annotated[
        bool,
        typer.Option(
            "--on-behalf", help="It may name the person who decides: a review tool of your own."
        ),
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    Example: concert key make "search team" --role platform
    """
    from policy.roles import read_roles
    from store.keys import make_key

    if not label.strip():
        raise typer.BadParameter("say who or what the key is for", param_hint="LABEL")
    if for_person is not None and on_behalf:
        raise typer.BadParameter("a person's key decides in that name alone", param_hint="--person")
    roles = read_roles(role or ["platform"])
    bearer = None if for_person is None else person(for_person)
    with office() as here:
        secret, kept = here.store.transact(
            lambda work: make_key(
                work, label=label.strip(), roles=roles, person=bearer, on_behalf=on_behalf
            ),
            actor=person(by),
            now=here.now(),
        )
    emit(
        {"key": secret, "id": kept.id, "label": kept.label, "roles": list(kept.roles)},
        as_json=as_json,
        text=f"{secret}\n{kept.id} ({_of(kept)}); it is not shown again",
    )


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All keys, without the keys themselves.

    Example: concert key list --json
    """
    with office() as here, here.store.reading() as work:
        found = work.api_keys.find()
    value = [one.model_dump(mode="json", exclude={"sha256"}) for one in found]
    lines = [
        f"{one.id}  {_of(one)}  made {one.created_at:%Y-%m-%d}"
        + (f"  revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else "")
        for one in found
    ]
    emit(value, as_json=as_json, text="\n".join(lines) or "There is no key.")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id.", show_default=False)],
    why: Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key at once and for good.

    Example: concert key revoke key_1a2b3c4d5e6f --why "it was in a log"
    """
    from store.keys import revoke_key

    with office() as here:
        gone = here.store.transact(
            lambda work: revoke_key(work, key_id, why=why), actor=person(by), now=here.now()
        )
    emit(
        gone.model_dump(mode="json", exclude={"sha256"}),
        as_json=as_json,
        text=f"{gone.id} ({gone.label}) opens nothing any more",
    )


def _of(kept: "ApiKey") -> str:
    whose = kept.person or ("on behalf of people" if kept.on_behalf else "a program's")
    return f"{kept.label}; {', '.join(kept.roles)}; {whose}"
