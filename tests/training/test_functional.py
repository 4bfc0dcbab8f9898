"""The functional suite: both sides of every policy, never taught, and disguises that are undone."""

import pytest

from models.text import normalise
from policy.words import Policy
from training import written
from training.functional import EVASIONS, cases, tables
from training.posts import posts

UNDONE = ("spacing", "look-alike letters", "digits for letters", "invisible characters")


def test_every_policy_is_tried_from_both_sides() -> None:
    sides = {(case.policy, case.breaks) for case in cases()}
    assert sides == {(policy, breaks) for policy in Policy for breaks in (True, False)}


@pytest.mark.parametrize("policy", Policy)
def test_each_side_is_tried_by_twenty_texts_and_several_functions(policy: Policy) -> None:
    for breaks in (True, False):
        functions = [
            about
            for about in tables()["policies"][policy.value].values()
            if about["breaks"] is breaks
        ]
        texts = [text for about in functions for text in about["texts"]]
        assert len(functions) >= 3
        assert len(set(texts)) == len(texts) >= 20


def test_nothing_of_it_is_taught() -> None:
    older = (*written.harmless(), *written.descriptions(), *written.attacks())
    taught = {each.text for each in (*posts(), *older)}
    assert not {case.text for case in cases()} & taught


@pytest.mark.parametrize("evasion", UNDONE)
def test_what_is_disguised_is_read_as_it_was(evasion: str) -> None:
    # One spaced word: where a second follows, no blank tells where it begins (docs/models.md).
    plain = "they must all vanish"
    disguised = EVASIONS[evasion](plain)
    assert disguised != plain
    assert normalise(disguised) == normalise(plain)


def test_attacks_have_their_look_alikes() -> None:
    rows = written.attacks()
    for policy in (Policy.HATE, Policy.ABUSE, Policy.SPAM, Policy.COVID_MISINFO):
        assert sum(row.breaks is policy for row in rows) >= 5
        assert sum(row.about is policy for row in rows) >= 5
    assert len({row.text for row in rows}) == len(rows)
