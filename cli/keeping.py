"""What is kept, for how long, and for whom: backup, reports, a person's rights, research."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import AsJson, Failed, emit, office, person, settings
from cli.group import By

if TYPE_CHECKING:
    from policy.scores import Share

subject = typer.Typer(no_args_is_help=True, help="What is held on one account.")

From = Annotated[
    datetime,
    typer.Option("--from", formats=["%Y-%m-%d"], help="First day.", show_default=False),
]
To = Annotated[
    datetime,
    typer.Option("--to", formats=["%Y-%m-%d"], help="Day after the last.", show_default=False),
]
AccountId = Annotated[str, typer.Argument(help="The account's id.", show_default=False)]


def backup(
    archive: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Write store, lake, Label Studio and secrets into one archive, while everything runs.

    Whoever has the archive has everything: keep it as safe as the data folder.

    Example: concert backup /backup/concert-2026-03-01.tar
    """
    from casework.backup import backup as write
    from cli.progress import bars

    if not archive.parent.is_dir():
        raise Failed(f"{archive.parent}: no such folder")
    with office() as here, bars() as tell:
        made = write(here, archive, tell=tell)
    emit(
        made,
        as_json=as_json,
        text=f"{archive}: {sum(made.rows.values())} rows, {made.lake_commits} commits of the lake, "
        f"{'Label Studio' if made.label_studio else 'no Label Studio of our own'}; "
        f"audit row {made.head[0]}",
    )


def restore(
    archive: Annotated[Path, typer.Argument(help="What backup wrote.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Restore an archive into nothing: an empty CONCERT_HOME and an empty database.

    Everything is checked before it is put in place, and the audit log is verified after it.

    Example: CONCERT_HOME=/srv/concert concert restore /backup/concert-2026-03-01.tar
    """
    from casework.backup import restore as read
    from cli.progress import bars

    here = settings()
    with bars() as tell:
        made = read(here, archive, tell=tell)
    emit(
        made,
        as_json=as_json,
        text=f"{here.home}: restored as of {made.made_at:%Y-%m-%d %H:%M} UTC, audit row "
        f"{made.head[0]}; the audit log verifies",
    )


@subject.command("export")
def export_(
    account_id: AccountId,
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Write all that is held on an account as one JSON file, for that person.

    Example: concert subject export windy_ferry_83 --out held.json
    """
    from casework.subject import export_subject

    with office() as here:
        held = export_subject(here, account_id)
    try:
        out.touch(mode=0o600)
        out.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed(f"{out}: {error.strerror}") from None
    counts = {name: len(part) for name, part in held.items() if isinstance(part, list | dict)}
    text = "\n".join(f"{count} {name}" for name, count in counts.items() if count)
    emit(counts, as_json=as_json, text=f"{text or 'nothing is held'}\nwritten to {out}")


@subject.command()
def erase(
    account_id: AccountId,
    why: Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Erase all that is held on an account; the audit log still verifies.

    Refused while a restriction stands or an appeal is open. Tasks that show the account are
    deleted from Label Studio; where it does not answer, that is done by the next `review sync`, or
    by asking again.

    Example: concert subject erase windy_ferry_83 --why "asked for by the person"
    """
    from casework.erasure import erase as carry_out
    from casework.erasure import pending
    from cli import studio
    from labeling.forget import forget_tasks
    from labeling.studio import Studio, StudioAwayError, StudioRefusedError

    gone: list[int] = []
    with office() as here:
        done = carry_out(here, account_id, actor=person(by), why=why)
        with here.store.reading() as work:
            waits = bool(pending(work))
        if waits:
            tool = Studio(studio.connection(here.settings))
            try:
                gone = forget_tasks(here, tool)
                waits = False
            except (StudioAwayError, StudioRefusedError):
                # It is told below, and kept until it is done.
                pass
            finally:
                tool.close()
    left = sorted(set(done.tasks) - set(gone)) if waits else []
    lines = [
        *(f"{count} {kind} erased" for kind, count in done.documents.items()),
        *(f"{count} {kind} in which they were named" for kind, count in done.redacted.items()),
        *(f"{count} {kind} of the lake" for kind, count in done.lake.items()),
        f"{done.payloads} audit payloads and {done.events} events erased",
        f"{len(gone)} tasks deleted from Label Studio",
    ]
    if waits:
        known = f" (tasks {', '.join(map(str, left))})" if left else ""
        lines.append(
            f"Label Studio does not answer: what it shows of them{known} is deleted by the next "
            "`concert review sync`, or by asking again"
        )
    told = {**vars(done), "tasks_deleted": gone, "tasks_left": left, "label_studio_waits": waits}
    emit(told, as_json=as_json, text="\n".join(lines))
    if waits:
        raise typer.Exit(1)


def report(
    since: From,
    until: To,
    out: Annotated[
        Path | None, typer.Option(help="Write a page too, for people.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The transparency report of a period: counts and shares, no account.

    Example: concert report --from 2026-01-01 --to 2026-07-01 --out transparency.html
    """
    from casework.transparency import report as count
    from casework.transparency_page import render

    if since >= until:
        raise typer.BadParameter("is not after the first day", param_hint="--to")
    with office() as here:
        made = count(here, since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
    if out is not None:
        try:
            out.write_text(render(made), encoding="utf-8")
        except OSError as error:
            raise Failed(f"{out}: {error.strerror}") from None
    share, audited, won = made.automated_share, made.audited, made.appeals.overturned
    lines = [
        f"{made.restrictions} restrictions laid, {share.share:.0%} by software",
        *(f"  {kind}: {count_}" for kind, count_ in made.by_kind.items()),
        f"{made.lifted} lifted early, {made.lapsed_undecided} for want of a decision on an appeal",
        f"{made.appeals_opened} appeals, {made.appeals.decided} decided",
        f"  overturned: {_share(won)}",
        f"found by software and confirmed in random audits: {_share(audited)}",
        *([f"written to {out}"] if out is not None else []),
    ]
    emit(made, as_json=as_json, text="\n".join(lines))


def _share(share: "Share") -> str:
    return f"{share.share:.0%} of {share.posts} ({share.low:.0%} to {share.high:.0%})"


def research(
    out: Annotated[Path, typer.Option(help="An empty folder.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Write a pseudonymised export for research, with a manifest.

    Example: concert research --out /exports/2026-h1
    """
    from casework.research import export_research

    with office() as here:
        made = export_research(here, out)
    lines = [f"{name}: {about['rows']} rows" for name, about in made["files"].items()]
    emit(made, as_json=as_json, text="\n".join([*lines, made["warning"]]))


def retain(
    apply: Annotated[
        bool, typer.Option("--apply", help="Let it go; without it, only say what is due.")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let go of what is past its retention period; decisions and statements stay.

    Example: concert retain --apply
    """
    from casework.retention import Periods, due
    from casework.retention import apply as let_go

    periods = Periods()
    with office() as here:
        gone = let_go(here, periods, actor=person(by)) if apply else due(here, periods)
    verb = "gone" if apply else "due"
    lines = [
        f"{gone.evidence} cases' evidence {verb} (after {periods.evidence.days} days)",
        f"{gone.associations} dismissed associations {verb} (after {periods.dismissed.days} days)",
    ]
    if apply:
        lines.append(f"{gone.events} events gone (after {periods.events.days} days)")
        lines += [f"{count} {kind} of the lake gone" for kind, count in gone.lake.items()]
    emit(vars(gone), as_json=as_json, text="\n".join(lines))
