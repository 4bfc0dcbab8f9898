"""`concert roll`: the rolling work."""

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import AsJson, emit, err, is_reason, office, out, settings

if TYPE_CHECKING:
    from casework.office import Office
    from casework.roll import RollReport


def roll(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and make a pass every few seconds.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.2, help="Seconds between passes, with --watch.")
    ] = 3.0,
    as_json: AsJson = False,
) -> None:
    """One pass of the rolling work: new posts, associations, lanes, tasks and restrictions.

    Only what is new is taken; a pass that was cut off does its last part again, nothing twice.

    Example: concert roll --json
    """
    if watch:
        _watch(every, as_json=as_json)
        return
    from casework.roll import roll as roll_once
    from cli.progress import bars

    with office() as here, bars() as tell:
        report = roll_once(here, tell)
    emit(asdict(report), as_json=as_json, text=_told(report))
    if report.problems:
        raise typer.Exit(1)


def _watch(every: float, *, as_json: bool) -> None:
    from casework.roll import roll as roll_once
    from cli.logs import configure
    from cli.waiting import until_stopped

    configure(settings().log_level)
    stop = until_stopped()
    told = ""
    with office() as here:
        while not stop.is_set():
            try:
                report = _stoppable(here, stop, roll_once)
            except _StoppedError:
                break
            except Exception as error:
                # A store that is away or a model that is not there yet is waited for; a fault of
                # our own is not.
                if not is_reason(error):
                    raise
                problems = str(error)
            else:
                problems = "; ".join(report.problems)
                if report.changed:
                    emit(asdict(report), as_json=as_json, text=_told(report))
            if problems and problems != told:
                err.print(problems, markup=False, highlight=False)
            told = problems
            stop.wait(every)
    if not as_json:
        out.print("stopped")


class _StoppedError(Exception):
    """Told to stop in the midst of a pass: what is done stands, the rest is for the next start."""


def _stoppable(here: "Office", stop: threading.Event, roll_once: "_Roll") -> "RollReport":
    def tell(_what: str, _done: int, _of: int) -> None:
        if stop.is_set():
            raise _StoppedError

    return roll_once(here, tell)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Roll = Callable[[Office, Callable[[str, int, int], None]], RollReport]


def _told(report: "RollReport") -> str:
    outcomes = ", ".join(f"{count} {name}" for name, count in report.outcomes.items() if count)
    lines = [f"{report.accounts} accounts measured" + (f": {outcomes}" if outcomes else "")]
    lines += [f"act lane of {group}: {why}" for group, why in report.lanes.items()]
    lines.append(
        f"{report.posts} posts screened: {report.post_cases} cases, "
        f"{report.over_budget} beyond the day's budget"
    )
    if report.suspensions_proposed:
        lines.append(f"{report.suspensions_proposed} suspensions proposed to a person")
    if report.lapsed:
        lines.append(f"{report.lapsed} cases lapsed")
    return "\n".join([*lines, *(f"not done: {one}" for one in report.problems)])
