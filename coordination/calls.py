"""Which posts call others to act: a small rule of words (calls.toml) that can be disputed.

A call is a sentence that asks others to act. Whom it is about is not read from the words but from
mentions, quotes and replies. The words are no measure of harm: "write to @council about the bridge"
is a call too. What they miss is said: irony, hints, pictures, languages that are not listed, and
calls made elsewhere.

Patterns stay within what RE2 (DuckDB) and Java (Spark) both understand.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

RULE = "calls.words/1"
"""Name and version of the lists and of what is done with them."""


class Asked(StrEnum):
    """What a call asks others to do."""

    SPEAK = "speak"
    """Reply, mention, quote, write to, flood."""
    REPORT = "report"
    """Report or flag the account; the platform's own reports are not in the data."""
    OFF_PLATFORM = "off_platform"
    """Call, write, come: what follows is not in the data."""


_NAME = r"@[\p{L}\p{N}_.]+"
_EDGE = r"(?:^|[^\p{L}\p{M}\p{N}_@#])"
_END = r"(?:[^\p{L}\p{M}\p{N}_]|$)"
_PERSON = (
    rf"(?:{_NAME}|him|her|them|'?em"
    r"|this (?:guy|man|woman|person|account|user|clown|idiot|liar|traitor))"
)
_THING = rf"(?:{_PERSON}|his|their|this|that|these|those|it|(?:the|an?)\s+\p{{L}}+)"
_LEAD = (
    "please|pls|plz|go|now|everyone|everybody|folks|guys|friends|people|patriots|fam|team|army"
    "|followers|just|let'?s|let us|we (?:must|need to|should|have to)"
    "|you (?:must|should|need to|all)"
    "|y'?all|time to|(?:want|need) you (?:all )?to|all of you"
)
_CLAUSE = (
    r"(?:^[^\p{L}\p{N}@]*|[.!?:;,\n\"\x{201c}\x{2013}\x{2014}-]\s*[^\p{L}\p{N}@]*)"
    rf"(?:(?:{_LEAD})(?:[\s,:]+(?:and|all|now|just|please|{_LEAD}))*[\s,:]+)?"
)
"""Where an English clause that asks for something begins. Not after a leading @name: who opens
with it speaks to that account, not to others."""
_AFTER_LEAD = rf"{_EDGE}(?:{_LEAD})(?:[\s,:]+(?:and|all|now|just|please|{_LEAD}))*[\s,:]+"
_OPENS = rf"(?:{_CLAUSE}|{_AFTER_LEAD})"


def _any(fragments: Iterable[str]) -> str:
    return f"(?:{'|'.join(fragments)})"


def _english(verbs: Iterable[str], whom: str, between: int) -> str:
    return rf"{_OPENS}{_any(verbs)}\s+(?:[\p{{L}}\p{{N}}'@_]+\s+){{0,{between}}}?{whom}{_END}"


def _forms(languages: dict[str, list[str]]) -> str:
    return rf"{_EDGE}{_any(form for forms in languages.values() for form in forms)}{_END}"


def _patterns() -> dict[Asked, tuple[str, ...]]:
    words = tomllib.loads(files("coordination").joinpath("calls.toml").read_text("utf-8"))
    english = words["english"]
    return {
        Asked.SPEAK: (
            _english(english["speak_to"], _THING, 3),
            _english(english["do_to"], _PERSON, 0),
            rf"{_EDGE}(?:and|then)\s+{_any(english['speak_to'])}\s+(?:\p{{L}}+\s+){{0,2}}?{_NAME}",
            _forms(words["speak"]),
        ),
        Asked.REPORT: (_english(english["report"], _THING, 2), _forms(words["report"])),
        Asked.OFF_PLATFORM: (
            _english(english["come_to"], _any(english["places"]), 4),
            _forms(words["off_platform"]),
        ),
    }


def asks(text: ir.StringValue) -> dict[Asked, ir.BooleanValue]:
    """For each kind of action, whether a text calls others to it. An absent text calls for none."""
    plain = text.fill_null("").lower().re_replace(r"[\x{2018}\x{2019}]", "'")
    plain = plain.re_replace(r"https?://\S+", " ")
    found = {}
    for asked, patterns in _patterns().items():
        first, *rest = (plain.re_search(pattern) for pattern in patterns)
        for other in rest:
            first |= other
        found[asked] = first
    return found
