"""X API v2 JSON: responses with data and includes, and single post objects.

Fields follow X's data dictionary (docs.x.com, "Data dictionary": post and user objects). Posts
of `data` and of `includes.tweets` are posts; `includes.users` are account snapshots. A repost
comes from the API cut to 140 characters; where the response includes the original, its whole text
and its entities are used.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from intake.items import Bad, Item, Kind

_REFERENCES = {
    "retweeted": ("reposted_post_id", "reposted_account_id"),
    "replied_to": ("replied_to_post_id", "replied_to_account_id"),
    "quoted": ("quoted_post_id", None),
}
_ENTITIES = ("urls", "hashtags", "mentions")


def recognises(document: Mapping[str, Any]) -> bool:
    """Whether `document` is a response of the API or one of its posts or users."""
    data = document.get("data")
    if isinstance(data, dict | list):
        first = data[0] if isinstance(data, list) and data else data
        return not first or (isinstance(first, dict) and "id" in first)
    if "includes" in document or "result_count" in _object(document.get("meta")):
        return True
    if "errors" in document and "title" in str(document["errors"]):
        return True
    return "id" in document and ("text" in document or "username" in document)


def read(number: int, place: str, document: Mapping[str, Any]) -> Iterator[Item | Bad]:
    """The posts and accounts of one document (`recognises` says that it is one)."""
    includes = _object(document.get("includes"))
    if "data" in document or includes:
        data = document.get("data")
        main = data if isinstance(data, list) else [] if data is None else [data]
        posts, users = _list(includes.get("tweets")), _list(includes.get("users"))
        known = _Known([*main, *posts], users)
        yield from _objects(number, f"{place}: data", main, known)
        yield from _objects(number, f"{place}: includes.tweets", posts, known)
        yield from _objects(number, f"{place}: includes.users", users, known)
    elif "id" in document:
        yield from _object_rows(number, place, document, _Known([document], []))


class _Known:
    """What the rest of a response tells: its posts by id, the ids of its users by handle."""

    def __init__(self, posts: list[Any], users: list[Any]) -> None:
        self.posts = {str(one.get("id")): one for one in _dicts(posts)}
        self.ids = {str(one.get("username")).lower(): one.get("id") for one in _dicts(users)}


def _objects(number: int, place: str, objects: list[Any], known: _Known) -> Iterator[Item | Bad]:
    for index, one in enumerate(objects):
        where = f"{place}[{index}]"
        if isinstance(one, dict):
            yield from _object_rows(number, where, one, known)
        else:
            yield Bad(Kind.POSTS, number, where, "row", "not a JSON object")


def _object_rows(
    number: int, place: str, one: Mapping[str, Any], known: _Known
) -> Iterator[Item | Bad]:
    if "username" in one and "author_id" not in one:
        yield Item(Kind.ACCOUNTS, number, place, _account(one))
        return
    yield Item(Kind.POSTS, number, place, _post(one, known))
    author = one.get("author")
    if isinstance(author, dict):
        # Flattened posts carry their author inside.
        yield Item(Kind.ACCOUNTS, number, f"{place}.author", _account(author))


def _account(user: Mapping[str, Any]) -> dict[str, Any]:
    metrics = _object(user.get("public_metrics"))
    return {
        "account_id": user.get("id"),
        "handle": user.get("username"),
        "display_name": user.get("name"),
        "description": user.get("description"),
        "location": user.get("location"),
        "created_at": user.get("created_at"),
        "followers": metrics.get("followers_count"),
        "following": metrics.get("following_count"),
    }


def _post(post: Mapping[str, Any], known: _Known) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "post_id": post.get("id"),
        "account_id": post.get("author_id") or _object(post.get("author")).get("id"),
        "created_at": post.get("created_at"),
        "lang": post.get("lang"),
        "client": post.get("source"),
        "replied_to_account_id": post.get("in_reply_to_user_id"),
    }
    text, entities = _text(post)
    for reference in _list(post.get("referenced_tweets")):
        if not isinstance(reference, dict) or reference.get("type") not in _REFERENCES:
            continue
        to_post, to_account = _REFERENCES[reference["type"]]
        fields[to_post] = reference.get("id")
        # Flattened posts carry what they refer to inside; responses have it beside them.
        original = (
            reference if "text" in reference else known.posts.get(str(reference.get("id")), {})
        )
        if to_account and not fields.get(to_account):
            fields[to_account] = original.get("author_id")
        if reference["type"] == "retweeted":
            text, entities = _whole(text, entities, original)
            if not fields.get("reposted_account_id"):
                fields["reposted_account_id"] = known.ids.get(_reposted_handle(text))
    fields["text"] = text
    return fields | _lists(entities)


def _text(post: Mapping[str, Any]) -> tuple[Any, Any]:
    # Posts of more than 280 characters have their whole text in a note.
    note = _object(post.get("note_tweet"))
    if note.get("text"):
        return note["text"], note.get("entities", {})
    return post.get("text"), post.get("entities")


def _whole(text: Any, entities: Any, original: Mapping[str, Any]) -> tuple[Any, Any]:
    whole, whole_entities = _text(original)
    if not isinstance(whole, str) or not isinstance(text, str):
        return text, entities
    prefix = text[: text.index(": ") + 2] if text.startswith("RT @") and ": " in text else ""
    return prefix + whole, whole_entities


def _reposted_handle(text: Any) -> str:
    found = isinstance(text, str) and text.startswith("RT @") and ": " in text
    return text[4 : text.index(": ")].lower() if found else ""


def _lists(entities: Any) -> dict[str, Any]:
    if not isinstance(entities, dict):
        return dict.fromkeys(_ENTITIES)
    # An URL with a media key is the post's own picture, not something it shares.
    links = [one for one in _dicts(entities.get("urls")) if "media_key" not in one]
    return {
        "urls": [
            one.get("unwound_url") or one.get("expanded_url") or one.get("url") for one in links
        ],
        "hashtags": [one.get("tag") for one in _dicts(entities.get("hashtags"))],
        "mentions": [
            one.get("id") or f"@{one.get('username')}" for one in _dicts(entities.get("mentions"))
        ],
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]
