"""The tables of one run: actions under short numbers, so that joins carry integers, not texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.duckdb import Backend


@dataclass(frozen=True)
class Workspace:
    """Actions by number, and the names behind the numbers."""

    con: Backend
    acts: ir.Table
    """row, layer (text), object, account, post, time; row orders by time, then by post."""
    objects: ir.Table
    """code, layer, name. Codes of accounts and objects follow the order of their names."""
    accounts: ir.Table
    posts: ir.Table

    def store(self, name: str, expression: ir.Table) -> ir.Table:
        """Compute an expression once, into the scratch database."""
        return self.con.create_table(name, expression, overwrite=True)

    def keep(self, name: str, table: pa.Table) -> ir.Table:
        """Store an Arrow table."""
        return keep(self.con, name, table)

    def keep_all(self, name: str, tables: Iterable[pa.Table], none: pa.Table) -> ir.Table:
        """Store tables one after the other as one; `none`, without rows, tells the columns."""
        stored = keep(self.con, name, none)
        for table in tables:
            self.con.con.from_arrow(table).insert_into(name)
        return stored

    @property
    def scratch(self) -> Path:
        """The folder of what does not fit in memory; it goes when the run ends."""
        found = self.con.raw_sql("SELECT current_setting('temp_directory')").fetchone()
        return Path(found[0])

    def key(self, layer: str) -> str:
        """A name for tables of a layer, whatever characters the layer's name has."""
        return "layer_" + "".join(f"{ord(c):x}" if not c.isalnum() else c for c in layer)

    def layer(self, layer: str, without: ir.Table | None = None) -> ir.Table:
        """The actions of one layer, without the objects in `without`."""
        rows = self.acts.filter(self.acts.layer == layer)
        return rows if without is None else rows.anti_join(without, "object")


def keep(con: Backend, name: str, table: pa.Table) -> ir.Table:
    """An Arrow table as a table of DuckDB.

    Ibis's own way loads pandas for it, which takes longer than a small run itself.
    """
    con.drop_table(name, force=True)
    con.con.from_arrow(table).create(name)
    return con.table(name)


def workspace(con: Backend, actions: ir.Table) -> Workspace:
    """Store actions (layer, object, account, post, time) under numbers."""
    named = con.create_table("named", actions, overwrite=True)
    accounts = con.create_table(
        "accounts", _codes(named.select(name=named.account)), overwrite=True
    )
    posts = con.create_table("posts_", _codes(named.select(name=named.post)), overwrite=True)
    objects = con.create_table(
        "objects", _codes(named.select("layer", name=named.object)), overwrite=True
    )
    coded = (
        named.inner_join(
            objects.rename(object_code="code"),
            [("layer", "layer"), ("object", "name")],
        )
        .inner_join(accounts.rename(account_code="code"), [("account", "name")])
        .inner_join(posts.rename(post_code="code"), [("post", "name")])
    )
    acts = con.create_table(
        "acts",
        coded.select(
            "layer",
            "time",
            object=coded.object_code,
            account=coded.account_code,
            post=coded.post_code,
            row=ibis.row_number().over(
                order_by=[coded.time, coded.post_code, coded.object_code, coded.account_code]
            ),
        ),
        overwrite=True,
    )
    con.drop_table("named")
    return Workspace(con, acts, objects, accounts, posts)


def _codes(names: ir.Table) -> ir.Table:
    distinct = names.distinct()
    order = ibis.row_number().over(order_by=[distinct[c] for c in distinct.columns])
    return distinct.mutate(code=order)
