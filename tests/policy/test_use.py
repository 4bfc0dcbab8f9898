"""Primary use: what counts as carrying the harmful activity, and when it is most of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.use import PostUse, is_primary, share_of


@pytest.mark.parametrize(
    ("use", "counts"),
    [
        ("propagates", True),
        ("encourages", True),
        ("praises", False),
        ("names", False),
        ("opposes", False),
        ("other", False),
    ],
)
def test_naming_or_praising_is_not_it(use: str, *, counts: bool) -> None:
    share = share_of([PostUse(use)] * 100)
    assert share.share == float(counts)
    assert is_primary(share) is counts


@pytest.mark.parametrize(
    ("carrying", "posts", "primary"),
    [
        (0, 0, False),
        (19, 19, False),  # too few posts
        (20, 20, True),
        (10, 20, False),
        (14, 20, False),  # 0.70, from 0.48
        (15, 20, True),  # 0.75, from 0.53
        (55, 100, False),  # 0.55, from 0.45
        (60, 100, True),  # 0.60, from 0.502
        (500, 1000, False),
        (532, 1000, True),
    ],
)
def test_most_of_it_beyond_doubt_of_sampling(carrying: int, posts: int, *, primary: bool) -> None:
    uses = [PostUse.PROPAGATES] * carrying + [PostUse.OTHER] * (posts - carrying)
    assert is_primary(share_of(uses)) is primary


def test_wilsons_interval() -> None:
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    share = share_of([PostUse.ENCOURAGES] * 81 + [PostUse.NAMES] * 182)
    assert (round(share.low, 4), round(share.high, 4)) == (0.2553, 0.3662)


def test_without_posts_nothing_is_known() -> None:
    share = share_of([])
    assert (share.low, share.high, share.posts) == (0.0, 1.0, 0)


@given(st.lists(st.sampled_from(list(PostUse)), max_size=300))
def test_the_interval_holds_the_share(uses: list[PostUse]) -> None:
    share = share_of(uses)
    assert 0.0 <= share.low <= share.share <= share.high <= 1.0
