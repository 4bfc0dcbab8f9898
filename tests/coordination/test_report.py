"""The page for people and the graph for Gephi: whole, escaped, of any size."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pytest

from coordination.findings import RULES
from coordination.graphml import write_graphml
from coordination.report import render
from coordination.telling import telling
from tests.coordination.pages import START, cluster, report, swarm, texts

HOSTILE = (
    "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"' &amp; {{ 7 * 7 }} \u202edrow\x00"
)
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """What the page holds, and whether its tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]


SIZES: dict[str, list[int]] = {"none": [], "one": [5], "fifty": [6] * 50, "2,000": [40] * 50}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_a_page_of_any_size(sizes: list[int]) -> None:
    shown = report(tuple(cluster(at, size) for at, size in enumerate(sizes)))
    html = render(shown, texts(shown))
    page = Page(html)
    assert len(html) < 3_000_000
    ids = page.ids()
    assert len(ids) == len(set(ids))
    # Everything that leads somewhere leads to something on the page itself.
    links = [attrs["href"] or "" for tag, attrs in page.tags if tag == "a"]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len(links) == len(sizes)
    circles = sum(tag == "circle" for tag, _ in page.tags)
    assert circles == (sum(sizes) if sum(sizes) <= 300 else len(sizes))
    first = "acts in concert" if sizes else "No group of accounts acts in concert"
    assert (first if len(sizes) < 2 else "groups of accounts act in concert") in page.text
    assert page.text.index("in concert beyond") < (page.text.find("The network") % len(page.text))


def test_proof_says_who_holds_the_key_and_techniques_have_names() -> None:
    text = "".join(Page(render(report((cluster(0, 4), cluster(1, 4))), {})).text.split())
    assert text.count("Onedevice") == 1
    assert "Onedeviceaccount0-0000,account0-0001Id" in text
    assert text.count("T0118(amplifyanexistingnarrative)") == 2


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    shown = report((cluster(0, 5),), (swarm(12),))
    page = Page(render(shown, texts(shown)))
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "img", "iframe", "object"}]
    assert not [name for _, attrs in page.tags for name in attrs if name in {"src", "style"}]
    policies = [a["content"] for _, a in page.tags if "http-equiv" in a]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_hostile_texts_stay_texts() -> None:
    hostile = cluster(0, 4, mark=HOSTILE)
    shown = report((hostile,))
    plain = Page(render(report((cluster(0, 4),)), {}))
    page = Page(render(shown, texts(shown, HOSTILE)))
    assert not [tag for tag, _ in page.tags if tag in {"script", "img"}]
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\u202e" not in page.text
    assert "\x00" not in page.text


def test_a_swarm_shows_call_burst_and_participants() -> None:
    shown = report((), (swarm(12),))
    text = Page(render(shown, texts(shown))).text
    for words in (
        "a swarm on the target",
        "16 accounts within 6 h",
        "1.6 expected",
        "82 %",
        "follow",
    ):
        assert words in text, words


def test_a_screen_reader_finds_its_way() -> None:
    shown = report((cluster(0, 5), cluster(1, 2)), (swarm(4),))
    page = Page(render(shown, texts(shown)))
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("aria-label" in attrs for tag, attrs in page.tags if tag == "svg")
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    assert "lang" in next(attrs for tag, attrs in page.tags if tag == "html")
    assert all(rule in page.text for rule in RULES)


def test_the_graph_opens_typed(tmp_path: Path) -> None:
    """Also where an account's name holds what XML cannot, twice and differently."""
    odd = ["a\x00", "a\x01", 'b<&"', "c"]
    about = cluster(0, 4)
    rows: list[dict[str, Any]] = [
        {
            "source": odd[at], "target": odd[at + 1], "weight": at + 2, "layers": ["text", "url"],
            "q": 0.001, "p_timing": 0.1, "p_audience": 1e-9, "leads": -0.5, "avg_time_delta": 12.5,
            "first": START, "last": START,
        }
        for at in range(3)
    ]  # fmt: skip
    object.__setattr__(about, "accounts", tuple(odd))
    write_graphml(pa.Table.from_pylist(rows), [about], tmp_path / "network.graphml")
    graph = nx.read_graphml(tmp_path / "network.graphml")
    assert (len(graph), graph.number_of_edges()) == (4, 3)
    assert [graph.nodes[node]["links"] for node in sorted(graph)] == [1, 2, 2, 1]
    assert {type(graph.nodes[node]["cluster"]) for node in graph} == {int}
    edge = graph.edges["n0", "n1"]
    assert (edge["weight"], edge["q"], edge["leads"]) == (2.0, 0.001, -0.5)
    assert edge["layers"] == "text url"
    assert edge["inside"] is True


def test_the_pairs_shown_tell_most() -> None:
    """Not the same object over and over: the fewest pairs that show all there is."""
    pairs = cluster(0, 8).pairs
    shown = telling(pairs, 4)
    assert len(shown) == 4
    assert [one.at for one in shown] == sorted(one.at for one in shown)
    assert len({one.object for one in shown}) == 4
    assert len({name for one in shown for name in (one.account_id, one.other_account_id)}) == 8
    assert telling(pairs, 100) == sorted(pairs, key=lambda p: (p.at, p.other_at, p.post_id))
    assert telling([], 4) == []


def test_what_was_shown_often_counts_less_and_less() -> None:
    """Three accounts meet on one text in a hundred pairs, later on two more: all three are seen."""
    pair = cluster(0, 3).pairs[0]
    pairs = [
        replace(
            pair, object=f"text {max(0, at - 97)}", post_id=f"p{at:03}", other_post_id=f"q{at:03}",
            account_id="abc"[at % 3], other_account_id="bca"[at % 3],
            at=START + timedelta(minutes=at), other_at=START + timedelta(minutes=at, seconds=9),
        )
        for at in range(100)
    ]  # fmt: skip
    random.Random(2).shuffle(pairs)
    assert Counter(one.object for one in telling(pairs, 5)) == {
        "text 0": 3,
        "text 1": 1,
        "text 2": 1,
    }
    shown = Counter(
        name for one in telling(pairs, 9) for name in (one.account_id, one.other_account_id)
    )
    assert set(shown.values()) == {6}


def test_a_post_that_many_met_is_not_shown_over_and_over() -> None:
    """One post met by eight, and eight pairs of two: all accounts and the text are the same."""
    pair = cluster(0, 2).pairs[0]
    hub = [replace(pair, post_id="hub", other_post_id=f"met {at}") for at in range(8)]
    others = [replace(pair, post_id=f"p{at}", other_post_id=f"q{at}") for at in range(8)]
    shown = telling([*hub, *others], 9)
    assert sum(one.post_id == "hub" for one in shown) == 1


def test_an_empty_graph_opens(tmp_path: Path) -> None:
    empty = pa.table({"source": pa.array([], pa.string()), "target": pa.array([], pa.string())})
    write_graphml(empty, [], tmp_path / "network.graphml")
    assert len(nx.read_graphml(tmp_path / "network.graphml")) == 0
