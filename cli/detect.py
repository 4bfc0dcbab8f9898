"""`concert detect`: who acts in concert in a set of posts."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import method as peers
from cli.columns import Map, parsed
from cli.edge import AsJson, Failed, emit, office, settings

if TYPE_CHECKING:
    from coordination.result import DetectReport

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def detect(
    source: Annotated[
        str,
        typer.Argument(help="A CSV or Parquet file, a folder of Parquet, or the word lake."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The folder to write into.", show_default=False)],
    on: Annotated[
        str,
        typer.Option(
            help="Layers: repost, quote, url, domain, hashtag, hashtag_sequence, text, near_text, "
            "reply, reply_account, media, linkage, column:NAME; and swarm: calls, and bursts after "
            "them."
        ),
    ] = "repost,url,hashtag,text,reply",
    window: Annotated[
        str,
        typer.Option(
            help="How far apart two posts may be (ms, s, m, h, d); one for all layers, or "
            "layer=window,… for some."
        ),
    ] = "60s",
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    linkages: Annotated[
        Path | None, typer.Option(help="A file of linkages.", show_default=False)
    ] = None,
    level: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Expected share of false edges.")
    ] = 0.01,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    group: Annotated[
        str | None,
        typer.Option(
            help="Keep the findings in this group's dossier, and ask people what they show.",
            show_default=False,
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="A folder that keeps what was seen: the input then holds only what is new.",
            show_default=False,
        ),
    ] = None,
    column_map: Map = "",
    method: peers.Name = "concert",
    min_participation: peers.MinParticipation = 2,
    loops: peers.Loops = False,
    edge_weight: peers.EdgeWeight = None,
    fast: peers.Fast = None,
    subgraph: peers.Subgraph = 0,
    network: peers.Network = "co-retweet",
    min_weight: peers.MinWeight = 1,
    as_json: AsJson = False,
) -> None:
    """Find accounts that act in concert, with evidence, and test it against chance.

    Writes edges.parquet, evidence.parquet, clusters.parquet, network.graphml and report.html. A
    finding says what it shows and what it does not; "insufficient data" is an answer.

    With --method coortweet or cnt it writes edges.parquet alone, by that tool's rules.

    Example: concert detect lake --on repost,url --window 60s,url=10m --out out
    """
    layers = [part.strip() for part in on.split(",") if part.strip()]
    windows = _windows(window, layers)

    fields = parsed(column_map)
    path = settings().lake if source == "lake" else Path(source)
    if source == "lake" and not (path / "posts").is_dir():
        raise Failed(f"{path}: the lake holds no posts yet: concert ingest brings them in")
    if method != "concert":
        from coordination.method import Method

        asked = Method(
            name=method,
            window=peers.one_window(windows),
            min_participation=min_participation,
            loops=loops,
            edge_weight=edge_weight,
            fast=None if fast is None else _span(fast, "--fast"),
            subgraph=subgraph,
            network=network,
            min_weight=min_weight,
        )
        peers.write_network(path, asked, out=out, engine=engine, fields=fields, as_json=as_json)
        return

    from cli.progress import bars
    from coordination.detect import detect as run
    from coordination.opening import Ran

    score = None
    if "swarm" in layers:
        # Models take long to load, and nothing else here asks them.
        from casework.scoring import Models
        from casework.swarm_score import harm_score

        score = harm_score(Models(settings()))
    with bars() as tell:
        report = run(
            path,
            on=layers,
            window=windows,
            out=out,
            engine=engine,
            seed=seed,
            level=level,
            fields=fields,
            linkages=linkages,
            score=score,
            state=state,
            progress=lambda _step, done: tell("detect", round(100 * done), 100),
        )
    Ran(
        source=str(path.resolve()),
        fields=fields or {},
        windows_s=report.windows_s,
        left_out={layer: [name for name, _ in some] for layer, some in report.left_out.items()},
        state=None if state is None else str(state.resolve()),
    ).write(out)
    text = _told(report, out)
    if group is not None:
        from casework.found import ask_about, keep_findings, touching

        with office() as here:
            # A file is chosen for the group; the lake holds everybody's posts.
            of_group = list(report.findings)
            if source == "lake":
                of_group = touching(here, report.findings, group)
            kept = keep_findings(here, of_group, group)
            opened = ask_about(here, of_group, group, report.texts)
        text += f"\n{kept} findings kept in the dossier of {group}, {opened} put before people"
        if others := len(report.findings) - len(of_group):
            text += f"; {others} name fewer than two of its members and stand in the report alone"
    emit(_value(report), as_json=as_json, text=text)


def _windows(text: str, layers: list[str]) -> timedelta | dict[str, timedelta]:
    """`60s`, or `60s,url=10m`: one window for all layers, and others for some."""
    usual: timedelta | None = None
    own: dict[str, timedelta] = {}
    for part in (piece.strip() for piece in text.split(",") if piece.strip()):
        layer, sign, span = part.rpartition("=")
        if not sign:
            usual = _span(part)
        elif layer in layers:
            own[layer] = _span(span)
        else:
            raise typer.BadParameter(f"{layer!r} is no layer of --on", param_hint="--window")
    if not own and usual is not None:
        return usual
    # A swarm has windows of its own, of hours: the usual one is about posts on one object.
    missing = [layer for layer in layers if layer not in own and layer not in {"linkage", "swarm"}]
    if usual is None and (missing or not own):
        raise typer.BadParameter(
            f"no window for {', '.join(missing) or 'any layer'}", param_hint="--window"
        )
    asked = [layer for layer in layers if layer != "swarm" or layer in own]
    return {layer: own.get(layer, usual or timedelta(0)) for layer in asked}


def _span(text: str, option: str = "--window") -> timedelta:
    found = _SPAN.fullmatch(text.strip())
    try:
        if found:
            return timedelta(seconds=float(found[1]) * _UNITS[found[2] or ""])
    except OverflowError:
        pass
    raise typer.BadParameter(f"{text!r} is no span such as 60s, 10m or 1h", param_hint=option)


def _told(report: "DetectReport", out: Path) -> str:
    lines = [
        f"{report.actions} actions of {report.accounts} accounts on {', '.join(report.layers)}",
        f"{report.significant} of {report.tested} tested pairs beyond chance",
    ]
    lines += [f"{finding.kind}: {finding.summary}" for finding in report.findings]
    if report.without_time:
        lines.append(f"{report.without_time} rows without a readable time took no part")
    for layer, objects in report.left_out.items():
        lines.append(f"{layer}: {len(objects)} objects had too many pairs and took no part")
    lines.append(f"{out}: {', '.join(report.files)}")
    return "\n".join(lines)


def _value(report: "DetectReport") -> dict[str, object]:
    from dataclasses import fields

    from pydantic_core import to_jsonable_python

    hidden = {"clusters", "texts"}
    found: dict[str, object] = to_jsonable_python(
        {one.name: getattr(report, one.name) for one in fields(report) if one.name not in hidden}
    )
    return {**found, "clusters": len(report.clusters)}
