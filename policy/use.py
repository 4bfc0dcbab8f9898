"""The primary use of an account: which share of recent activity carries the harmful activity.

Source: "accounts whose primary use is to propagate and/or encourage engagement in the identified
coordinated harmful activity". Naming the group is not it, nor is praising it, reporting on it or
opposing it.
"""

from collections.abc import Iterable
from enum import StrEnum
from math import sqrt

from policy.scores import Share

PRIMARY_USE_LEVEL = 0.5
"""The share has to lie above one half with its whole interval: primary means most of it."""
PRIMARY_USE_POSTS = 20
"""Fewer recent posts say nothing about what an account is for."""

_Z = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


class PostUse(StrEnum):
    """What one post does with the identified harmful activity."""

    PROPAGATES = "propagates"
    """Carries the harmful activity on itself, such as the abusive reply of a pile-on."""
    ENCOURAGES = "encourages"
    """Calls on others to take part."""
    PRAISES = "praises"
    NAMES = "names"
    """Speaks about the group: reports, quotes, asks, jokes."""
    OPPOSES = "opposes"
    OTHER = "other"


CARRIES = frozenset({PostUse.PROPAGATES, PostUse.ENCOURAGES})
"""What counts towards the primary use. Praise is speech, not engagement in the activity."""


def share_of(uses: Iterable[PostUse]) -> Share:
    """The share of posts that carry the activity, with Wilson's 95 % interval."""
    listed = list(uses)
    return wilson(sum(use in CARRIES for use in listed), len(listed))


def wilson(k: int, n: int) -> Share:
    """`k` of `n` with Wilson's 95 % interval (Wilson 1927); of nothing, nothing is known.

    >>> wilson(0, 0).low, wilson(0, 0).high
    (0.0, 1.0)
    """
    if n == 0:
        return Share(share=0.0, low=0.0, high=1.0, posts=0)
    share = k / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # Rounding may carry a bound past the share itself where all or no posts count.
    return Share(
        share=share,
        low=min(share, max(0.0, centre - half)),
        high=max(share, min(1.0, centre + half)),
        posts=n,
    )


def is_primary(use: Share) -> bool:
    """Whether the harmful activity is what the account is mainly for, beyond doubt of sampling."""
    return use.posts >= PRIMARY_USE_POSTS and use.low > PRIMARY_USE_LEVEL
