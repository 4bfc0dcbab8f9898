"""`--method coortweet|cnt`: a peer's network by the peer's rules, in Concert's format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from coordination.arrays import WHEN, column, named, numbers, of_one_layer
from coordination.engine import connect, in_order, land, reader
from coordination.peers import cnt_edges, coortweet, coortweet_edges
from coordination.prints import take_prints
from coordination.source import (
    SHARE_FIELDS,
    InputError,
    Source,
    Tabular,
    is_small,
    open_source,
)
from coordination.subgraph import subgraph
from coordination.tally import Edges
from coordination.written import write_edges

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from coordination.prints import Prints

METHODS = ("coortweet", "cnt")
NETWORKS = ("co-retweet", "co-tweet", "co-link", "co-reply", "co-post")
"""Of coordination-network-toolkit. Its co-similar is quadratic in the window; Concert's own layer
`near_text` is what to use for it."""
SUBGRAPHS = (0, 1, 2, 3)
_MICROS = 1_000_000
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Method:
    """A peer's method with its options, named and preset as the peer has them."""

    name: str
    window: timedelta
    min_participation: int = 2
    """CooRTweet: rows that an account must have."""
    loops: bool = False
    """Keep an account's pairs with itself, and (CooRTweet) a post's own object."""
    edge_weight: float | None = None
    """CooRTweet: the quantile of weights above which `weight_threshold` is 1."""
    fast: timedelta | None = None
    """CooRTweet's `flag_speed_share`: a narrower window, counted beside."""
    subgraph: int = 0
    """CooRTweet: 0 all; 1 edges above the threshold; 2 those of the fast network above its own; 3
    the accounts of 2, their neighbours, and all edges among them."""
    network: str = "co-retweet"
    """coordination-network-toolkit, for posts; a table of shares says itself what is shared."""
    min_weight: int = 1
    """coordination-network-toolkit's minimum edge weight; its own preset is 2."""


@dataclass(frozen=True)
class PeerReport:
    """What a peer's method counted."""

    method: str
    shares: int
    accounts: int
    edges: int
    weight: int
    path: Path


def run_method(
    source: Tabular,
    method: Method,
    *,
    out: Path | str,
    engine: str = "duckdb",
    fields: Mapping[str, str] | None = None,
    threads: int | None = None,
    memory: str = "2GB",
    progress: Progress | None = None,
) -> PeerReport:
    """Write `edges.parquet` of a peer's method into `out`.

    source: as in `detect`. Columns: source, target, weight, layers, first, last, p_timing,
    p_audience and q (null: the peers test nothing), avg_time_delta in seconds; with `edge_weight`
    weight_threshold; with `fast` weight_fast and avg_time_delta_fast.
    Raises InputError (file, column, option), EngineError.
    """
    _check(method)
    tell = progress or (lambda _step, _done: None)
    out = Path(out)
    with tempfile.TemporaryDirectory(prefix="concert-") as folder:
        scratch = Path(folder)
        con = connect(engine, scratch=scratch, threads=threads, memory=memory)
        try:
            tell("reading", 0.0)
            con.raw_sql("SET preserve_insertion_order = true")
            home = reader(engine, con, scratch, threads)
            opened = open_source(home, source, fields=fields, scratch=scratch)
            rows, layer = _shares(opened, method)
            rows = in_order(rows)
            if home is not con:
                rows = land(con, rows, "shares", scratch)
            prints = take_prints(con, rows, scratch, keep=is_small(source))
            tell("pairs", 0.4)
            tables = _tables(method, prints, layer, scratch)
            edges, weight = _write(method, tables, out, tell)
            tell("done", 1.0)
            shares, accounts = int(prints.held.sum()), len(prints.names)
            path = out / "edges.parquet"
            return PeerReport(method.name, shares, accounts, edges, weight, path)
        finally:
            con.disconnect()


def _check(method: Method) -> None:
    if method.name not in METHODS:
        raise InputError(f"method {method.name!r} is not known; known: {', '.join(METHODS)}")
    if method.network not in NETWORKS:
        raise InputError(f"network {method.network!r} is not known; known: {', '.join(NETWORKS)}")
    if method.window < timedelta(0):
        raise InputError("the window is negative")
    if method.subgraph not in SUBGRAPHS:
        raise InputError("a subgraph is 0, 1, 2 or 3")
    if method.subgraph > 1 and method.fast is None:
        raise InputError(f"subgraph {method.subgraph} is of the fast network: give its window")
    if method.edge_weight is not None and not 0 <= method.edge_weight <= 1:
        raise InputError("an edge weight is a quantile, 0 to 1")


def _shares(source: Source, method: Method) -> tuple[ir.Table, str]:
    """Object, account, post and time by the method's rules, and the layer's name."""
    if source.shares is not None:
        return source.shares.select(*SHARE_FIELDS), "object"
    assert source.posts is not None
    posts = source.posts
    if "created_at" not in posts.columns:
        raise InputError("no column for created_at: without times there is no acting together")
    if method.name == "coortweet":
        raise InputError("coortweet reads a table of shares: name its object with a map object=…")
    return _network(posts, method.network), method.network


def _network(posts: ir.Table, network: str) -> ir.Table:
    """What coordination-network-toolkit takes for the object, by its own normalisation."""
    reposted = (
        posts.reposted_post_id.cast("string") if "reposted_post_id" in posts.columns else None
    )
    own = posts if reposted is None else posts.filter(reposted.isnull() | (reposted.strip() == ""))
    if network == "co-retweet":
        some, found = posts, _column(posts, "reposted_post_id", network)
    elif network == "co-reply":
        some, found = own, _column(own, "replied_to_post_id", network)
    elif network == "co-post":
        some, found = posts, ibis.literal("any post")
    elif network == "co-tweet":
        words = _column(own, "text", network).lower().re_replace(r"@[^\s]*", "")
        some, found = own, words.re_replace(r"\s+", " ").strip()
    else:
        if "urls" not in own.columns:
            raise InputError(f"no column 'urls', which the network {network!r} needs")
        some, found = own, own.urls
        if not found.type().is_array():
            found = found.cast("string").split(" ")
    table = some.select(
        object=found, account=some.account_id, post=some.post_id, time=some.created_at
    )
    return table.unnest("object") if found.type().is_array() else table


def _column(posts: ir.Table, name: str, network: str) -> ir.StringValue:
    if name not in posts.columns:
        raise InputError(f"no column {name!r}, which the network {network!r} needs")
    return posts[name].cast("string")


def _write(method: Method, found: Iterator[pa.Table], out: Path, tell: Progress) -> tuple[int, int]:
    """Write the file; the number of edges, and their weight."""
    out.mkdir(parents=True, exist_ok=True)
    part = out / ".edges.parquet.part"
    if method.edge_weight is not None or method.subgraph:
        # A quantile needs all weights, and a subgraph all edges.
        found = iter([subgraph(pa.concat_tables(found), method.edge_weight, method.subgraph)])
    edges = weight = 0

    def counted() -> Iterator[pa.Table]:
        nonlocal edges, weight
        for table in found:
            edges += table.num_rows
            weight += int(numbers(table["weight"]).sum())
            yield table
            tell("edges", 0.9)

    write_edges(counted(), part)
    part.replace(out / "edges.parquet")
    return edges, weight


def _tables(method: Method, prints: Prints, layer: str, scratch: Path) -> Iterator[pa.Table]:
    """At least one table, be it empty."""
    window = round(method.window / timedelta(microseconds=1))
    if method.name == "cnt":
        some = cnt_edges(
            prints, scratch, window=window, min_weight=method.min_weight, loops=method.loops
        )
    else:
        fast = None if method.fast is None else round(method.fast / timedelta(microseconds=1))
        pairs = coortweet(
            prints,
            window=window,
            min_participation=method.min_participation,
            loops=method.loops,
            fast=fast,
        )
        some = coortweet_edges(prints, pairs, scratch)
    none = np.empty(0, dtype=np.int64)
    columns = dict.fromkeys(("pairs", "near", "near_delta"), none)
    yield _table(Edges(*(none,) * 6, columns), method, prints, layer)
    for edges in some:
        yield _table(edges, method, prints, layer)


def _table(edges: Edges, method: Method, prints: Prints, layer: str) -> pa.Table:
    count = len(edges)
    pairs = edges.columns["pairs"] if method.name == "cnt" else edges.weight
    untested = pa.nulls(count, pa.float64())
    columns = {
        "source": named(edges.source, prints.names),
        "target": named(edges.target, prints.names),
        "weight": column(edges.weight),
        "layers": of_one_layer(layer, count),
        "first": column(edges.first, WHEN),
        "last": column(edges.last, WHEN),
        "p_timing": untested,
        "p_audience": untested,
        "q": untested,
        "avg_time_delta": column(edges.delta / pairs / _MICROS),
    }
    if method.fast is not None:
        near = edges.columns["near"]
        never = near == 0
        columns["weight_fast"] = pa.array(near, mask=never)
        mean = edges.columns["near_delta"] / np.maximum(near, 1) / _MICROS
        columns["avg_time_delta_fast"] = pa.array(mean, mask=never)
    return pa.table(columns)
