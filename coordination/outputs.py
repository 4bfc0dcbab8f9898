"""The files of a run: edges, evidence and clusters as Parquet, the network as GraphML, a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from coordination.arrays import WHEN, column, named, numbers, of_one_layer
from coordination.engine import arrow, moment
from coordination.graphml import write_graphml
from coordination.parallel import one_ahead
from coordination.report import render
from coordination.written import write_edges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import ibis.expr.types as ir

    from coordination.layer import Layer
    from coordination.result import Cluster, DetectReport
    from coordination.tested import Tested
    from coordination.workspace import Workspace

TOP_OBJECTS = 5


def write_outputs(
    report: DetectReport,
    work: Workspace,
    out: Path,
    *,
    layers: Sequence[Layer],
    tested: Tested,
    shown: ir.Table,
    texts: Mapping[str, str],
) -> DetectReport:
    """Write all files into `out` and return the report with their paths."""
    out.mkdir(parents=True, exist_ok=True)

    def parquet(table: ir.Table) -> Callable[[Path], None]:
        return lambda path: work.con.to_parquet(table, path)

    def edges(path: Path) -> None:
        if len(layers) == 1:
            write_edges(one_ahead(_of_one_layer(work, layers[0], tested), work.threads), path)
        else:
            work.con.to_parquet(_named(work, _edges(work, layers, tested)), path)

    def graph(path: Path) -> None:
        written = work.con.read_parquet(str(out / "edges.parquet"))
        joined = written.filter(written.q <= report.level).order_by("source", "target")
        write_graphml(arrow(work.con, joined), report.clusters, path)

    page = render(report, texts)

    def html(path: Path) -> None:
        path.write_text(page, encoding="utf-8")

    writers: dict[str, Callable[[Path], None]] = {
        "edges.parquet": edges,
        "evidence.parquet": parquet(shown),
        "clusters.parquet": lambda path: pq.write_table(_clusters(report), path),
        "network.graphml": graph,
        "report.html": html,
    }
    return write_files(replace(report, texts=texts), out, writers)


def write_files(
    report: DetectReport, out: Path, writers: Mapping[str, Callable[[Path], object]]
) -> DetectReport:
    """Write files into `out`, each whole or not at all; the report with their paths as well."""
    out.mkdir(parents=True, exist_ok=True)
    files = dict(report.files)
    for name, write in writers.items():
        # A reader never sees half a file, and a killed run leaves the last one's whole.
        part = out / f".{name}.part"
        write(part)
        part.replace(out / name)
        files[name] = out / name
    return replace(report, files=files)


def _edges(work: Workspace, layers: Sequence[Layer], tested: Tested) -> ir.Table:
    """One row for each pair of accounts (by number), layers added up, with times and p-values.

    weight: pairs of posts over all layers; layers: their names; first, last: the earliest and the
    latest post; avg_time_delta: seconds; leads: -1 (target came first) to 1 (source); p_timing,
    p_audience, q: of the layer with the least q, the first by name of several; 1 where the pair
    met too seldom to be tested.
    """
    parts = [
        layer.edges.mutate(layer=ibis.literal(layer.name), at=ibis.literal(at, "int64"))
        for at, layer in enumerate(layers)
    ]
    everything = ibis.union(*parts)
    p = work.keep("tests", tested.columns())
    joined = everything.left_join(
        p.select("source", "target", "p_timing", "p_audience", "q", at="layer"),
        ["at", "source", "target"],
    )
    ones = {name: joined[name].fill_null(1.0) for name in ("p_timing", "p_audience", "q")}
    # Whole numbers, as they were counted: their sum is the same in whatever order layers come.
    summed = {
        name: (joined[name] * joined.weight).round().cast("int64")
        for name in ("avg_delta", "leads")
    }
    joined = joined.mutate(**ones, **summed)
    fused = joined.group_by("source", "target").agg(
        weight=joined.weight.sum(),
        occasions=joined.occasions.max(),
        layers=joined.layer.collect(),
        first=joined["first"].min(),
        last=joined["last"].max(),
        p_timing=joined.p_timing.first(order_by=[joined.q, joined.layer]),
        p_audience=joined.p_audience.first(order_by=[joined.q, joined.layer]),
        q=joined.q.min(),
        avg_time_delta=joined.avg_delta.sum() / joined.weight.sum() / 1e6,
        leads=joined.leads.sum() / joined.weight.sum(),
    )
    return work.store("fused", fused.mutate(layers=fused.layers.sort()))


def _of_one_layer(work: Workspace, layer: Layer, tested: Tested) -> Iterator[pa.Table]:
    """The same of a layer alone, whose pairs are there once each, in order: nothing is joined."""
    every = work.account_names()
    key = (tested.source << 32) | tested.target
    file = pq.ParquetFile(layer.edges_file)
    for block in range(file.num_row_groups):
        some = file.read_row_group(block)
        found = {name: numbers(some[name]) for name in some.column_names}
        source, target = found["source"], found["target"]
        edge = (source << 32) | target
        rows = slice(*np.searchsorted(key, [edge[0], edge[-1] + 1])) if len(edge) else slice(0)
        at = np.searchsorted(edge, key[rows])
        p = {name: np.ones(len(source)) for name in ("p_timing", "p_audience", "q")}
        for name, values in p.items():
            values[at] = getattr(tested, name)[rows]
        columns = {
            "source": named(source, every),
            "target": named(target, every),
            "weight": column(found["weight"]),
            "layers": of_one_layer(layer.name, len(source)),
            "first": column(found["first"], WHEN),
            "last": column(found["last"], WHEN),
            "occasions": column(found["occasions"]),
            **{name: column(values) for name, values in p.items()},
            "avg_time_delta": column(found["avg_delta"] / 1e6),
            "leads": column(found["leads"]),
        }
        yield pa.table(columns)


def _named(work: Workspace, fused: ir.Table) -> ir.Table:
    """With names for numbers, in their order."""
    a = work.accounts.select(source="code", source_name="name")
    b = work.accounts.select(target="code", target_name="name")
    # Numbers follow names, and are sorted in a fraction of the time.
    named = fused.inner_join(a, "source").inner_join(b, "target").order_by("source", "target")
    return named.select(
        source=named.source_name,
        target=named.target_name,
        weight=named.weight,
        layers=named.layers,
        first=moment(named["first"]),
        last=moment(named["last"]),
        occasions=named.occasions,
        p_timing=named.p_timing,
        p_audience=named.p_audience,
        q=named.q,
        avg_time_delta=named.avg_time_delta,
        leads=named.leads,
    )


def _clusters(report: DetectReport) -> pa.Table:
    rows = [_cluster_row(cluster) for cluster in report.clusters]
    text, number = pa.string(), pa.float64()
    when = pa.timestamp("us", "UTC")
    top = pa.list_(pa.struct([("layer", text), ("object", text), ("pairs", pa.int64())]))
    schema = pa.schema(
        [
            ("cluster", pa.int64()), ("size", pa.int64()), ("accounts", pa.list_(text)),
            ("layers", pa.list_(text)), ("edges", pa.int64()), ("pairs", pa.int64()),
            ("leaders", pa.list_(text)), ("started", when), ("ended", when),
            ("p_timing", number), ("p_timing_error", number), ("p_audience", number),
            ("q", number), ("stability", number), ("top_objects", top),
            ("days", pa.map_(pa.date32(), pa.int64())),
        ]
    )  # fmt: skip
    # Arrow loads pandas to make arrays of values.
    return pa.Table.from_pylist(rows, schema=schema) if rows else pa.Table.from_batches([], schema)


def _cluster_row(cluster: Cluster) -> dict[str, object]:
    return {
        "cluster": cluster.number,
        "size": len(cluster.accounts),
        "accounts": cluster.accounts,
        "layers": cluster.layers,
        "edges": cluster.edges,
        "pairs": len(cluster.pairs),
        "leaders": cluster.leaders,
        "started": cluster.started,
        "ended": cluster.ended,
        "p_timing": cluster.p_timing_cluster,
        "p_timing_error": cluster.p_error,
        "p_audience": cluster.p_audience_cluster,
        "q": cluster.q,
        "stability": cluster.stability,
        "top_objects": [
            {"layer": layer, "object": name, "pairs": count}
            for (layer, name), count in cluster.top_objects(TOP_OBJECTS)
        ],
        "days": sorted(cluster.days().items()),
    }
