"""`concert score`: likelihoods for files of posts or accounts, without a store."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.columns import Format, Map, asked, parsed
from cli.edge import AsJson, Failed, emit, read_values, settings

if TYPE_CHECKING:
    from casework.scoring import Models

app = typer.Typer(no_args_is_help=True, help="Likelihoods for files of posts or accounts.")

Out = Annotated[Path, typer.Option("--out", help="The Parquet file to write.", show_default=False)]


@app.command()
def posts(
    path: Annotated[Path, typer.Argument(help="The file of posts.", show_default=False)],
    *,
    out: Out,
    groups: Annotated[
        Path | None,
        typer.Option(help="JSON: a list of groups to hold each post against.", show_default=False),
    ] = None,
    form: Format = None,
    column_map: Map = "",
    as_json: AsJson = False,
) -> None:
    """How likely each policy and harm applies to each post; one row out for each row in.

    Columns: post_id, lang, p_<policy>…, h_<harm>…, uncalibrated (policies joined by |), lane,
    model. Never null. A row that cannot be read whole is scored as far as it can, in lane review.
    With --groups a row for each post and group, and group_id, association (above one half: the
    post reads more like the group's own than 19 of 20 posts of others), association_lane.

    Example: concert score posts posts.parquet --out harm.parquet --map account_id=author
    """
    from casework.score_post_groups import post_groups
    from casework.score_posts import score_posts
    from cli.progress import bars
    from policy.groups import Group

    mapped = parsed(column_map)
    dossiers = read_values(groups, Group) if groups is not None else []
    if groups is not None and not dossiers:
        raise Failed(f"{groups}: there is no group in it")
    with asked(), bars() as tell:
        models = _models()
        ties = (
            post_groups(models.association, path, dossiers, form=form, column_map=mapped)
            if dossiers
            else None
        )
        found = score_posts(
            models.harm,
            path,
            out,
            form=form,
            column_map=mapped,
            groups=ties,
            progress=lambda share, _rows: tell(path.name, round(100 * share), 100),
        )
    lanes = ", ".join(f"{count} {lane}" for lane, count in found.lanes.items())
    lines = [f"{out}: {found.rows} posts: {lanes}"]
    lines += _troubles(found.troubled, found.troubles)
    emit({"out": str(out), **asdict(found)}, as_json=as_json, text="\n".join(lines))


@app.command()
def accounts(
    *,
    posts: Annotated[Path, typer.Option(help="The file of posts.", show_default=False)],
    groups: Annotated[Path, typer.Option(help="JSON: a list of groups.", show_default=False)],
    out: Out,
    profiles: Annotated[
        Path | None, typer.Option(help="A file of account profiles.", show_default=False)
    ] = None,
    form: Format = None,
    column_map: Map = "",
    as_json: AsJson = False,
) -> None:
    """How likely each account belongs to each group; one row for each account and group.

    The accounts are those with a row in the posts. Columns: account_id, group_id, probability,
    low, high, lane, primary_use (share of recent posts), model. Never null. --map serves both
    files: what it names and the profiles lack is not asked of them.

    Example: concert score accounts --posts posts.csv --groups groups.json --out found.parquet
    """
    from casework.score_accounts import score_accounts
    from cli.progress import bars
    from policy.groups import Group

    mapped = parsed(column_map)
    dossiers = read_values(groups, Group)
    if not dossiers:
        raise Failed(f"{groups}: there is no group in it")
    with asked(), bars() as tell:
        found = score_accounts(
            _models().association,
            posts,
            out,
            groups=dossiers,
            profiles=profiles,
            form=form,
            column_map=mapped,
            progress=tell,
        )
    lines = [f"{out}: {found.accounts} accounts, {found.rows} rows"]
    for group, counts in found.lanes.items():
        told = ", ".join(f"{count} {lane}" for lane, count in counts.items())
        lines.append(f"{group}: {told}; act lane {found.act_lanes[group]}")
    lines += _troubles(found.rejected, found.troubles)
    emit({"out": str(out), **asdict(found)}, as_json=as_json, text="\n".join(lines))


def _models() -> "Models":
    from casework.scoring import Models

    return Models(settings())


def _troubles(count: int, first: list[str]) -> list[str]:
    if not count:
        return []
    shown = first[:10]
    lines = [f"{count} rows could not be taken whole:", *shown]
    if count > len(shown):
        lines.append(f"… and {count - len(shown)} more (--json tells the first 100)")
    return lines
