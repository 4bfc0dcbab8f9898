"""Sources: the Admiralty code, and copies that count once."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.sources import Source, canonical_url, independent, resolved


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://paper.example/a", "http://www.paper.example/a/"),
        ("https://paper.example/a", "HTTPS://PAPER.EXAMPLE/a#part"),
        ("https://paper.example/a?utm_source=x&id=3", "https://paper.example/a?id=3&fbclid=9"),
        ("https://m.paper.example/a", "paper.example/a"),
        ("https://paper.example/a?b=1&c=2", "https://paper.example/a?c=2&b=1"),
    ],
)
def test_ways_to_write_one_address(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://paper.example/a", "https://paper.example/b"),
        ("https://paper.example/a?id=1", "https://paper.example/a?id=2"),
        ("https://paper.example/a", "https://other.example/a"),
    ],
)
def test_different_addresses(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize("letter", "ABCDEF")
@pytest.mark.parametrize("digit", "123456")
def test_credible_is_at_least_fairly_reliable_and_possibly_true(letter: str, digit: str) -> None:
    source = Source(publisher="P", credibility=letter + digit)
    assert source.credible is (letter in "ABC" and digit in "123")
    assert not source.model_copy(update={"retracted": True}).credible


@pytest.mark.parametrize("wrong", ["", "A", "A7", "G1", "1A", "A0", "A11"])
def test_wrong_credibility_names_its_field(wrong: str) -> None:
    with pytest.raises(ValidationError, match="credibility"):
        Source(publisher="P", credibility=wrong)


def test_a_source_needs_an_address_or_a_publisher() -> None:
    with pytest.raises(ValidationError, match="url or a publisher"):
        Source(credibility="A1")


def test_unjudged_is_not_credible() -> None:
    assert not Source(publisher="P").credible


A = {"url": "https://a.example/1", "publisher": "A"}
B = {"url": "https://b.example/1", "publisher": "B"}


@pytest.mark.parametrize(
    ("sources", "count"),
    [
        ([], 0),
        ([A], 1),
        ([A, A], 1),
        ([A, B], 2),
        ([A, {**A, "url": "http://www.a.example/1/"}], 1),
        ([A, {**A, "url": "https://a.example/2"}], 1),  # a publisher does not confirm itself
        ([A, {"url": "https://a.example/1", "publisher": "Mirror"}], 1),
        ([A, {**B, "copy_of": "https://a.example/1"}], 1),
        ([{**A, "origin": "Agency"}, {**B, "origin": "agency"}], 1),
        ([A, {**B, "origin": "https://a.example/1"}], 1),
        ([{"url": "https://a.example/1"}, {"url": "https://a.example/2"}], 1),  # one host
        ([{"publisher": "Court"}, {"publisher": "court"}], 1),
        ([{"publisher": "Court"}, {"publisher": "Paper"}], 2),
        (
            # B copies A, C copies B: one story in three papers.
            [
                A,
                {**B, "copy_of": "https://a.example/1"},
                {"publisher": "C", "url": "https://c.example", "copy_of": "https://b.example/1"},
            ],
            1,
        ),
        (
            # Two that copy each other have no original, but are one.
            [{**A, "copy_of": "https://b.example/1"}, {**B, "copy_of": "https://a.example/1"}],
            1,
        ),
    ],
)
def test_copies_count_once(sources: list[dict[str, Any]], count: int) -> None:
    assert independent(resolved(Source(**one) for one in sources)) == count


def test_a_copy_falls_with_its_original() -> None:
    original = Source(**A, credibility="A1", retracted=True)
    copy = Source(**B, credibility="A1", copy_of=original.url)
    assert [one.credible for one in resolved([original, copy])] == [False, False]


listed = st.lists(
    st.builds(
        Source,
        url=st.sampled_from([f"https://h{n}.example" for n in range(4)]),
        publisher=st.sampled_from("ABCD"),
        origin=st.sampled_from(["", "", "Agency", "Bureau"]),
    ),
    max_size=7,
)


@given(listed)
def test_independent_is_the_largest_choice_without_a_common_voice_or_story(
    sources: list[Source],
) -> None:
    def apart(chosen: tuple[Source, ...]) -> bool:
        return all(
            one.voice != other.voice and one.story != other.story
            for one, other in itertools.combinations(chosen, 2)
        )

    plain = max(
        size
        for size in range(len(sources) + 1)
        if any(apart(chosen) for chosen in itertools.combinations(sources, size))
    )
    assert independent(sources) == plain


@given(listed, listed)
def test_more_sources_never_make_fewer(some: list[Source], more: list[Source]) -> None:
    assert independent(some) <= independent([*some, *more])
