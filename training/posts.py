"""Rows in the style of posts, written for this project and marked as such (posts/*.json).

For every policy breaches, and beside them what looks like a breach and is none: counter-speech,
quotation, reports, negation, corrections, figures of speech, what people say about themselves.
They teach the heads and never the encoder: its tuning stays what the sources' rows made it, and a
checkpoint of it stays good when a row is added here.
"""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.text import digest
from policy.words import Policy
from training.written import Written

_FOLDER = Path(__file__).with_suffix("")
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiAEI])")
_FILLS = 3
_FILLS_OF_GROUPS = 4
_GROUPS = frozenset({"group", "person"})
"""Slots for people: filled more often, so that no group is spoken ill of more than others."""


@lru_cache(maxsize=1)
def fillers() -> dict[str, list[str]]:
    """What may stand in a slot, by its name."""
    found: dict[str, list[str]] = _read("fillers")
    return found


@lru_cache(maxsize=1)
def posts() -> tuple[Written, ...]:
    """All of them, each slot of a text filled some times over; the same at every call."""
    found = []
    for policy in Policy:
        for side, kinds in _read(policy.value).items():
            breaks, about = (policy, None) if side == "breaks" else (None, policy)
            found += [
                Written(text, "en", breaks, about=about, base=base)
                for texts in kinds.values()
                for base in texts
                for text in _filled(base)
            ]
    return tuple(found)


def _filled(base: str) -> list[str]:
    slots = _SLOT.findall(base)
    if not slots:
        return [base]
    times = _FILLS_OF_GROUPS if _GROUPS & set(slots) else _FILLS
    start = int(digest(base)[:8], 16)
    texts = []
    for turn in range(times):
        chosen = {}
        for at, slot in enumerate(dict.fromkeys(slots)):
            words = fillers()[slot]
            step = max(1, len(words) // times)
            chosen[slot] = words[(start // 97**at + turn * step) % len(words)]
        texts.append(_ARTICLE.sub(r"\1n ", base.format(**chosen)))
    return list(dict.fromkeys(texts))


def _read(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
