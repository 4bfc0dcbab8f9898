"""`concert incident`: documented harms."""

from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, emit, office, person, read_values
from cli.group import By

app = typer.Typer(no_args_is_help=True, help="Documented harms, with their sources.")

IncidentId = Annotated[str, typer.Argument(help="The incident's id.", show_default=False)]
Why = Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)]


@app.command()
def add(
    path: Annotated[
        Path, typer.Argument(help="JSON: an incident or a list of them.", show_default=False)
    ],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write incidents from a JSON file, new or changed.

    Example: concert incident add example/incidents.json --by ana
    """
    from casework.dossier import save_incidents
    from policy.incidents import Incident

    incidents = read_values(path, Incident)
    with office() as here:
        changed = save_incidents(here, incidents, actor=person(by))
    emit(
        {"read": len(incidents), "changed": changed},
        as_json=as_json,
        text=f"{len(incidents)} incidents read, {changed} new or changed",
    )


@app.command("list")
def list_(
    group: Annotated[str | None, typer.Option(help="Of this group only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Incidents, of one group or of all.

    Example: concert incident list --group weigh-it-again
    """
    with office() as here, here.store.reading() as work:
        if group is not None:
            work.groups.need(group)
            found = work.incidents.find(group_id=group)
        else:
            found = work.incidents.find()
    lines = [
        f"{one.id}  {one.when:%Y-%m-%d}  {one.group_id}  {one.harm}/{one.policy}  {one.severity}  "
        f"{one.corroboration} independent sources"
        + ("" if one.corroborated else ", so it counts for nothing")
        + ("" if one.status == "standing" else f"  {one.status}")
        for one in found
    ]
    emit(found, as_json=as_json, text="\n".join(lines) or "There is no incident.")


@app.command()
def retract(incident_id: IncidentId, why: Why, by: By = None, as_json: AsJson = False) -> None:
    """Note that whoever reported an incident took it back: it counts no more.

    Example: concert incident retract inc-7 --why "the paper corrected its report"
    """
    from casework.dossier import retract_incident

    with office() as here:
        changed = retract_incident(here, incident_id, actor=person(by), why=why)
    emit(changed, as_json=as_json, text=f"{incident_id} is retracted")


@app.command()
def disprove(incident_id: IncidentId, why: Why, by: By = None, as_json: AsJson = False) -> None:
    """Note that an incident was shown not to be so: it counts no more.

    Example: concert incident disprove inc-7 --why "the court found otherwise"
    """
    from casework.dossier import disprove_incident

    with office() as here:
        changed = disprove_incident(here, incident_id, actor=person(by), why=why)
    emit(changed, as_json=as_json, text=f"{incident_id} is disproved")
