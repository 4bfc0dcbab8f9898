"""`concert detect --method coortweet|cnt`: the peers' networks, for people who move over."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import emit
from cli.progress import bars

if TYPE_CHECKING:
    from coordination.method import Method

_PANEL = "As the peers do (--method)"

Name = Annotated[
    str,
    typer.Option(
        help="concert; or a peer's network by its own rules, untested: coortweet or cnt.",
        rich_help_panel=_PANEL,
    ),
]
MinParticipation = Annotated[
    int, typer.Option(min=1, help="coortweet: shares an account must have.", rich_help_panel=_PANEL)
]
Loops = Annotated[
    bool,
    typer.Option("--loops", help="Keep an account's pairs with itself.", rich_help_panel=_PANEL),
]
EdgeWeight = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        help="coortweet: mark edges above this quantile of weights (weight_threshold).",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Fast = Annotated[
    str | None,
    typer.Option(
        help="coortweet: a narrower window, counted beside (flag_speed_share).",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Subgraph = Annotated[
    int,
    typer.Option(
        min=0,
        max=3,
        help="coortweet: 0 all edges, 1 above the threshold, 2 of the fast network, 3 around it.",
        rich_help_panel=_PANEL,
    ),
]
Network = Annotated[
    str,
    typer.Option(
        help="cnt, for posts: co-retweet, co-tweet, co-link, co-reply or co-post.",
        rich_help_panel=_PANEL,
    ),
]
MinWeight = Annotated[
    int, typer.Option(min=1, help="cnt: least weight of an edge.", rich_help_panel=_PANEL)
]


def write_network(
    source: Path,
    method: "Method",
    *,
    out: Path,
    engine: str,
    fields: dict[str, str] | None,
    as_json: bool,
) -> None:
    """Run a peer's method and tell what it counted."""
    from coordination.method import run_method

    with bars() as tell:
        report = run_method(
            source,
            method,
            out=out,
            engine=engine,
            fields=fields,
            progress=lambda _step, done: tell("detect", round(100 * done), 100),
        )
    text = (
        f"{report.edges} edges of weight {report.weight} from {report.shares} shares of "
        f"{report.accounts} accounts, by the rules of {report.method}; none is tested against "
        f"chance\n{report.path}"
    )
    emit(asdict(report) | {"path": str(report.path)}, as_json=as_json, text=text)


def one_window(windows: timedelta | dict[str, timedelta]) -> timedelta:
    """The window of a method, which has a single one."""
    if isinstance(windows, timedelta):
        return windows
    raise typer.BadParameter("a peer's method has one window", param_hint="--window")
