"""What a post says, as the models read it: one plain form for the many ways to write the same.

Evaders write around filters with look-alike letters, invisible characters, spacing and digits
for letters. The form undoes what can be undone without guessing; it is for scoring only, never
for showing. Kept modest: each step leaves ordinary text of every script as it was, save for
case-neutral clean-up, links and names.
"""

import hashlib
import html
import re
import unicodedata

MAX_CHARACTERS = 4000
"""Longer texts are read at both ends, so that padding before or after hides nothing there."""

# Confusable letters, Cyrillic and Greek to Latin (Unicode TR39, the pairs that look the same in
# common fonts). Applied only inside words that already mix scripts.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтАВЕКМНОРСТХІЈЅαορνικτυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwbkmhtABEKMHOPCTXIJSaopviktuABEZHIKMNOPTYX",
)
_LEET = str.maketrans("013457@$", "oieastas")

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.\w[\w.-]*\b")
_NAME = re.compile(r"(?<![\w@])@\w{1,30}")
_REPOST = re.compile(r"^[\s!\"“.]*RT\s+@\w+\s*:?\s*")
_MARKS = re.compile(r"([\u0300-\u036f]{2})[\u0300-\u036f]+")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_*]){3,}[^\W\d_](?![^\W_])")
_WORD = re.compile(r"\S+")
_LEET_WORD = re.compile(r"^[^\w@$]*(?=[A-Za-z])[A-Za-z013457@$]{4,}[^\w@$]*$")
_LEET_INNER = re.compile(r"(?<=[A-Za-z])[013457@$]+(?=[A-Za-z])")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """The form of a text that is scored.

    >>> normalise("RT @someone: k\\u200bi\\u200bl\\u200bl  the   m0od https://example.org/x")
    'kill the mood http'
    """
    if len(text) > MAX_CHARACTERS:
        text = f"{text[: MAX_CHARACTERS * 3 // 4]} {text[-MAX_CHARACTERS // 4 :]}"
    # A lone surrogate cannot be encoded, so nothing behind this could store or embed it.
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = unicodedata.normalize("NFKC", html.unescape(text))
    text = _MARKS.sub(r"\1", _without_invisible(text))
    text = _REPOST.sub("", text)
    text = _NAME.sub("@user", _LINK.sub("http", _EMAIL.sub("@user", text)))
    text = _SPACED.sub(lambda match: re.sub(r"[ .\-_*]", "", match.group()), text)
    text = _WORD.sub(lambda match: _plain_word(match.group()), text)
    return _SPACE.sub(" ", _REPEATED.sub(r"\1\1", text)).strip()


def digest(text: str) -> str:
    """SHA-256 of a text, hexadecimal; the key of caches and of near-duplicate checks."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def skeleton(text: str) -> str:
    """What stays of a normalised text when case, links, names and punctuation are gone.

    Two posts with one skeleton are copies of each other (DATA.md uses the same rule).
    """
    plain = normalise(text).replace("@user", " ").replace("http", " ").lower()
    return " ".join(re.findall(r"\w+", plain))


def is_wordless(text: str) -> bool:
    """Whether a normalised text has no letter at all: empty, emoji, digits or links alone."""
    return not any(letter.isalpha() for letter in text.replace("@user", "").replace("http", ""))


def _without_invisible(text: str) -> str:
    # Joiners are letters' business in Persian and Indic scripts and in emoji, so they go only
    # where a neighbour is Latin or a digit; all other format characters go everywhere.
    if text.isascii():
        return text
    kept: list[str] = []
    for at, letter in enumerate(text):
        category = unicodedata.category(letter)
        if category == "Cf" or (category == "Cc" and not letter.isspace()):
            if letter not in "\u200c\u200d":
                continue
            before, after = text[at - 1 : at], text[at + 1 : at + 2]
            if before.isascii() or after.isascii():
                continue
        kept.append(letter)
    return "".join(kept)


def _plain_word(word: str) -> str:
    if word in ("@user", "http"):
        return word
    if not word.isascii() and re.search(r"[A-Za-z]", word):
        word = word.translate(_LOOKALIKES)
    if _LEET_WORD.match(word):
        word = _LEET_INNER.sub(lambda match: match.group().translate(_LEET), word)
    return word
