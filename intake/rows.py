"""From a source's row to a row of the lake: each field checked, typed and normalised.

The fields are the design's contract for files; policy/records.py has the same as value objects.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from intake import cells, entities, languages, times
from intake.errors import FieldError, RequestError
from intake.items import Item, Kind, Notes
from policy.words import LinkageKind

Row = dict[str, Any]

POST_REFERENCES = (
    "reposted_post_id",
    "reposted_account_id",
    "replied_to_post_id",
    "replied_to_account_id",
    "quoted_post_id",
)
POST_LISTS = ("urls", "hashtags", "mentions", "media_hashes")
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.POSTS: (
        *("post_id", "account_id", "text", "created_at", "lang"),
        *POST_REFERENCES,
        *POST_LISTS,
        "client",
    ),
    Kind.ACCOUNTS: (
        *("account_id", "handle", "display_name", "description", "location"),
        *("created_at", "followers", "following", "observed_at"),
    ),
    Kind.LINKAGES: ("account_id", "kind", "key_hash", "observed_at"),
    Kind.FOLLOWS: ("follower_id", "followed_id", "observed_at"),
    Kind.SHARES: ("object", "account", "post", "time"),
}
REQUIRED: dict[Kind, tuple[str, ...]] = {
    Kind.POSTS: ("post_id", "account_id"),
    Kind.ACCOUNTS: ("account_id",),
    Kind.LINKAGES: ("account_id", "kind", "key_hash"),
    Kind.FOLLOWS: ("follower_id", "followed_id"),
    Kind.SHARES: ("object", "account", "time"),
}
SHORT_TEXT = 1_000
"""Most bytes of a name, a handle, a place or a client."""


class Cleaner:
    """Cleans the rows of one file.

    Args:
        naive_is_utc: whether a time without a zone is UTC, which only some formats define.
        naive_is_noted: whether the report should say that it was taken so.
        secret: hashes the keys of linkages (HMAC-SHA256); a raw key never leaves this class.
    """

    def __init__(
        self,
        *,
        naive_is_utc: bool,
        naive_is_noted: bool = True,
        secret: bytes | None = None,
        notes: Notes | None = None,
    ) -> None:
        self.notes = Notes() if notes is None else notes
        self._naive_is_utc = naive_is_utc
        self._naive_is_noted = naive_is_noted
        self._secret = secret
        self._by_kind: dict[Kind, Callable[[Mapping[str, Any]], Row]] = {
            Kind.POSTS: self._post,
            Kind.ACCOUNTS: self._account,
            Kind.LINKAGES: self._linkage,
            Kind.FOLLOWS: self._follow,
            Kind.SHARES: self._share,
        }

    def clean(self, item: Item) -> Row:
        """The row of `item` with every field of its kind; times in microseconds since 1970.

        Raises:
            FieldError: names the first field that cannot be taken, and why.
            RequestError: a linkage came without a secret to hash its key.
        """
        return self._by_kind[item.kind](item.fields)

    def _post(self, given: Mapping[str, Any]) -> Row:
        row: Row = {
            "post_id": _required(given, "post_id"),
            "account_id": _required(given, "account_id"),
            "text": _field(given, "text", cells.text),
            "created_at": self._moment(given, "created_at"),
            "lang": self._language(given),
        }
        for name in POST_REFERENCES:
            value = given.get(name)
            row[name] = None if value is None or value == "" else _field(given, name, _reference)
        urls = _field(given, "urls", _urls)
        hashtags = _field(given, "hashtags", cells.items)
        mentions = _field(given, "mentions", cells.items)
        if urls is None or hashtags is None or mentions is None:
            found_tags, found_urls, found_mentions = entities.extract(row["text"])
            urls = found_urls if urls is None else urls
            hashtags = found_tags if hashtags is None else _normal(hashtags, entities.tag)
            mentions = found_mentions if mentions is None else _normal(mentions, entities.mention)
        else:
            hashtags = _normal(hashtags, entities.tag)
            mentions = _normal(mentions, entities.mention)
        row["urls"], row["hashtags"], row["mentions"] = urls, hashtags, mentions
        row["media_hashes"] = _field(given, "media_hashes", cells.items) or []
        row["client"] = _field(given, "client", _short).strip() or None
        return row

    def _account(self, given: Mapping[str, Any]) -> Row:
        return {
            "account_id": _required(given, "account_id"),
            "handle": _field(given, "handle", _short).strip().lstrip("@"),
            "display_name": _field(given, "display_name", _short).strip(),
            "description": _field(given, "description", cells.text).strip(),
            "location": _field(given, "location", _short).strip(),
            "created_at": self._moment(given, "created_at"),
            "followers": _field(given, "followers", cells.count),
            "following": _field(given, "following", cells.count),
            "observed_at": self._moment(given, "observed_at"),
        }

    def _linkage(self, given: Mapping[str, Any]) -> Row:
        if self._secret is None:
            raise RequestError("CONCERT_SECRET: a secret is needed to hash the keys of linkages")
        kind = _required(given, "kind").lower()
        if kind not in set(LinkageKind):
            # Not quoted: where columns were swapped, it is the key.
            raise FieldError("kind", f"none of {', '.join(LinkageKind)}")
        try:
            key = _required(given, "key_hash")
        except FieldError as error:
            # The reason could quote the key; that it cannot be read is all that may be told.
            absent = cells.is_absent(given.get("key_hash"))
            raise error if absent else FieldError("key_hash", "not a key") from None
        return {
            "account_id": _required(given, "account_id"),
            "kind": kind,
            "key_hash": key_hash(key, kind, self._secret),
            "observed_at": self._moment(given, "observed_at"),
        }

    def _follow(self, given: Mapping[str, Any]) -> Row:
        return {
            "follower_id": _required(given, "follower_id"),
            "followed_id": _required(given, "followed_id"),
            "observed_at": self._moment(given, "observed_at"),
        }

    def _share(self, given: Mapping[str, Any]) -> Row:
        # An object may be an URL or a text: it is longer than an id.
        shared = _field(given, "object", lambda value: cells.text(value, cells.ITEM_CHARS)).strip()
        if cells.is_absent(shared):
            raise FieldError("object", "missing")
        account = _required(given, "account")
        moment = self._moment(given, "time")
        if moment is None:
            raise FieldError("time", "missing")
        return {
            "object": shared,
            "account": account,
            "post": _field(given, "post", cells.identifier),
            "time": moment,
        }

    def _moment(self, given: Mapping[str, Any], name: str) -> int | None:
        value = given.get(name)
        if value is None or cells.is_absent(value):
            return None
        try:
            moment, naive = times.micros(value)
        except ValueError as error:
            raise FieldError(name, str(error)) from None
        if naive:
            if not self._naive_is_utc:
                raise FieldError(name, f"has no time zone: {ascii(value)[:60]}")
            if self._naive_is_noted:
                self.notes.naive_times += 1
        return moment

    def _language(self, given: Mapping[str, Any]) -> str | None:
        value = given.get("lang")
        if value is None or cells.is_absent(value):
            return None
        name = _field(given, "lang", _short)
        code, known = languages.iso_639_1(name)
        if not known:
            self.notes.unknown_languages[name] = self.notes.unknown_languages.get(name, 0) + 1
        return code


def key_hash(key: str, kind: str, secret: bytes) -> str:
    """The only form in which a linkage's key is stored: HMAC-SHA256, 64 hex digits.

    The kind is part of what is hashed: a phone number and a payment account that happen to have
    the same digits are not the same link.
    """
    message = f"{kind}\0{unicodedata.normalize('NFC', key.strip())}"
    return hmac.new(secret, message.encode(), hashlib.sha256).hexdigest()


def _required(given: Mapping[str, Any], name: str) -> str:
    found: str | None = _field(given, name, cells.identifier)
    if found is None:
        raise FieldError(name, "missing")
    return found


def _field(given: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    try:
        return read(given.get(name))
    except ValueError as error:
        raise FieldError(name, str(error)) from None


def _reference(value: Any) -> str | None:
    found = cells.identifier(value)
    # The archives write 0 for "replies to nobody".
    return None if found == "0" else found


def _urls(value: Any) -> list[str] | None:
    return cells.items(value, urls=True)


def _short(value: Any) -> str:
    return "" if cells.is_absent(value) else cells.text(value, SHORT_TEXT)


def _normal(found: list[str], normal: Callable[[str], str]) -> list[str]:
    return [one for one in dict.fromkeys(normal(item) for item in found) if one]
