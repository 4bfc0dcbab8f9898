"""network.graphml: the accounts joined beyond chance, typed, as Gephi and networkx read it.

GraphML by its own primer (graphml.graphdrawing.org); attributes are declared with their types, so
that a weight is a number to whoever opens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

if TYPE_CHECKING:
    import pyarrow as pa

    from coordination.result import Cluster

_NODE = {
    "label": "string", "cluster": "int", "cluster_size": "int", "links": "int", "leader": "boolean",
    "stability": "double",
}  # fmt: skip
_EDGE = {
    "weight": "double", "layers": "string", "q": "double", "p_timing": "double",
    "p_audience": "double", "leads": "double", "avg_time_delta": "double", "first": "string",
    "last": "string", "inside": "boolean",
}  # fmt: skip
"""`weight` is a double because Gephi takes no other; `inside`: both ends in one cluster."""


def write_graphml(edges: pa.Table, clusters: Sequence[Cluster], path: Path) -> None:
    """Write the edges (rows as in edges.parquet) and the accounts at their ends.

    Node ids are n0, n1, … in the order of the accounts' names, which are their labels: an account
    id may hold characters that XML cannot, which become U+FFFD, and must not make two nodes one.
    """
    of = {name: cluster for cluster in clusters for name in cluster.accounts}
    rows: list[dict[str, Any]] = edges.to_pylist()
    names = sorted({row[end] for row in rows for end in ("source", "target")})
    at = {name: f"n{place}" for place, name in enumerate(names)}
    links: dict[str, int] = dict.fromkeys(names, 0)
    for row in rows:
        links[row["source"]] += 1
        links[row["target"]] += 1
    with path.open("w", encoding="utf-8") as file:
        xml = XMLGenerator(file, "utf-8")
        xml.startDocument()
        xml.startElement(
            "graphml", AttributesImpl({"xmlns": "http://graphml.graphdrawing.org/xmlns"})
        )
        for whose, attributes in (("node", _NODE), ("edge", _EDGE)):
            for name, kind in attributes.items():
                key = {"id": f"{whose}-{name}", "for": whose, "attr.name": name, "attr.type": kind}
                xml.startElement("key", AttributesImpl(key))
                xml.endElement("key")
        xml.startElement("graph", AttributesImpl({"id": "concert", "edgedefault": "undirected"}))
        for name in names:
            xml.startElement("node", AttributesImpl({"id": at[name]}))
            _data(xml, "node", _node(name, of.get(name), links[name]))
            xml.endElement("node")
        for number, row in enumerate(rows):
            ends = {"source": at[row["source"]], "target": at[row["target"]]}
            xml.startElement("edge", AttributesImpl({"id": f"e{number}", **ends}))
            cluster = of.get(row["source"])
            inside = cluster is not None and cluster is of.get(row["target"])
            _data(xml, "edge", _edge(row, inside))
            xml.endElement("edge")
        xml.endElement("graph")
        xml.endElement("graphml")
        xml.endDocument()


def _node(name: str, cluster: Cluster | None, links: int) -> Mapping[str, object]:
    known = {"label": name, "links": links}
    if cluster is None:
        return known
    return known | {
        "cluster": cluster.number,
        "cluster_size": len(cluster.accounts),
        "leader": name in cluster.leaders,
        "stability": cluster.stability,
    }


def _edge(row: Mapping[str, Any], inside: bool) -> Mapping[str, object]:
    return {name: row.get(name) for name in _EDGE} | {
        "layers": " ".join(row["layers"]),
        "first": row["first"].isoformat(),
        "last": row["last"].isoformat(),
        "inside": inside,
    }


def _data(xml: XMLGenerator, whose: str, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if value is None:
            continue
        xml.startElement("data", AttributesImpl({"key": f"{whose}-{name}"}))
        xml.characters(str(value).lower() if isinstance(value, bool) else readable(str(value)))
        xml.endElement("data")


def readable(text: str) -> str:
    """Without what XML 1.0 cannot hold, even escaped: controls, surrogates, non-characters."""
    return "".join(c if _holds(ord(c)) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _holds(code: int) -> bool:
    if code < 0x20:
        return code in {0x9, 0xA, 0xD}
    return not 0xD800 <= code <= 0xDFFF and code not in {0xFFFE, 0xFFFF}
