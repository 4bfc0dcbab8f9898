"""The tables of one run: actions under short numbers, so that what is counted carries no texts.

Objects and posts go by 64 bits of a hash: only their sameness counts, and among a hundred million
names some two are taken for one with chance 0.0003. Accounts go by exact numbers in the order of
their names. Names of objects and posts are looked up in the input again, for what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow.parquet as pq

from coordination.engine import arrow, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.duckdb import Backend
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Workspace:
    """Actions by number, and the names behind the numbers."""

    con: Backend
    acts: ir.Table
    """layer (text), object, account, post, time; an action is there once, at its earliest time."""
    accounts: ir.Table
    """code, name."""
    named: ir.Table
    """layer, object, account, post, time as they came, by name."""

    @property
    def objects(self) -> ir.Table:
        """code, layer, name: read from the input each time."""
        found = self.named.select("layer", name=self.named.object).distinct()
        return found.mutate(code=fingerprint(found.name))

    def account_names(self) -> pa.Array[Any]:
        """Names of all accounts, by their number."""
        ordered = self.accounts.order_by("code").select("name")
        return arrow(self.con, ordered)["name"].combine_chunks()

    def names(self, column: str, codes: ir.Table) -> ir.Table:
        """code, name of some objects or posts; `codes` has their code. Read and stored now."""
        found = self.named.select(name=self.named[column])
        found = found.mutate(code=fingerprint(found.name)).semi_join(codes, "code")
        return self.store(f"names_{column}", found.distinct())

    def store(self, name: str, expression: ir.Table) -> ir.Table:
        """Compute an expression once."""
        return self.con.create_table(name, expression, overwrite=True)

    def keep(self, name: str, columns: Mapping[str, NDArray[Any]]) -> ir.Table:
        """Columns of numbers as a table, which is the arrays themselves."""
        name = ibis.util.gen_name(name)
        # Handed over as an Arrow table, DuckDB would load pandas for it.
        self.con.con.register(name, dict(columns))
        return self.con.table(name)

    def keep_all(self, name: str, tables: Iterable[pa.Table]) -> Path:
        """Write tables one after the other to a file in `scratch`; at least one, be it empty."""
        path = self.scratch / f"{name}.parquet"
        writer: pq.ParquetWriter | None = None
        for table in tables:
            if writer is None:
                writer = pq.ParquetWriter(
                    path, table.schema, compression="none", use_dictionary=False,
                    write_statistics=False, store_schema=False,
                )  # fmt: skip
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
        assert writer is not None
        writer.close()
        return path

    @property
    def scratch(self) -> Path:
        """The folder of what does not fit in memory; it goes when the run ends."""
        found = self.con.raw_sql("SELECT current_setting('temp_directory')").fetchone()
        return Path(found[0])

    @property
    def threads(self) -> int:
        """How many threads the engine was given; what is done in numpy takes as many."""
        found = self.con.raw_sql("SELECT current_setting('threads')").fetchone()
        return int(found[0])

    def key(self, layer: str) -> str:
        """A name for tables of a layer, whatever characters the layer's name has."""
        return "layer_" + "".join(f"{ord(c):x}" if not c.isalnum() else c for c in layer)

    def layer(self, layer: str, without: ir.Table | None = None) -> ir.Table:
        """The actions of one layer, without the objects in `without`."""
        rows = self.acts.filter(self.acts.layer == layer)
        return rows if without is None else rows.anti_join(without, "object")


def workspace(con: Backend, actions: ir.Table) -> Workspace:
    """Store actions (layer, object, account, post, time) under numbers.

    A post that is there twice with one object is one action, at its earliest time.
    """
    named = con.create_table(
        "actions_named",
        actions.select(
            "layer", "account", "time",
            object=fingerprint(actions.object),
            post=fingerprint(actions.post),
        ),
        overwrite=True,
    )  # fmt: skip
    names = named.select(name=named.account).distinct()
    code = ibis.row_number().over(order_by=names.name).cast("int32")
    accounts = con.create_table("accounts", names.mutate(code=code), overwrite=True)
    coded = named.inner_join(accounts, [("account", "name")]).select(
        "layer", "object", "post", "time", account=accounts.code
    )
    acts = coded.group_by("layer", "object", "account", "post").agg(time=coded.time.min())
    acts = con.create_table("acts", acts, overwrite=True)
    con.drop_table("actions_named")
    return Workspace(con, acts, accounts, actions)
