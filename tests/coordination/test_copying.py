"""Whose text is it: the texts of a circle's own, against plain loops over what they are."""

from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from coordination.actions import actions
from coordination.copying import OWN, own_met
from coordination.layer import meet
from coordination.source import open_source
from coordination.workspace import workspace

WINDOW = 20
SHARES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 7), st.integers(0, 5)), min_size=20, max_size=60
)


@given(SHARES, st.lists(st.integers(0, 2), min_size=8, max_size=8))
@settings(max_examples=15, deadline=None)
def test_texts_of_the_pairs_own_circles(
    con: Backend, shares: list[tuple[int, int, int]], circle: list[int]
) -> None:
    """Each share is a post of its own; the pairs tested are all there are."""
    table = pa.table(
        {
            "object": [f"text {text}" for text, *_ in shares],
            "account": [f"account {account}" for _, account, _ in shares],
            "post": [f"post {number:02}" for number in range(len(shares))],
            "time": [1_760_000_000 + 15 * at for *_, at in shares],
        }
    )
    work = workspace(con, actions(open_source(con, table), []))
    layer = meet(work, "object", WINDOW * 1_000_000)
    who = sorted({account for _, account, _ in shares})
    pairs = np.array(list(combinations(range(len(who)), 2)), dtype=np.int64).reshape(-1, 2)
    tested = {"edge": np.arange(len(pairs)), "source": pairs[:, 0], "target": pairs[:, 1]}
    circles = {"account": np.arange(len(who)), "circle": np.array([circle[one] for one in who])}
    found, widest = own_met(layer, work.keep("t", tested), work.keep("c", circles), len(pairs))
    size = Counter(circle[one] for one in who)
    for (a, b), own, width in zip(pairs.tolist(), found, widest, strict=True):
        both = {circle[who[a]], circle[who[b]]}
        assert width == sum(int(size[one] / OWN) for one in both)
        assert own == sum(
            _is_own(shares, circle, text, both, width) and _met(shares, text, who[a], who[b])
            for text in range(4)
        )


def _is_own(
    shares: list[tuple[int, int, int]], circle: list[int], text: int, both: set[int], width: int
) -> bool:
    posters = [account for of, account, _ in shares if of == text]
    inside = sum(circle[account] in both for account in posters)
    return inside >= OWN * len(posters) and len(posters) <= width


def _met(shares: list[tuple[int, int, int]], text: int, one: int, other: int) -> bool:
    return any(
        abs(15 * at - 15 * then) <= WINDOW
        for of, account, at in shares
        for of_, account_, then in shares
        if of == of_ == text and (account, account_) == (one, other)
    )
