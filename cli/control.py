"""`concert brake` and `concert bulk`: stop machines; act on many accounts by two people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import (
    AsJson,
    ByPerson,
    GroupId,
    Reason,
    emit,
    emit_list,
    office,
    person,
    read_text,
    take,
)

if TYPE_CHECKING:
    from policy.brake import Brake
    from policy.bulk import BulkAction

brake = typer.Typer(no_args_is_help=True, help="Brakes that stop machines; people act on.")
bulk = typer.Typer(no_args_is_help=True, help="Many accounts at once, by two people.")

BulkId = Annotated[str, typer.Argument(help="The action's id.", show_default=False)]
Accounts = Annotated[
    Path, typer.Argument(help="A text file: one account id a line.", show_default=False)
]


@brake.command()
def pull(
    scope: Annotated[str, typer.Argument(help="model, group or surface.", show_default=False)],
    key: Annotated[
        str, typer.Argument(help="The model's name, the group, the surface.", show_default=False)
    ],
    *,
    by: ByPerson,
    reason: Reason,
    lift: Annotated[
        bool, typer.Option("--lift", help="Also lift what machines laid in its scope.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop machines, at once.

    Example: concert brake pull group weigh-it-again --by ana --reason "the scores look wrong"
    """
    from casework.brake import pull_brake
    from policy.brake import BrakeScope

    if scope not in set(BrakeScope):
        known = ", ".join(BrakeScope)
        raise typer.BadParameter(f"{scope!r} is none of {known}", param_hint="SCOPE")
    with office() as here:
        made, lifted = pull_brake(
            here, BrakeScope(scope), key, by=person(by), reason=reason, lift=lift
        )
    value = {"brake": made.model_dump(mode="json"), "lifted": lifted}
    emit(value, as_json=as_json, text=f"{_brake(made)}\n{lifted} restrictions lifted")


@brake.command()
def release(
    brake_id: Annotated[str, typer.Argument(help="The brake's id.", show_default=False)],
    by: ByPerson,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let machines act again; the next rolling pass takes up what was held.

    Example: concert brake release brake_1a2b --by ben --reason "the pack was exchanged"
    """
    from casework.brake import release_brake

    take(release_brake, brake_id, by, reason, as_json=as_json, line=_brake)


@brake.command("list")
def list_brakes(as_json: AsJson = False) -> None:
    """Brakes, those that hold first.

    Example: concert brake list
    """
    with office() as here, here.store.reading() as work:
        found = sorted(work.brakes.find(), key=lambda one: one.released_at is not None)
    emit_list(found, as_json=as_json, line=_brake, none="No brake was ever pulled.")


@bulk.command()
def limit(
    group_id: GroupId, accounts: Accounts, by: ByPerson, reason: Reason, as_json: AsJson = False
) -> None:
    """Lay the limits of a group's designation on many accounts.

    Example: concert bulk limit weigh-it-again accounts.txt --by ana --reason "all in the chat"
    """
    _act("limit", group_id, accounts, by=by, reason=reason, as_json=as_json)


@bulk.command()
def lift(
    group_id: GroupId, accounts: Accounts, by: ByPerson, reason: Reason, as_json: AsJson = False
) -> None:
    """Lift from many accounts what stands on a group's ground.

    Example: concert bulk lift weigh-it-again accounts.txt --by ana --reason "they were satire"
    """
    _act("lift", group_id, accounts, by=by, reason=reason, as_json=as_json)


@bulk.command()
def approve(bulk_id: BulkId, by: ByPerson, reason: Reason, as_json: AsJson = False) -> None:
    """Carry out, as the second person, what another proposed.

    Example: concert bulk approve bulk_1a2b --by ben --reason "I looked at twenty of them"
    """
    from casework.bulk import approve as step

    take(step, bulk_id, by, reason, as_json=as_json, line=_bulk)


@bulk.command()
def decline(bulk_id: BulkId, by: ByPerson, reason: Reason, as_json: AsJson = False) -> None:
    """Turn a proposed action down.

    Example: concert bulk decline bulk_1a2b --by ben --reason "too many are only readers"
    """
    from casework.bulk import decline as step

    take(step, bulk_id, by, reason, as_json=as_json, line=_bulk)


@bulk.command()
def undo(bulk_id: BulkId, by: ByPerson, reason: Reason, as_json: AsJson = False) -> None:
    """Take back, as one, all that an action did.

    Example: concert bulk undo bulk_1a2b --by ben --reason "the list was last month's"
    """
    from casework.bulk import undo as step

    take(step, bulk_id, by, reason, as_json=as_json, line=_bulk)


@bulk.command("list")
def list_bulk(as_json: AsJson = False) -> None:
    """Bulk actions, with where each stands.

    Example: concert bulk list --json
    """
    with office() as here, here.store.reading() as work:
        found = work.bulk_actions.find()
    emit_list(found, as_json=as_json, line=_bulk, none="There is no bulk action.")


def _act(kind: str, group_id: str, accounts: Path, *, by: str, reason: str, as_json: bool) -> None:
    from casework.bulk import act_on_many
    from policy.bulk import BulkKind

    listed = [line.strip() for line in read_text(accounts).splitlines() if line.strip()]
    with office() as here:
        made = act_on_many(here, BulkKind(kind), group_id, listed, by=person(by), reason=reason)
    emit(made, as_json=as_json, text=_bulk(made))


def _brake(one: "Brake") -> str:
    until = f"released by {one.released_by}" if one.released_at else "holds"
    return f"{one.id}  {one.scope} {one.key}  {until}  {one.by}: {one.reason}"


def _bulk(one: "BulkAction") -> str:
    waits = ", waits for a second person" if one.state == "proposed" else ""
    return (
        f"{one.id}  {one.kind} {one.group_id}  {len(one.account_ids)} accounts  {one.state}{waits}"
        f"  {len(one.restriction_ids)} restrictions, {len(one.left_alone)} accounts left alone"
    )
