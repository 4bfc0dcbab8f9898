"""Rows written in the style of posts: both sides of every policy, and nothing of the suite."""

from collections import Counter

import numpy as np
import pytest

from models.text import skeleton
from policy.words import Policy
from training import written
from training.functional import EVASIONS, cases
from training.posts import fillers, posts

NEAR = 0.7
"""Of all words of two texts, the share that both hold."""


@pytest.mark.parametrize("policy", Policy)
def test_breaches_have_at_least_as_many_look_alikes(policy: Policy) -> None:
    breaches = {row.base for row in posts() if row.breaks is policy}
    alike = {row.base for row in posts() if row.about is policy}
    assert 60 <= len(breaches) <= len(alike)


def test_no_text_is_written_twice() -> None:
    older = (*written.harmless(), *written.descriptions(), *written.attacks())
    texts = Counter(row.text for row in posts())
    assert max(texts.values()) == 1
    assert not texts.keys() & {row.text for row in older}
    assert not any("{" in text or "}" in text for text in texts)


def test_every_group_is_spoken_well_of_as_often_as_ill() -> None:
    for group in fillers()["group"]:
        named = [row for row in posts() if group.lower() in row.text.lower().split()]
        if len(named) >= 20:
            ill = sum(row.breaks is not None for row in named) / len(named)
            assert 0.2 < ill < 0.8, group


def test_no_case_of_the_suite_is_a_near_copy_of_what_is_taught() -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    asked = [case for case in cases() if case.function not in EVASIONS]
    older = (*written.harmless(), *written.descriptions(), *written.attacks())
    taught = sorted({skeleton(row.text) for row in (*posts(), *older)})
    said = [skeleton(case.text) for case in asked]
    words = CountVectorizer(binary=True, token_pattern=r"\w+").fit([*taught, *said])
    ours, theirs = (words.transform(each).astype(np.float32) for each in (said, taught))
    shared = (ours @ theirs.T).toarray()
    whole = ours.sum(axis=1) + theirs.sum(axis=1).T - shared
    likeness = np.asarray(shared / np.maximum(whole, 1)).max(axis=1)
    assert [case.text for case, near in zip(asked, likeness, strict=True) if near >= NEAR] == []


def test_the_encoder_is_never_tuned_on_them() -> None:
    import pandas as pd

    from training.harm import _with_written

    nothing = pd.DataFrame({"source": [], "plain": [], "lang": []})
    frame = _with_written(nothing)
    assert int(frame["post"].sum()) == len(posts())
    # What comes before them is what a checkpoint was begun with: they come last and shift nothing.
    assert not frame["post"].iloc[: -len(posts())].any()
    assert set(frame.loc[frame["post"], "post_of"]) == {policy.value for policy in Policy}
