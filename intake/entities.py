"""Hashtags, URLs and mentions of a post, where its source does not list them.

The rules are those of X's own open twitter-text library (its hashtag and mention grammar: what
may stand before, inside and after), on Unicode letters and marks, so that tags in scripts with
combining vowels stay whole. An URL counts with its scheme only. What a platform cut off with an
ellipsis is dropped: half a tag or half a link would tie together posts that share nothing.
"""

import re
import unicodedata


def _marks() -> str:
    """Every combining mark as ranges of a character class: `\\w` of the re module lacks them."""
    marks = [code for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
    starts = [code for code, before in zip(marks, [0, *marks], strict=False) if code != before + 1]
    ends = [code for code, after in zip(marks, [*marks[1:], 0], strict=True) if code + 1 != after]
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True))


# Zero-width joiners and the dots and dashes that words of several scripts carry inside.
_INNER = "\u200c\u200d\ua67e\u05be\u05f3\u05f4\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u00b7"
_WORD = rf"\w{_marks()}{_INNER}"
_HASH = "#\uff03"
_AT = "@\uff20"
_CUT = "\u2026"
_HASHTAG = re.compile(
    rf"[{_HASH}](?<![&{_WORD}][{_HASH}])(?!\ufe0f|\u20e3)"
    rf"([{_WORD}]++)(?![{_HASH}{_CUT}]|://|\.\.\.)"
)
_LETTER = re.compile(r"[^\W\d_]")
_MENTION = re.compile(
    rf"[{_AT}](?<![A-Za-z0-9_!#$%&*{_AT}][{_AT}])"
    rf"([A-Za-z0-9_]{{1,20}})(?![A-Za-z0-9_{_AT}{_CUT}\u00c0-\u024f]|://|\.\.\.)"
)
_URL = re.compile("https?://[^\\s<>\"'\u201c\u201d\u00ab\u00bb]+", re.IGNORECASE)
_TRAILING = ".,;:!?*_~`'\u2019"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def tag(given: str) -> str:
    """A hashtag as compared: without its sign, compatibility-normalised (NFKC), case-folded."""
    return unicodedata.normalize("NFKC", given.strip().lstrip(_HASH)).casefold()


def mention(given: str) -> str:
    """A mention that a source lists: a handle (told by its @) knows no case, an id keeps it."""
    return given.lstrip(_AT).lower() if given.startswith(("@", "\uff20")) else given


def extract(text: str) -> tuple[list[str], list[str], list[str]]:
    """The hashtags (as `tag` has them), URLs and mentions of `text`, each once, in their order."""
    links: list[str] = []
    if "://" in text:
        found = _URL.findall(text)
        links = [link for link in dict.fromkeys(map(_trimmed, found)) if link]
        for link in found:
            # A fragment of a link is no hashtag, and an @ in one no mention.
            text = text.replace(link, " ", 1)
    return _hashtags(text), links, _mentions(text)


def _hashtags(text: str) -> list[str]:
    if "#" not in text and "\uff03" not in text:
        return []
    return list(dict.fromkeys(tag(one) for one in _HASHTAG.findall(text) if _LETTER.search(one)))


def _mentions(text: str) -> list[str]:
    if "@" not in text and "\uff20" not in text:
        return []
    return list(dict.fromkeys(one.lower() for one in _MENTION.findall(text)))


def _trimmed(url: str) -> str:
    if _CUT in url or url.endswith("..."):
        return ""
    while url and not url[-1].isalnum():
        last = url[-1]
        unopened = last in _BRACKETS and url.count(last) > url.count(_BRACKETS[last])
        if last not in _TRAILING and not unopened:
            break
        url = url[:-1]
    return url if len(url.partition("://")[2]) > 1 else ""
