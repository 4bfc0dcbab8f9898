"""What a post does: one row for each thing it shares, canonical, and nothing for what is empty."""

from collections.abc import Callable
from urllib.parse import urlsplit

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from coordination import canonical
from coordination.actions import actions, without_time
from coordination.source import InputError, open_source
from coordination.workspace import workspace

Posts = Callable[..., pa.Table]


def _value(con: Backend, expression: ir.Value) -> object:
    return con.to_pyarrow(expression).as_py()


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        ("https://Example.org/a", "example.org/a"),
        ("http://www.example.org/a/", "example.org/a"),
        ("HTTPS://WWW.Example.org:443/A/?utm_source=x&id=1#top", "example.org/A/?id=1"),
        ("https://example.org/?fbclid=abc", "example.org"),
        ("https://example.org/p?a=1&utm_medium=m&b=2", "example.org/p?a=1&b=2"),
        ("https://example.org:8080/p", "example.org:8080/p"),
        ("https://user@example.org/p", "example.org/p"),
        ("//example.org/p", "example.org/p"),
        ("example.org", "example.org"),
        ("https://example.org/p?feature_id=3", "example.org/p?feature_id=3"),
        ("", ""),
        ("   ", ""),
        ("https://", ""),
        ("not a url", ""),
    ],
)
def test_url(con: Backend, raw: str, same: str) -> None:
    assert _value(con, canonical.url(ibis.literal(raw))) == same


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        ("RT @someone: Vote for the green bicycle!", "vote for the green bicycle"),
        ("vote for the GREEN bicycle https://example.org/x", "vote for the green bicycle"),
        ("@a @b Vote, for the green bicycle…", "vote for the green bicycle"),
        ("Stimmt für das grüne Fahrrad", "stimmt für das grüne fahrrad"),
        ("ok", ""),
        ("https://example.org/a/very/long/link", ""),
    ],
)
def test_text(con: Backend, raw: str, same: str) -> None:
    assert _value(con, canonical.text(ibis.literal(raw))) == same


HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,8}\.(org|com|net)", fullmatch=True)
PATHS = st.from_regex(r"(/[A-Za-z0-9._-]{1,6}){0,3}/?", fullmatch=True)
PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(["id", "q", "utm_source", "fbclid", "gclid", "Page"]),
        st.from_regex(r"[A-Za-z0-9]{0,4}", fullmatch=True),
    ),
    max_size=4,
)


@given(
    st.sampled_from(["http://", "https://", "HTTP://", "//", ""]),
    st.builds(str.__add__, st.sampled_from(["", "www.", "WWW."]), HOSTS),
    PATHS,
    PARAMETERS,
)
@settings(max_examples=60, deadline=None)
def test_url_equals_a_plain_reference(
    con: Backend, scheme: str, host: str, path: str, parameters: list[tuple[str, str]]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters)
    raw = scheme + host + path + ("?" + query if query else "")
    parts = urlsplit("http://" + raw.split("//", 1)[-1])
    kept = [p for p in parts.query.split("&") if p and p.split("=")[0] in {"id", "q", "Page"}]
    expected = parts.netloc.lower().removeprefix("www.") + parts.path
    expected = expected + "?" + "&".join(kept) if kept else expected.rstrip("/")
    assert _value(con, canonical.url(ibis.literal(raw))) == expected.rstrip("/")


def _objects(con: Backend, table: pa.Table, layer: str, **more: object) -> list[tuple[str, str]]:
    rows = actions(open_source(con, table), [layer]).to_pyarrow().to_pylist()
    return sorted({(row["object"], row["post"]) for row in rows})


LONG = "we all meet at the old mill on sunday"


@pytest.mark.parametrize(
    ("layer", "given_", "objects"),
    [
        ("repost", ("reposted_post_id", "77"), ["77"]),
        ("repost", ("reposted_post_id", ""), []),
        ("quote", ("quoted_post_id", "78"), ["78"]),
        ("reply", ("replied_to_post_id", "79"), ["79"]),
        ("reply_account", ("replied_to_account_id", "z"), ["z"]),
        ("url", ("urls", ["https://a.org/x", "", None]), ["a.org/x"]),
        ("url", ("urls", ["https://a.org/x", "http://www.a.org/x/"]), ["a.org/x"]),
        ("url", ("urls", []), []),
        ("url", ("urls", "https://a.org/x http://b.org"), ["a.org/x", "b.org"]),
        ("url", ("text", "see https://a.org/x now"), ["a.org/x"]),
        ("domain", ("urls", ["https://www.a.org:80/x?y=1"]), ["a.org"]),
        ("hashtag", ("hashtags", ["One", "#one", "two"]), ["one", "two"]),
        ("hashtag", ("text", "#Über and #x_1, not a#b"), ["b", "x_1", "über"]),
        ("hashtag_sequence", ("hashtags", ["B", "a"]), ["b a"]),
        ("hashtag_sequence", ("hashtags", ["a"]), []),
        ("text", ("text", LONG), [LONG]),
        ("media", ("media_hashes", ["ff01"]), ["ff01"]),
        ("column:campaign", ("campaign", "k1"), ["k1"]),
        ("column:campaign", ("campaign", " "), []),
    ],
)
def test_layers(
    con: Backend, posts: Posts, layer: str, given_: tuple[str, object], objects: list[str]
) -> None:
    column, value = given_
    table = posts([("a", "p1", 0, {column: value})])
    assert _objects(con, table, layer) == [(name, "p1") for name in objects]


def test_a_post_twice_in_the_input_is_one_action_at_its_earliest_time(
    con: Backend, posts: Posts
) -> None:
    table = posts([("a", "p1", 9, {"text": LONG}), ("a", "p1", 5, {"text": LONG})])
    rows = workspace(con, actions(open_source(con, table), ["text"])).acts.to_pyarrow().to_pylist()
    assert len(rows) == 1
    assert rows[0]["time"] == 1_767_614_405_000_000


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (1_767_614_405, 1_767_614_405_000_000),
        (1_767_614_405_123, 1_767_614_405_123_000),
        (1_767_614_405_123_456, 1_767_614_405_123_456),
        ("1767614405", 1_767_614_405_000_000),
        ("2026-01-05T12:00:05Z", 1_767_614_405_000_000),
        ("2026-01-05T14:00:05+02:00", 1_767_614_405_000_000),
        ("2026-01-05 12:00:05", 1_767_614_405_000_000),
    ],
)
def test_times_of_every_kind_are_microseconds_in_utc(
    con: Backend, value: object, micros: int
) -> None:
    table = pa.table({"object": ["o"], "account": ["a"], "post": ["p"], "time": [value]})
    rows = actions(open_source(con, table), []).to_pyarrow().to_pylist()
    assert [row["time"] for row in rows] == [micros]


def test_an_unreadable_time_is_counted_not_guessed(con: Backend) -> None:
    table = pa.table(
        {"object": ["o", "o"], "account": ["a", "b"], "post": ["p", "q"], "time": ["soon", "12"]}
    )
    source = open_source(con, table)
    assert without_time(source).to_pyarrow().as_py() == 1
    assert actions(source, []).count().to_pyarrow().as_py() == 1


WHO = {"post_id": ["1"], "account_id": ["a"]}


@pytest.mark.parametrize(
    ("columns", "on", "fields", "says"),
    [
        ({"post_id": ["1"]}, ["text"], {}, "account_id"),
        (WHO, ["text"], {}, "created_at"),
        (WHO | {"created_at": [1]}, ["repost"], {}, "reposted_post_id"),
        (WHO | {"created_at": [1]}, ["tune"], {}, "unknown layer 'tune'"),
        (WHO | {"created_at": [1]}, ["column:x"], {}, "'x'"),
        ({"a": ["1"]}, [], {"object": "b"}, "column 'b'"),
        ({"a": ["1"]}, [], {"object": "a"}, "account, post, time"),
        ({"post_id": pa.array([], pa.string())}, [], {}, "no rows"),
    ],
)
def test_wrong_input_is_named(
    con: Backend, columns: dict[str, object], on: list[str], fields: dict[str, str], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        actions(open_source(con, pa.table(columns), fields=fields), on)
