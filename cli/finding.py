"""`concert finding`: findings of coordination, on which an assessment rests."""

from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, emit, office, person, read_values
from cli.group import By

app = typer.Typer(no_args_is_help=True, help="Findings of coordination.")


@app.command()
def add(
    path: Annotated[
        Path, typer.Argument(help="JSON: a finding or a list of them.", show_default=False)
    ],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write findings from a JSON file, new or changed.

    Example: concert finding add example/findings.json --by ana
    """
    from casework.dossier import save_findings
    from policy.findings import Finding

    findings = read_values(path, Finding)
    with office() as here:
        changed = save_findings(here, findings, actor=person(by))
    emit(
        {"read": len(findings), "changed": changed},
        as_json=as_json,
        text=f"{len(findings)} findings read, {changed} new or changed",
    )


@app.command()
def confirm(
    finding_id: Annotated[str, typer.Argument(help="The finding's id.", show_default=False)],
    source: Annotated[
        str, typer.Option(help="A source that it did not bring along.", show_default=False)
    ],
    by: Annotated[str, typer.Option(help="Who corroborated it.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Corroborate an imported finding, so that it may count.

    Example: concert finding confirm other.f1 --source https://court.example/4 --by ana
    """
    from casework.exchange import confirm_finding

    with office() as here:
        made = confirm_finding(here, finding_id, by=person(by), source=source)
    emit(made, as_json=as_json, text=f"{made.id} is confirmed by {made.confirmed_by}")


@app.command("list")
def list_(
    group: Annotated[str | None, typer.Option(help="Of this group only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Findings, of one group or of all.

    Example: concert finding list --group clear-drop
    """
    with office() as here, here.store.reading() as work:
        if group is not None:
            work.groups.need(group)
            found = work.findings.find(group_id=group)
        else:
            found = work.findings.find()
    lines = [
        f"{one.id}  {one.kind}  {one.group_id or 'no group'}  {len(one.account_ids)} accounts  "
        f"{one.summary}"
        for one in found
    ]
    emit(found, as_json=as_json, text="\n".join(lines) or "There is no finding.")
