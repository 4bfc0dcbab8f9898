"""The statement of reasons in the person's own language, where there is a translation.

The words of each language stand in `translations/<language>.json`; a statement is put together from
the restriction's kind and ground anew, never translated from text, so that no personal data comes
in with it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from policy.people import is_person
from policy.restrictions import GroundKind, Restriction
from policy.statements import HOW_FOUND, StatementOfReasons
from policy.words import RestrictionKind, UtcDatetime
from store.work import Reading

_FOLDER = Path(__file__).resolve().parent / "translations"
ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """One language that people are told in."""

    code: str
    """ISO 639-1."""
    words: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As its speakers call it."""
        return str(self.words["name"])

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.words["dir"])

    @property
    def page(self) -> Mapping[str, str]:
        """The words of the page around a statement."""
        found: Mapping[str, str] = self.words["page"]
        return found


@dataclass(frozen=True)
class Notice:
    """One statement in one language."""

    language: Language
    parts: tuple[tuple[str, str], ...]
    """Heading and text, in order."""
    clause: str

    @property
    def text(self) -> str:
        """All of it, one part a paragraph."""
        return "\n\n".join(f"{heading}: {said}" for heading, said in self.parts)


@cache
def languages() -> Mapping[str, Language]:
    """All languages that there are, by code, English first."""
    found = {
        path.stem: Language(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(_FOLDER.glob("*.json"))
    }
    return {ENGLISH: found.pop(ENGLISH), **found}


def language_for(asked: Sequence[str]) -> Language:
    """The first of the languages asked for that there is, by its main code; else English."""
    known = languages()
    for one in asked:
        main = one.strip().lower().partition("-")[0]
        if main in known:
            return known[main]
    return known[ENGLISH]


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, best first (RFC 9110, 12.5.4)."""
    weighted = []
    for at, part in enumerate(header[:1000].split(",")):
        name, _, weight = part.partition(";q=")
        try:
            weighted.append((-float(weight or 1), at, name.strip()))
        except ValueError:
            continue
    return [name for _, _, name in sorted(weighted) if name]


def day(moment: UtcDatetime, language: Language) -> str:
    """A moment, written the same way in every language.

    Among words that run from right to left it is isolated (Unicode Standard Annex 9), or its parts
    would be shown in the wrong order.
    """
    said = f"{moment:%Y-%m-%d %H:%M} UTC"
    return f"\u2066{said}\u2069" if language.direction == "rtl" else said


def notice(
    work: Reading, restriction: Restriction, statement: StatementOfReasons, language: Language
) -> Notice:
    """The statement of a restriction in a language."""
    words, page = language.words, language.page
    by_person = is_person(restriction.cause.by)
    found = next((how.value for how, says in HOW_FOUND.items() if says == statement.how_found), "")
    clause = words["clause"].get(statement.clause, statement.clause_says)
    parts = (
        (page["what"], words["what"][f"{restriction.subject_kind}.{restriction.kind}"]),
        (page["why"], _why(work, restriction, statement, words)),
        (page["rule"], clause),
        (page["found"], words["found"].get(found, statement.how_found)),
        (page["decided"], words["decided"]["person" if by_person else "machine"]),
        (page["until"], _until(restriction, language)),
        (page["object"], page["open_until"].format(date=day(statement.appeal_until, language))),
    )
    return Notice(language=language, parts=parts, clause=statement.clause)


def _why(
    work: Reading,
    restriction: Restriction,
    statement: StatementOfReasons,
    words: Mapping[str, Any],
) -> str:
    ground, kind = restriction.ground, restriction.kind
    why: Mapping[str, str] = words["why"]
    says = why.get(f"{ground.kind}.{kind}", why[ground.kind])
    rule = words["rules"].get(ground.policy or "", "")
    named = ""
    if ground.kind is GroundKind.DESIGNATION:
        group = work.groups.get(ground.group_id or "")
        # Told only where the statement told it: it was checked for personal data then.
        named = f" ({group.name})" if group and f"({group.name})" in statement.why else ""
    return says.format(group=named, rule=rule)


def _until(restriction: Restriction, language: Language) -> str:
    until: Mapping[str, str] = language.words["until"]
    if restriction.expires_at is not None:
        return until["ends"].format(date=day(restriction.expires_at, language))
    return until["removed" if restriction.kind is RestrictionKind.REQUIRE_REMOVAL else "open"]
