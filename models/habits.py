"""How somebody writes, whatever it is about: lengths, signs, capitals, where links and tags stand.

Left out on purpose is what tells how a data set was gathered rather than who writes: marks of
reposts, cut ends, escapes, line breaks, dates.
"""

import re

from policy.records import Post

HASHTAG = re.compile(r"#(\w{2,60})")
MENTION = re.compile(r"(?<![\w@])@(\w{2,30})")
LINK = re.compile(r"https?://[^\s\"'<>]+")

_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_LAST_LINK = re.compile(r"https?://\S+\s*$")
_LAST_HASHTAG = re.compile(r"#\w+\s*$")
_QUOTES = '"“”«»„'
_MOST = 4.0

HABITS = (
    "links",
    "hashtags",
    "mentions",
    "length",
    "words",
    "capitals",
    "digits",
    "exclamations",
    "questions",
    "quotes",
    "apostrophes",
    "commas",
    "stops",
    "colons",
    "bars",
    "hyphens",
    "emoji",
    "money",
    "starts_with_hashtag",
    "starts_with_mention",
    "starts_with_quote",
    "starts_small",
    "ends_with_stop",
    "ends_with_sign",
    "ends_with_link",
    "ends_with_hashtag",
    "shouted",
    "capitalised",
    "word_length",
    "beyond_ascii",
)


def habits_of(post: Post) -> tuple[float, ...]:
    """The habits of one post, in the order of `HABITS`, each within 0 and 4."""
    text = post.text[:2000]
    letters = max(len(text), 1)
    words = text.split()
    many = max(len(words), 1)
    first, last = text.lstrip()[:1], text.rstrip()[-1:]
    found = (
        len({*post.urls, *LINK.findall(text)}),
        len({*post.hashtags, *HASHTAG.findall(text)}) / 2,
        len({*post.mentions, *MENTION.findall(text)}) / 2,
        letters / 100,
        many / 20,
        4 * sum(letter.isupper() for letter in text) / letters,
        4 * sum(letter.isdigit() for letter in text) / letters,
        text.count("!"),
        text.count("?"),
        sum(text.count(sign) for sign in _QUOTES),
        text.count("'") + text.count("\u2019"),
        text.count(","),
        text.count(".") / 2,
        text.count(":"),
        text.count("|"),
        text.count("-"),
        len(_EMOJI.findall(text)),
        float("$" in text or "€" in text),
        float(first == "#"),
        float(first == "@"),
        float(first != "" and first in _QUOTES),
        float(first.islower()),
        float(last == "."),
        float(last in ("!", "?")),
        float(_LAST_LINK.search(text) is not None),
        float(_LAST_HASHTAG.search(text) is not None),
        4 * sum(word.isupper() and len(word) > 2 for word in words) / many,
        2 * sum(word[:1].isupper() for word in words) / many,
        sum(len(word) for word in words) / many / 4,
        4 * sum(ord(letter) > 127 for letter in text) / letters,
    )
    return tuple(min(float(each), _MOST) for each in found)
