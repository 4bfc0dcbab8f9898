"""`concert replay`, `shadow` and `trend`: what would be, before anybody is touched."""

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
    read_moment,
    take,
)

if TYPE_CHECKING:
    from casework.replay import Replayed
    from casework.shadow import ShadowReport
    from policy.shadow import Knobs, Shadow

shadow = typer.Typer(no_args_is_help=True, help="Other settings beside those in use.")
trend = typer.Typer(no_args_is_help=True, help="Trends, and whether they are a group's own.")

ShadowId = Annotated[str, typer.Argument(help="The shadow's id.", show_default=False)]
ActFrom = Annotated[float | None, typer.Option(min=0, max=1, help="Limit from this likelihood on.")]
ReviewFrom = Annotated[
    float | None, typer.Option(min=0, max=1, help="Ask a person from this likelihood on.")
]
Models = Annotated[
    Path | None, typer.Option(help="A folder of other models.", exists=True, file_okay=False)
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        help="Try away a rule that holds machines back, such as routing.association.novel.v1."
    ),
]
LimitDays = Annotated[int | None, typer.Option(min=1, max=90, help="How long limits last.")]


def replay(
    *,
    since: Annotated[str, typer.Option("--from", help="The first day.", show_default=False)],
    until: Annotated[str, typer.Option("--to", help="The day after the last.", show_default=False)],
    group: Annotated[
        list[str] | None, typer.Option(help="Of these groups only; else all designated ones.")
    ] = None,
    act_from: ActFrom = None,
    review_from: ReviewFrom = None,
    limit_days: LimitDays = None,
    models: Models = None,
    without: Without = None,
    as_json: AsJson = False,
) -> None:
    """Run history again under other settings, and show whom it would touch. Nobody is touched.

    Example: concert replay --from 2026-01-01 --to 2026-02-01 --act-from 0.9
    """
    from casework.replay import replay as run
    from casework.standing import all_standing
    from cli.progress import bars

    begin, end = read_moment(since, "--from"), read_moment(until, "--to")
    if not begin < end:
        raise typer.BadParameter("it does not lie after --from", param_hint="--to")
    knobs = _knobs(act_from, review_from, limit_days, models, without)
    with office() as here, bars() as tell:
        with here.store.reading() as work:
            ids = group or [one.group_id for one in all_standing(work)]
        found = run(here, since=begin, until=end, knobs=knobs, group_ids=ids, tell=tell)
    emit(found, as_json=as_json, text=_told(found))


@shadow.command()
def start(
    group_id: GroupId,
    *,
    by: ByPerson,
    reason: Reason,
    act_from: ActFrom = None,
    review_from: ReviewFrom = None,
    models: Models = None,
    without: Without = None,
    as_json: AsJson = False,
) -> None:
    """Let other thresholds, models or fewer rules run in shadow, or try a group not yet designated.

    Example: concert shadow start weigh-it-again --models candidate --by ana --reason "would it do"
    """
    from casework.shadow import start_shadow

    knobs = _knobs(act_from, review_from, None, models, without)
    take(start_shadow, group_id, by, reason, as_json=as_json, line=_shadow, knobs=knobs)


@shadow.command()
def look(shadow_id: ShadowId, as_json: AsJson = False) -> None:
    """Let a shadow look at everybody who posted now, without waiting for their next posts.

    Example: concert shadow look shadow_1a2b
    """
    from casework.shadow import report
    from casework.shadow_look import look_now
    from cli.progress import bars

    with office() as here, bars() as tell:
        look_now(here, shadow_id, tell=tell)
        found = report(here, shadow_id)
    emit(found, as_json=as_json, text=_seen(found))


@shadow.command()
def end(shadow_id: ShadowId, by: ByPerson, reason: Reason, as_json: AsJson = False) -> None:
    """Stop a shadow; what it saw stays.

    Example: concert shadow end shadow_1a2b --by ana --reason "seen enough of it"
    """
    from casework.shadow import end_shadow

    take(end_shadow, shadow_id, by, reason, as_json=as_json, line=_shadow)


@shadow.command()
def show(
    shadow_id: Annotated[
        str | None, typer.Argument(help="The shadow's id; else all that run.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a shadow would have done to whom, beside what was done, by group, language, account.

    Example: concert shadow show shadow_1a2b
    """
    from casework.shadow import report, report_all

    with office() as here:
        if shadow_id is not None:
            one = report(here, shadow_id)
            emit(one, as_json=as_json, text=_seen(one))
            return
        found = report_all(here)
    emit_list(found, as_json=as_json, line=_seen, none="No shadow runs.")


@shadow.command("list")
def list_(as_json: AsJson = False) -> None:
    """Shadows, running and ended.

    Example: concert shadow list
    """
    with office() as here, here.store.reading() as work:
        found = work.shadows.find()
    emit_list(found, as_json=as_json, line=_shadow, none="There is no shadow.")


@trend.command()
def judge(group_id: GroupId, as_json: AsJson = False) -> None:
    """Which hashtags of a group's associated accounts are its own. Blocks nothing.

    Example: concert trend judge weigh-it-again
    """
    from casework.trends import judge_trends

    with office() as here:
        found = judge_trends(here, group_id)
    lines = [
        f"{one.facts.trend}  {'its own' if one.linked else 'general'}  {one.why}  [{one.rule}]"
        for one in found
    ]
    emit(found, as_json=as_json, text="\n".join(lines) or "No hashtag has enough posts.")


def _knobs(
    act_from: float | None,
    review_from: float | None,
    limit_days: int | None,
    models: Path | None,
    without: list[str] | None,
) -> "Knobs":
    from policy.shadow import HOLDING_BACK, Knobs

    if act_from is not None and review_from is not None and review_from > act_from:
        raise typer.BadParameter("it lies above --act-from", param_hint="--review-from")
    if unknown := sorted(set(without or ()) - set(HOLDING_BACK)):
        raise typer.BadParameter(
            f"{unknown[0]} is none of {', '.join(HOLDING_BACK)}", param_hint="--without"
        )
    return Knobs(
        act_from=act_from,
        review_from=review_from,
        limit_days=limit_days,
        models=str(models.resolve()) if models else None,
        without=tuple(without or ()),
    )


def _told(found: "Replayed") -> str:
    lines = [
        f"{row.group_id}  {row.lang}  {row.accounts} accounts  "
        + "  ".join(f"{each}: {row.as_is[each]} -> {row.would_be[each]}" for each in row.as_is)
        for row in found.rows
    ]
    lines += [f"{group}: not measured: {why}" for group, why in found.not_measured.items()]
    lines.append(f"{found.differing} accounts would fare otherwise")
    lines += [
        f"  {one.account_id}  {one.group_id}  {one.lang}  {one.as_is.most} -> {one.would_be.most}"
        f"  {one.as_is.days_limited:g} -> {one.would_be.days_limited:g} days limited"
        for one in found.differ[:50]
    ]
    return "\n".join(lines)


def _seen(found: "ShadowReport") -> str:
    lines = [_shadow(found.shadow), f"{found.accounts} accounts looked at"]
    lines += [f"  would {cell.replace('/', ', did ')}: {n}" for cell, n in found.table.items()]
    for row in found.rows:
        moved = "" if row.moved is None else f"  {row.in_use:.3f} -> {row.shadow:.3f}"
        apart = "" if row.moved is None else f" on average, {row.moved:.3f} apart"
        lines.append(
            f"  {row.group_id}  {row.lang}  {row.accounts} accounts, {row.otherwise} otherwise"
            f"{moved}{apart}"
        )
    lines += [
        f"    {one.account_id}  {one.lang}  {one.did} -> {one.would}"
        + ("" if one.in_use is None else f"  {one.in_use:.3f} -> {one.probability:.3f}")
        for one in found.otherwise[:50]
    ]
    return "\n".join(lines)


def _shadow(one: "Shadow") -> str:
    turned = one.knobs.model_dump(exclude_none=True)
    knobs = ", ".join(f"{name} {value}" for name, value in turned.items()) or "all as it is"
    model = f" ({one.model})" if one.model else ""
    return f"{one.id}  {one.group_id}  {knobs}{model}  {'ended' if one.ended_at else 'running'}"
