"""Bluesky JSON: feeds, post views, repository records and Jetstream events.

Shapes follow the AT Protocol's lexicons app.bsky.feed.* (post, repost, defs), app.bsky.richtext.
facet, app.bsky.graph.follow, app.bsky.actor.*, com.atproto.repo.listRecords and Jetstream's
readme. A post's id is its at:// URI and an account's its DID. A repost has the text of what it
reposts wherever the source has that text. The id of content (CID) of an image or a video is a
hash of its bytes, so it stands in `media_hashes`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from intake.items import Item, Kind

_POST = "app.bsky.feed.post"
_REPOST = "app.bsky.feed.repost"
_FOLLOW = "app.bsky.graph.follow"
_PROFILE = "app.bsky.actor.profile"
_AT_URI = re.compile(r"at://(?P<did>[^/]+)/(?P<collection>[^/]+)/[^/]+")

Found = Iterator[tuple[Kind, str, dict[str, Any]]]


def recognises(document: Mapping[str, Any]) -> bool:
    """Whether `document` is one of the shapes that `read` knows."""
    if "did" in document and ("commit" in document or "handle" in document):
        return True
    if "did" in document and document.get("kind") in {"commit", "identity", "account"}:
        return True
    if str(document.get("$type", "")).startswith("app.bsky."):
        return True
    for name in ("feed", "posts", "records", "thread", "post"):
        value = document.get(name)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict) and {"uri", "post", "record", "value"} & first.keys():
            return True
        if name == "feed" and value == []:
            return True
    return str(document.get("uri", "")).startswith("at://")


def read(number: int, place: str, document: Mapping[str, Any]) -> Iterator[Item]:
    """The posts, reposts, follows and profiles of one document."""
    for kind, inner, fields in _document(document):
        yield Item(kind, number, f"{place}: {inner}" if inner else place, fields)


def _document(document: Mapping[str, Any]) -> Found:
    if "commit" in document or document.get("kind") in {"identity", "account"}:
        yield from _event(document)
    elif "feed" in document:
        for index, entry in enumerate(_entries(document["feed"])):
            yield from _feed_entry(entry, f"feed[{index}]")
    elif "posts" in document:
        for index, view in enumerate(_entries(document["posts"])):
            yield from _view(view, f"posts[{index}]")
    elif "records" in document:
        for index, record in enumerate(_entries(document["records"])):
            yield from _stored(record, f"records[{index}]")
    elif "thread" in document:
        yield from _thread(_object(document["thread"]), "thread")
    elif "post" in document:
        yield from _feed_entry(document, "")
    elif "handle" in document:
        yield Kind.ACCOUNTS, "", _account(document)
    elif "author" in document:
        yield from _view(document, "")
    else:
        yield from _stored(document, "")


def _feed_entry(entry: Mapping[str, Any], at: str) -> Found:
    view = _object(entry.get("post"))
    yield from _view(view, f"{at}.post" if at else "post")
    reply = _object(entry.get("reply"))
    for name in ("root", "parent"):
        if "record" in _object(reply.get(name)):
            yield from _view(reply[name], f"{at}.reply.{name}" if at else f"reply.{name}")
    reason = _object(entry.get("reason"))
    if not str(reason.get("$type", "")).endswith("reasonRepost"):
        return
    by = _object(reason.get("by"))
    original = _fields(view.get("uri"), _object(view.get("record")))
    where = f"{at}.reason" if at else "reason"
    yield (
        Kind.POSTS,
        where,
        {
            # Older responses do not name the repost's own record.
            "post_id": reason.get("uri") or f"{view.get('uri')}#repost-{by.get('did')}",
            "account_id": by.get("did"),
            "created_at": reason.get("indexedAt"),
            "reposted_post_id": view.get("uri"),
            "reposted_account_id": _object(view.get("author")).get("did"),
        }
        | {name: original[name] for name in ("text", "lang", "urls", "hashtags", "mentions")},
    )
    yield Kind.ACCOUNTS, f"{where}.by", _account(by)


def _view(view: Mapping[str, Any], at: str) -> Found:
    author = _object(view.get("author"))
    fields = _fields(view.get("uri"), _object(view.get("record")))
    yield Kind.POSTS, at, fields | {"account_id": author.get("did") or fields["account_id"]}
    if author.get("handle"):
        yield Kind.ACCOUNTS, f"{at}.author" if at else "author", _account(author)


def _thread(thread: Mapping[str, Any], at: str) -> Found:
    # A loop, for threads can be deeper than the stack.
    waiting = [(thread, at)]
    while waiting:
        node, where = waiting.pop()
        if "post" in node:
            yield from _view(_object(node["post"]), f"{where}.post")
        if isinstance(node.get("parent"), dict):
            waiting.append((node["parent"], f"{where}.parent"))
        replies = _dicts(node.get("replies"))
        waiting.extend((one, f"{where}.replies[{i}]") for i, one in enumerate(replies))


def _event(event: Mapping[str, Any]) -> Found:
    commit = _object(event.get("commit"))
    # Deletions, handle changes and account events bring no row.
    if commit.get("operation") in {"create", "update"}:
        uri = f"at://{event.get('did')}/{commit.get('collection')}/{commit.get('rkey')}"
        yield from _stored({"uri": uri, "value": commit.get("record")}, "commit.record")


def _stored(stored: Mapping[str, Any], at: str) -> Found:
    record = _object(stored.get("value") or stored.get("record") or stored)
    uri = stored.get("uri")
    found = _AT_URI.fullmatch(uri) if isinstance(uri, str) else None
    owner = found["did"] if found else None
    kind = record.get("$type") or (found["collection"] if found else _POST)
    if kind == _FOLLOW:
        yield (
            Kind.FOLLOWS,
            at,
            {
                "follower_id": owner,
                "followed_id": record.get("subject"),
                "observed_at": record.get("createdAt"),
            },
        )
    elif kind == _PROFILE:
        yield Kind.ACCOUNTS, at, _account(record) | {"account_id": owner}
    elif kind == _REPOST:
        subject = _object(record.get("subject")).get("uri")
        yield (
            Kind.POSTS,
            at,
            {
                "post_id": uri,
                "account_id": owner,
                "created_at": record.get("createdAt"),
                "reposted_post_id": subject,
                "reposted_account_id": _owner(subject),
            },
        )
    elif kind == _POST:
        yield Kind.POSTS, at, _fields(uri, record)


def _fields(uri: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    parent = _object(_object(record.get("reply")).get("parent")).get("uri")
    langs = record.get("langs")
    embed = _object(record.get("embed"))
    media = _object(embed.get("media")) or embed
    quoted = _object(embed.get("record"))
    return {
        "post_id": uri,
        "account_id": _owner(uri),
        "text": record.get("text"),
        "created_at": record.get("createdAt"),
        "lang": langs[0] if isinstance(langs, list) and langs else None,
        "replied_to_post_id": parent,
        "replied_to_account_id": _owner(parent),
        # record is the reference itself, or holds it where media stand beside the quote.
        "quoted_post_id": quoted.get("uri") or _object(quoted.get("record")).get("uri"),
        "media_hashes": _media(media),
        "client": record.get("via"),
    } | _facets(record, _object(media.get("external")).get("uri"))


def _facets(record: Mapping[str, Any], card: Any) -> dict[str, Any]:
    facets = record.get("facets")
    tags = record.get("tags")
    if facets is None and tags is None:
        # No rich text: what stands in the words alone is read from them, with the card's link.
        return {"hashtags": None, "mentions": None, "urls": [card] if card else None}
    features = [one for facet in _dicts(facets) for one in _dicts(facet.get("features"))]
    links = [one["uri"] for one in features if one.get("uri")]
    return {
        "urls": [*links, card] if card else links,
        "hashtags": [
            *(one["tag"] for one in features if one.get("tag")),
            *(tags if isinstance(tags, list) else []),
        ],
        "mentions": [one["did"] for one in features if one.get("did")],
    }


def _media(media: Mapping[str, Any]) -> list[str]:
    blobs = [_object(one.get("image")) for one in _dicts(media.get("images"))]
    blobs.append(_object(media.get("video")))
    links = [_object(blob.get("ref")).get("$link") for blob in blobs]
    return [link for link in links if isinstance(link, str)]


def _account(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "account_id": profile.get("did"),
        "handle": profile.get("handle"),
        "display_name": profile.get("displayName"),
        "description": profile.get("description"),
        "created_at": profile.get("createdAt"),
        "followers": profile.get("followersCount"),
        "following": profile.get("followsCount"),
    }


def _owner(uri: Any) -> str | None:
    found = _AT_URI.fullmatch(uri) if isinstance(uri, str) else None
    return found["did"] if found else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(value: Any) -> list[Mapping[str, Any]]:
    # What is no object becomes one without an id, so that it is rejected rather than passed over.
    return [_object(one) for one in value] if isinstance(value, list) else [{}]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
