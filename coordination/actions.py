"""From posts to actions: who did what, with which post, when, one row for each shared thing.

An action is (layer, object, account, post, time). What is empty is nothing: a post without a URL
has no URL action, so a missing value never links anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ibis

from coordination import canonical, near_text
from coordination.engine import extract_all, present
from coordination.source import InputError, Source

if TYPE_CHECKING:
    import ibis.expr.types as ir

URL_IN_TEXT = r"(?i)https?://[^\s<>\"]+"
HASHTAG_IN_TEXT = r"#([\p{L}\p{M}\p{N}_]+)"
SHARES_LAYER = "object"
"""The layer of a table of shares, where the input says "object" and nothing more."""


def layers() -> tuple[str, ...]:
    """The layers that have a rule of their own; `column:<name>` makes one of any other column."""
    return (*_LAYERS, "linkage")


def actions(source: Source, on: Sequence[str]) -> ir.Table:
    """All actions of the layers in `on`; a near text's object is its own words (see `near_texts`).

    Returns an expression with columns layer, object, account, post (text) and time (int64
    microseconds since 1970 UTC). A post that is in the input twice is in it twice: `workspace`
    keeps its earliest time. Rows without a readable time stay out, see `without_time`. `linkage` is
    no action of a post: see `shared_keys`.
    Raises InputError for an unknown layer, or one whose column the source does not have.
    """
    if source.shares is not None:
        return _clean(source.shares.mutate(layer=ibis.literal(SHARES_LAYER)))
    assert source.posts is not None
    wanted = [layer for layer in dict.fromkeys(on) if layer != "linkage"]
    if not wanted:
        raise InputError("no layer of posts asked for: linkage alone shows no concerted action")
    if "created_at" not in source.posts.columns:
        raise InputError("no column for created_at: without times there is no acting together")
    made = [_layer(source.posts, layer) for layer in wanted]
    return _clean(ibis.union(*made) if len(made) > 1 else made[0])


def without_time(source: Source) -> ir.IntegerScalar:
    """How many rows have no time that can be read; they take no part."""
    if source.shares is not None:
        return source.shares.time.isnull().sum()
    assert source.posts is not None
    return source.posts.created_at.isnull().sum()


def shared_keys(source: Source) -> ir.Table | None:
    """Linkages as (kind, key_hash, account_id), distinct and without empty keys."""
    if source.linkages is None:
        return None
    table = source.linkages
    return (
        table.filter(present(table.key_hash), present(table.account_id))
        .select("kind", "key_hash", "account_id")
        .distinct()
    )


def _layer(posts: ir.Table, layer: str) -> ir.Table:
    if layer.startswith("column:"):
        name = layer.removeprefix("column:")
        if name not in posts.columns:
            raise InputError(f"no column {name!r} for the layer {layer!r}")
        return _rows(posts, layer, posts[name].cast("string"))
    if layer not in _LAYERS:
        raise InputError(
            f"unknown layer {layer!r}; known: {', '.join(layers())}, column:<name of a column>"
        )
    return _rows(posts, layer, _LAYERS[layer](posts))


def _rows(posts: ir.Table, layer: str, found: ir.Value) -> ir.Table:
    table = posts.select(
        layer=ibis.literal(layer),
        object=found,
        account=posts.account_id,
        post=posts.post_id,
        time=posts.created_at,
    )
    return table.unnest("object") if found.type().is_array() else table


def _clean(rows: ir.Table) -> ir.Table:
    return rows.filter(
        present(rows.object), present(rows.account), present(rows.post), rows.time.notnull()
    ).select("layer", "object", "account", "post", "time")


def _column(posts: ir.Table, name: str, layer: str) -> ir.StringColumn:
    if name not in posts.columns:
        raise InputError(f"no column {name!r}, which the layer {layer!r} needs")
    return posts[name].cast("string")


def _several(posts: ir.Table, name: str, layer: str, in_text: str | None, group: int) -> ir.Value:
    """A list column; a text column is split at white space and "|"; else found in the text."""
    own = posts[name] if name in posts.columns else None
    if own is not None and not own.type().is_array():
        split = own.cast("string").re_split(r"[\s|]+")
        own = own.isnull().ifelse(ibis.null(split.type()), split)
    if in_text is None or "text" not in posts.columns:
        if own is None:
            raise InputError(f"no column {name!r}, which the layer {layer!r} needs")
        return own
    found = extract_all(posts.text.cast("string"), in_text, group)
    return found if own is None else ibis.coalesce(own, found)


def _urls(posts: ir.Table, layer: str) -> ir.ArrayValue:
    return _several(posts, "urls", layer, URL_IN_TEXT, 0)


def _hashtags(posts: ir.Table) -> ir.ArrayValue:
    found = _several(posts, "hashtags", "hashtag", HASHTAG_IN_TEXT, 1)
    return found.map(canonical.hashtag)


def _hashtag_sequence(posts: ir.Table) -> ir.StringValue:
    """Hashtags in their order, one object; a single hashtag is no sequence."""
    tags = _hashtags(posts).filter(lambda tag: tag != "")
    return (tags.length() >= 2).ifelse(tags.join(" "), "")


def _reposts(posts: ir.Table) -> ir.StringValue:
    """The reposted post; in old exports, where only `RT @name:` tells of it, that name and text."""
    if "reposted_post_id" in posts.columns or "text" not in posts.columns:
        return _column(posts, "reposted_post_id", "repost")
    return canonical.repost(posts.text.cast("string"))


def _texts(posts: ir.Table) -> ir.StringValue:
    """A text that the account itself wrote: to repost is another act than to copy."""
    text = _column(posts, "text", "text")
    written = ~text.re_search(canonical.REPOST_MARK)
    if "reposted_post_id" in posts.columns:
        of = posts.reposted_post_id.cast("string")
        written &= of.isnull() | (of.strip() == "")
    return written.ifelse(canonical.text(text), "")


_LAYERS: dict[str, Callable[[ir.Table], ir.Value]] = {
    "repost": _reposts,
    "url": lambda posts: _urls(posts, "url").map(canonical.url),
    "domain": lambda posts: _urls(posts, "domain").map(canonical.domain),
    "hashtag": _hashtags,
    "hashtag_sequence": _hashtag_sequence,
    "text": _texts,
    near_text.LAYER: _texts,
    "reply": lambda posts: _column(posts, "replied_to_post_id", "reply"),
    "reply_account": lambda posts: _column(posts, "replied_to_account_id", "reply_account"),
    "quote": lambda posts: _column(posts, "quoted_post_id", "quote"),
    "media": lambda posts: _several(posts, "media_hashes", "media", None, 0),
}
