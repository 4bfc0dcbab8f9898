"""`concert doctor`: what is set up, reachable and versioned, and what to do where it is not."""

from typing import Annotated

import typer

from cli.edge import AsJson, emit, settings

_MARKS = {"ok": "ok  ", "note": "note", "broken": "FAIL"}


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Verify the whole audit log, however long it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is set up, reachable and versioned; exit code 1 if something needed is broken.

    Secrets are masked. Parts that are simply not running are noted, not failed.

    Example: concert doctor --json
    """
    from cli.checks import examine

    checks = examine(settings(), deep=deep)
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{_MARKS[check.state]}  {check.name:<{width}}  {check.says}")
        if check.do:
            lines.append(f"      {'':<{width}}  → {check.do}")
    broken = sum(check.state == "broken" for check in checks)
    lines.append(f"{broken} things are broken." if broken else "Everything that is needed works.")
    emit(
        {"ok": not broken, "checks": [vars(check) for check in checks]},
        as_json=as_json,
        text="\n".join(lines),
    )
    if broken:
        raise typer.Exit(1)
