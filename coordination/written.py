"""Writing edges as Parquet: many rows, few names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

_REPEATED: Any = ["source", "target", "weight", "layers.list.element"]
"""Of the other columns nearly every value is another: a dictionary of them only costs time."""
_DICTIONARY = 1 << 28
"""Bytes of names up to which a block's edges carry their numbers; the preset is one million."""


def write_edges(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables of one schema, at least one, one after the other; each is one row group."""
    writer: pq.ParquetWriter | None = None
    for table in tables:
        if writer is None:
            writer = pq.ParquetWriter(
                path,
                table.schema,
                store_schema=False,
                write_statistics=False,
                use_dictionary=_REPEATED,
                dictionary_pagesize_limit=_DICTIONARY,
            )
        writer.write_table(table, row_group_size=max(table.num_rows, 1))
    assert writer is not None
    writer.close()
