"""Hashtags, URLs and mentions that are read from the words of a post."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.entities import extract, mention, tag


@pytest.mark.parametrize(
    ("text", "hashtags"),
    [
        ("#One and #two #ONE", ["one", "two"]),
        ("no#tag &#39; #123 #", []),
        ("(#a) #b. #c1 #1c", ["a", "b", "c1", "1c"]),
        ("#हिन्दी #বাংলা #العربية #日本語", ["हिन्दी", "বাংলা", "العربية", "日本語"]),
        ("\uff03\uff26\uff55\uff4c\uff4c", ["full"]),
        ("cut off #Hash\u2026 #Hash... #whole", ["whole"]),
        ("keycap #\ufe0f\u20e3", []),
        ("see http://x.org/#part", []),
        ("#x_y", ["x_y"]),
    ],
)
def test_hashtags(text: str, hashtags: list[str]) -> None:
    assert extract(text)[0] == hashtags


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("http://x.org and https://t.co/a", ["http://x.org", "https://t.co/a"]),
        ("(https://x.org/a_(b)).", ["https://x.org/a_(b)"]),
        ("'https://x.org/a?b=c,d#e', ok", ["https://x.org/a?b=c,d#e"]),
        ("https://t.co/a https://t.co/a", ["https://t.co/a"]),
        ("cut off https://t.co/ab\u2026 http://x.org/...", []),
        ("x.org www.x.org ftp://x.org", []),
        ("HTTPS://X.ORG/Path", ["HTTPS://X.ORG/Path"]),
    ],
)
def test_urls(text: str, urls: list[str]) -> None:
    assert extract(text)[1] == urls


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("@One: hello @two_2, @ONE", ["one", "two_2"]),
        ("mail a@b.c or a.@b", ["b"]),
        ("@@x @cut\u2026 @" + "y" * 21, []),
        ("\uff20wide", ["wide"]),
        ("http://x.org/@in_a_link", []),
    ],
)
def test_mentions(text: str, mentions: list[str]) -> None:
    assert extract(text)[2] == mentions


def test_a_listed_handle_knows_no_case_and_a_listed_id_keeps_it() -> None:
    assert (mention("@Some"), mention("aB+c="), tag("#SoMe")) == ("some", "aB+c=", "some")


@given(st.text())
def test_any_text_gives_tags_that_it_holds(text: str) -> None:
    hashtags, urls, mentions = extract(text)
    assert all(url in text for url in urls)
    assert all(name in text.lower() for name in mentions)
    assert all(found and tag(found) == found for found in hashtags)
