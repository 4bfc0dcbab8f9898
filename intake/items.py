"""What a reader hands on: a row in the contract's names, or a row that could not even be read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

RAW_KEPT = 10_000
"""Characters of a rejected row that are kept, enough to find and mend it at its source."""


class Kind(StrEnum):
    """What a row is about. `shares` are read for detection only and never enter the lake."""

    POSTS = "posts"
    ACCOUNTS = "accounts"
    LINKAGES = "linkages"
    FOLLOWS = "follows"
    SHARES = "shares"


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a source under the contract's field names, its values as the source has them.

    `row` counts the source's rows from 1 (a header is no row); `place` says where in other words,
    such as a line number or a path inside a JSON document.
    """

    kind: Kind
    row: int
    place: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that is not taken: where it stands, which field is to blame, and why."""

    kind: Kind
    row: int
    place: str
    field: str
    reason: str
    account_id: str = ""
    raw: str = ""


Read = Iterator[Item | Bad]


@dataclass(slots=True)
class Notes:
    """What a reader did that its user should hear of, counted."""

    naive_times: int = 0
    unknown_languages: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The notes as sentences, for the report."""
        lines = []
        if self.naive_times:
            lines.append(f"{self.naive_times} times without a zone were taken as UTC")
        if self.unknown_languages:
            most = sorted(self.unknown_languages, key=lambda name: -self.unknown_languages[name])
            total = sum(self.unknown_languages.values())
            named = ", ".join(repr(name) for name in most[:5])
            lines.append(f"{total} languages were not recognised and left empty: {named}")
        return lines


def rejected(item: Item, field_name: str, reason: str) -> Bad:
    """The reject of `item`.

    Of a linkage nothing is kept but its place and account: its key must not touch the disk, and
    where columns were swapped, any of them may hold it.
    """
    kept = {name: value for name, value in item.fields.items() if value not in (None, "")}
    account = item.fields.get("account_id") or item.fields.get("follower_id")
    return Bad(
        kind=item.kind,
        row=item.row,
        place=item.place,
        field=field_name,
        reason=reason,
        account_id=printable(account)[:200] if isinstance(account, str | int) else "",
        raw="" if item.kind is Kind.LINKAGES else json.dumps(kept, default=str)[:RAW_KEPT],
    )


def printable(value: object) -> str:
    """`value` as text that any file can hold: lone surrogates and NULs become escapes."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
