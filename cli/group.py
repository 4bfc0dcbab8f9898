"""`concert group`: the dossiers of groups."""

from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, emit, office, person, read_values

app = typer.Typer(no_args_is_help=True, help="The dossiers of groups.")

By = Annotated[
    str | None, typer.Option(help="Your name, for the audit log; else the name you are logged in.")
]
GroupId = Annotated[str, typer.Argument(help="The group's id.", show_default=False)]


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="JSON: a list of groups.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write groups from a JSON file, new or changed; one that is the same leaves no trace.

    Example: concert group import example/groups.json --by ana
    """
    from casework.dossier import save_groups
    from policy.groups import Group

    groups = read_values(path, Group)
    with office() as here:
        changed = save_groups(here, groups, actor=person(by))
    emit(
        {"read": len(groups), "changed": changed},
        as_json=as_json,
        text=f"{len(groups)} groups read, {changed} new or changed",
    )


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All groups, with their designation if there is one.

    Example: concert group list --json
    """
    from policy.designation import STANDING

    with office() as here, here.store.reading() as work:
        groups = work.groups.find()
        standing = {
            one.group_id: one.state.value
            for one in work.designations.find(state=[state.value for state in STANDING])
        }
    value = [
        {
            "id": one.id,
            "name": one.name,
            "kind": one.kind.value,
            "members": len(one.members),
            "seeds": len(one.seeds),
            "designation": standing.get(one.id),
        }
        for one in groups
    ]
    lines = [
        f"{one.id}  {one.name}  ({one.kind}, {len(one.members)} members, {len(one.seeds)} "
        f"confirmed)  {standing.get(one.id, 'not designated')}"
        for one in groups
    ]
    emit(value, as_json=as_json, text="\n".join(lines) or "There is no group yet.")


@app.command()
def show(group_id: GroupId, as_json: AsJson = False) -> None:
    """One group's dossier.

    Example: concert group show weigh-it-again
    """
    with office() as here, here.store.reading() as work:
        one = work.groups.need(group_id)
        findings = work.findings.count(group_id=group_id)
        incidents = work.incidents.count(group_id=group_id)
    lines = [
        f"{one.name} ({one.kind})",
        one.purpose,
        one.description,
        f"members: {', '.join(member.account_id for member in one.members)}",
        f"confirmed by a person: {len(one.seeds)}",
        f"hashtags: {', '.join(one.hashtags)}  domains: {', '.join(one.domains)}",
        *(f"narrative: {text}" for text in one.narratives),
        f"{len(one.decisions)} blind decisions, {findings} findings, {incidents} incidents",
    ]
    emit(one, as_json=as_json, text="\n".join(line for line in lines if line))
