"""`concert pairs`: the posts behind one edge of a run of `concert detect`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, emit


def pairs(
    folder: Annotated[Path, typer.Argument(help="The folder that concert detect wrote.")],
    account: Annotated[str, typer.Argument(help="An account of the edge.")],
    other: Annotated[str, typer.Argument(help="The other account.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Open the pairs of posts behind any edge, reported or not, with their times.

    Reads the input of the run again: it must lie where it lay.

    Example: concert pairs out 1001 1002
    """
    from pydantic_core import to_jsonable_python

    from coordination.opening import open_edge, ran

    run = ran(folder)
    found = open_edge(
        Path(run.source),
        (account, other),
        windows={name: timedelta(seconds=span) for name, span in run.windows_s.items()},
        fields=run.fields or None,
        left_out=run.left_out,
        state=None if run.state is None else Path(run.state),
    )
    lines = [
        f"{one.at:%Y-%m-%d %H:%M:%S} {one.account_id} {one.post_id} · "
        f"{one.other_at:%Y-%m-%d %H:%M:%S} {one.other_account_id} {one.other_post_id} · "
        f"{one.layer} {one.object}"
        for one in found
    ]
    lines.append(f"{len(found)} pairs of posts")
    emit(to_jsonable_python(found), as_json=as_json, text="\n".join(lines))
