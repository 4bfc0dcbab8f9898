"""The command line: which commands there are. Each is a thin shell on a use case."""

import os
import sys
from typing import Annotated

import typer

from cli import (
    appeal,
    assess,
    audit,
    control,
    designate,
    detect,
    doctor,
    events,
    finding,
    group,
    incident,
    ingest,
    keeping,
    key,
    pairs,
    review,
    reviewer,
    roll,
    score,
    serve,
    shadow,
    statements,
    training,
)
from cli.edge import err, guarded

app = typer.Typer(
    name="concert",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Finds groups that act in concert and cause harm; carries out, explains, expires and "
    "undoes what was decided.",
    epilog="Settings are environment variables or a .env file, each named CONCERT_…; "
    "Example: concert doctor",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"concert {version('concert')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and end.")
    ] = False,
) -> None: ...


app.command("up", rich_help_panel="Run")(serve.up)
app.command("serve", rich_help_panel="Run")(serve.serve)
app.add_typer(review.app, name="review", rich_help_panel="Run")
app.add_typer(reviewer.app, name="reviewer", rich_help_panel="Run")
app.command("roll", rich_help_panel="Run")(roll.roll)
app.command("doctor", rich_help_panel="Run")(doctor.doctor)
app.command("ingest", rich_help_panel="Data")(ingest.ingest)
app.command("detect", rich_help_panel="Data")(detect.detect)
app.command("pairs", rich_help_panel="Data")(pairs.pairs)
app.add_typer(score.app, name="score", rich_help_panel="Data")
app.add_typer(training.train, name="train", rich_help_panel="Models")
app.add_typer(training.evaluate, name="evaluate", rich_help_panel="Models")
app.command("promote", rich_help_panel="Models")(training.promote)
app.add_typer(group.app, name="group", rich_help_panel="Case work")
app.add_typer(finding.app, name="finding", rich_help_panel="Case work")
app.add_typer(incident.app, name="incident", rich_help_panel="Case work")
app.command("assess", rich_help_panel="Case work")(assess.assess)
app.add_typer(designate.app, name="designate", rich_help_panel="Case work")
app.add_typer(appeal.app, name="appeal", rich_help_panel="Case work")
app.add_typer(control.brake, name="brake", rich_help_panel="Case work")
app.add_typer(control.bulk, name="bulk", rich_help_panel="Case work")
app.add_typer(shadow.trend, name="trend", rich_help_panel="Case work")
app.add_typer(shadow.shadow, name="shadow", rich_help_panel="Case work")
app.command("replay", rich_help_panel="Case work")(shadow.replay)
app.add_typer(statements.app, name="statements", rich_help_panel="Case work")
app.add_typer(events.app, name="events", rich_help_panel="Keeping")
app.command("backup", rich_help_panel="Keeping")(keeping.backup)
app.command("restore", rich_help_panel="Keeping")(keeping.restore)
app.command("report", rich_help_panel="Keeping")(keeping.report)
app.command("research", rich_help_panel="Keeping")(keeping.research)
app.command("retain", rich_help_panel="Keeping")(keeping.retain)
app.add_typer(keeping.subject, name="subject", rich_help_panel="Keeping")
app.add_typer(audit.app, name="audit", rich_help_panel="Keeping")
app.add_typer(key.app, name="key", rich_help_panel="Keeping")


def main() -> int:
    """Run `concert`; the exit code."""
    # Nothing is fetched at run time, and the bars of the libraries below are not ours.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")
    for number, word in enumerate(sys.argv[1:], start=1):
        if not _is_text(word):
            # Neither the store nor JSON can hold it, so no command could be asked with it.
            err.print(f"error: argument {number} is not UTF-8 text: {word!a}", markup=False)
            return 2
    return guarded(app)


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True
