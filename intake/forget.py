"""Taking rows out of the lake: what a person has a right to, and what is older than may be kept.

Parts are written anew without the rows, one at a time and each whole, under the lake's lock; the
log keeps its numbers, so every cursor stays where it is. A kill in between leaves some parts still
to do: asking again does the rest.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intake import parts
from intake.commits import Commit, Log, write_whole
from intake.items import Kind

_OWNER: dict[str, tuple[str, ...]] = {
    Kind.POSTS: ("account_id",),
    Kind.ACCOUNTS: ("account_id",),
    Kind.LINKAGES: ("account_id",),
    Kind.FOLLOWS: ("follower_id", "followed_id"),
    parts.REJECTS: ("account_id",),
}
_NAMED = ("reposted_account_id", "replied_to_account_id")
"""Columns of other people's posts that name an account."""

Change = Callable[[str, pa.Table], pa.Table]


def forget_account(folder: Path, account_id: str) -> dict[str, int]:
    """Remove an account's rows, and its id from other people's posts; rows gone, by kind."""

    def change(kind: str, table: pa.Table) -> pa.Table:
        owners = [table[column].to_pylist() for column in _OWNER[kind]]
        keep = [account_id not in row for row in zip(*owners, strict=True)]
        if kind == parts.REJECTS:
            raw = table["raw"].to_pylist()
            keep = [
                kept and account_id not in (text or "")
                for kept, text in zip(keep, raw, strict=True)
            ]
        table = table.filter(pa.array(keep, pa.bool_()))
        return _unnamed(table, account_id) if kind == Kind.POSTS else table

    return _rewrite(folder, change)


def forget_before(folder: Path, moment: datetime) -> dict[str, int]:
    """Remove posts written, and looks taken, before a moment; undated rows stay."""
    column = {Kind.POSTS: "created_at"}

    def change(kind: str, table: pa.Table) -> pa.Table:
        if kind == parts.REJECTS:
            return table
        dated = table[column.get(Kind(kind), "observed_at")].to_pylist()
        return table.filter(pa.array([at is None or at >= moment for at in dated], pa.bool_()))

    return _rewrite(folder, change)


def _unnamed(table: pa.Table, account_id: str) -> pa.Table:
    """Other people's posts, without the id of an account that they name."""
    for column in (*_NAMED, "mentions"):
        at = table.column_names.index(column)
        named: list[Any] = table[column].to_pylist()
        kept = [
            [one for one in row if one != account_id]
            if isinstance(row, list)
            else None
            if row == account_id
            else row
            for row in named
        ]
        if kept != named:
            field = table.schema.field(at)
            table = table.set_column(at, field, pa.array(kept, field.type))
    return table


def _rewrite(folder: Path, change: Change) -> dict[str, int]:
    gone: dict[str, int] = {}
    log = Log(folder)
    if not folder.is_dir():
        return gone
    with log.locked():
        for commit in log.commits():
            left = dict(commit.parts)
            for kind in commit.parts:
                path = parts.part_path(folder, kind, commit.number)
                before = pq.read_table(path, schema=parts.SCHEMAS[kind])
                after = change(kind, before)
                if after.equals(before):
                    continue
                write_whole(path, partial(pq.write_table, after, compression="zstd"))
                left[kind] = after.num_rows
                gone[kind] = gone.get(kind, 0) + before.num_rows - after.num_rows
            if left != commit.parts:
                _recount(folder, commit, left)
    return gone


def _recount(folder: Path, commit: Commit, left: dict[str, int]) -> None:
    path = folder / "commits" / f"{commit.number:08d}.json"
    text = commit.model_copy(update={"parts": left}).model_dump_json()
    write_whole(path, lambda draft: draft.write_text(text, encoding="utf-8"))
