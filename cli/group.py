"""`concert group`: the dossiers of groups."""

from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, GroupId, emit, office, person, read_text, read_values

app = typer.Typer(no_args_is_help=True, help="The dossiers of groups.")

By = Annotated[
    str | None, typer.Option(help="Your name, for the audit log; else the name you are logged in.")
]


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(help="JSON: groups, a dossier or STIX.", show_default=False)
    ],
    *,
    form: Annotated[
        str, typer.Option("--format", help="groups: our own. dossier, stix: what others say.")
    ] = "groups",
    source: Annotated[
        str, typer.Option(help="Who says so; needed for a dossier and for STIX.")
    ] = "",
    interest: Annotated[str, typer.Option(help="What they have at stake with the group.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write groups from a JSON file, new or changed; one that is the same leaves no trace.

    What others say (dossier, stix) is kept with who says so, and counts for nothing until it is
    corroborated here: members confirmed, sources judged, findings confirmed.

    Example: concert group import example/groups.json --by ana

    Example: concert group import theirs.json --format stix --source "Another Platform" --by ana
    """
    if form != "groups":
        _import_theirs(path, form, source=source, interest=interest, by=by, as_json=as_json)
        return
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


@app.command()
def export(
    group_id: GroupId,
    form: Annotated[str, typer.Option("--format", help="dossier or stix.")] = "dossier",
    out: Annotated[Path | None, typer.Option(help="The file; else it is printed.")] = None,
    as_json: AsJson = False,
) -> None:
    """A group's whole dossier with its history as one JSON file, or as a STIX 2.1 bundle.

    Both are JSON: without --out, --json changes nothing.

    Example: concert group export weigh-it-again --format stix --out weigh-it-again.stix.json
    """
    from casework.exchange import read_dossier, to_json

    _check_form(form)
    with office() as here:
        with here.store.reading() as work:
            dossier = read_dossier(work, group_id)
        if form == "stix":
            from casework.stix import to_bundle

            text = to_bundle(dossier, here.now())
        else:
            text = to_json(dossier)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        value = {"group_id": group_id, "format": form, "out": str(out)}
        emit(value, as_json=as_json, text=f"{group_id} as {form} in {out}")


def _import_theirs(
    path: Path, form: str, *, source: str, interest: str, by: str | None, as_json: bool
) -> None:
    from casework.exchange import as_imported, parse_dossier, save_imported

    _check_form(form)
    if not source.strip():
        raise typer.BadParameter("say who this comes from", param_hint="--source")
    text = read_text(path)
    left_out: tuple[str, ...] = ()
    with office() as here:
        if form == "stix":
            from casework.stix import from_bundle

            given, left_out = from_bundle(text, here.now())
        else:
            given = [parse_dossier(text)]
        made = [
            save_imported(
                here,
                as_imported(one, source=source, interest=interest),
                actor=person(by),
                left_out=left_out,
            )
            for one in given
        ]
    lines = [
        f"{one.group_id}: {one.findings} findings, {one.incidents} incidents; {one.changed} new"
        for one in made
    ]
    emit(made, as_json=as_json, text="\n".join([*lines, *(f"left out: {one}" for one in left_out)]))


def _check_form(form: str) -> None:
    if form not in ("dossier", "stix"):
        raise typer.BadParameter(f"{form!r} is neither dossier nor stix", param_hint="--format")


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
