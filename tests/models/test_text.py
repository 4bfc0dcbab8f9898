"""Literal cases of the form that is scored, and what no text may do to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.language import language_of, stated
from models.text import MAX_CHARACTERS, is_wordless, normalise, skeleton

CASES = [
    ("", ""),
    ("plain words stay", "plain words stay"),
    ("RT @someone: look   at\tthis", "look at this"),
    ("see https://example.org/a?b=c now", "see http now"),
    ("www.example.org", "http"),
    ("ask @someone or me@example.org", "ask @user or @user"),
    ("k\u200bi\u200cl\u200dl", "kill"),
    ("m0ney fr0m h0me", "money from home"),
    ("covid19 G20 2nd 5G", "covid19 G20 2nd 5G"),
    ("f r e e money", "free money"),
    ("f.r.e.e money", "free money"),
    ("I a m", "I a m"),
    ("\u0440\u0430yp\u0430l", "paypal"),
    ("привет", "привет"),
    ("\uff46\uff55\uff4c\uff4c", "full"),
    ("sooooo good", "soo good"),
    ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ("Fish &amp; chips", "Fish & chips"),
    ("a\ud800b", "a?b"),
    ("a\u202eb", "ab"),
]


@pytest.mark.parametrize(("given_text", "expected"), CASES)
def test_normal_form(given_text: str, expected: str) -> None:
    assert normalise(given_text) == expected


@given(st.text(max_size=300))
def test_any_text_has_a_form_that_can_be_stored(text: str) -> None:
    assert normalise(text).encode("utf-8") is not None
    assert normalise(text) == normalise(text)


def test_long_text_keeps_both_ends() -> None:
    form = normalise("begin " + "filler " * 20_000 + "end")
    assert form.startswith("begin")
    assert form.endswith("end")
    assert len(form) <= MAX_CHARACTERS + 1


def test_copies_share_a_skeleton() -> None:
    assert skeleton("RT @one: Vote NOW! https://a.example") == skeleton("vote now @two")


@pytest.mark.parametrize("text", ["", "123", "👍👍", "@user http", "..."])
def test_wordless(text: str) -> None:
    assert is_wordless(text)


@pytest.mark.parametrize(
    ("text", "given_code", "expected"),
    [
        ("Good morning everyone, have a lovely day", None, "en"),
        ("Das ist ein schöner Tag für uns alle", None, "de"),
        ("Доброе утро всем, хорошего дня", None, "ru"),
        ("مرحبا كيف حالك اليوم", None, "ar"),
        ("Good morning everyone", "fr-CA", "fr"),
        ("Good morning everyone, have a lovely day", "nonsense", "en"),
        ("", "en", "und"),
        ("👍👍👍", "en", "und"),
        ("12345 https://example.org @someone", None, "und"),
    ],
)
def test_language(text: str, given_code: str | None, expected: str) -> None:
    assert language_of(text, given_code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", "en"), ("pt-BR", "pt"), ("iw", "he"), ("und", None), ("", None), (None, None)],
)
def test_stated_language(code: str | None, expected: str | None) -> None:
    assert stated(code) == expected
