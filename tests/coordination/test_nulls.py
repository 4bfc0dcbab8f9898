"""The two nulls, as they are swept, against plain loops over the formulas that define them."""

from collections import Counter, defaultdict
from itertools import combinations, product
from math import comb, exp, log1p

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from coordination.actions import actions
from coordination.audience import DAY, PARTS, audience_mean, meetings
from coordination.blocks import columns
from coordination.common import in_common, shelf
from coordination.layer import meet
from coordination.level import sample
from coordination.nulls import MIN_OCCASIONS
from coordination.source import open_source
from coordination.timing import CIRCLE, timing
from coordination.workspace import Workspace, workspace

WINDOW = 20_000_000
Share = tuple[int, int, int, int]
SHARES = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 5), st.integers(0, 60), st.integers(0, 15)
    ),
    min_size=30,
    max_size=60,
)  # fmt: skip


def _workspace(con: Backend, rows: list[Share]) -> Workspace:
    """Times are ten seconds apart, and some a day: windows and strata both have edges."""
    table = pa.table(
        {
            "object": [f"o{item}" for item, *_ in rows],
            "account": [f"a{account}" for _, account, *_ in rows],
            "post": [f"p{post}" for *_, post, _ in rows],
            "time": [1_760_000_000 + 10 * at + 86_400 * (at % 3 == 0) for *_, at in rows],
        }
    )
    return workspace(con, actions(open_source(con, table), []))


def _at_least(chances: list[float], count: int) -> float:
    mass = [1.0]
    for chance in chances:
        mass = [
            (mass[i] if i < len(mass) else 0) * (1 - chance) + (mass[i - 1] * chance if i else 0)
            for i in range(len(mass) + 1)
        ]
    return sum(mass[count:])


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, unique=True),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12, unique=True),
    st.integers(1, 20),
)
def test_what_pairs_have_in_common_equals_set_intersection(
    held: list[tuple[int, int]], pairs: list[tuple[int, int]], at_once: int
) -> None:
    account, item = np.array(held).T
    shelved, order = shelf(account, item, 7)
    source, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    got: dict[int, set[tuple[int, int]]] = {}
    for some in in_common(shelved, source, target, at_once):
        for place, pair in enumerate(some.pair.tolist()):
            assert pair not in got
            mine = some.of == place
            both = zip(some.first[mine], some.second[mine], strict=True)
            got[pair] = {(int(a), int(b)) for a, b in both}
    assert sorted(got) == list(range(len(pairs)))
    for pair, (one, other) in enumerate(pairs):
        common = {o for a, o in held if a == one} & {o for a, o in held if a == other}
        rows = {(held[order[a]], held[order[b]]) for a, b in got[pair]}
        assert rows == {((one, o), (other, o)) for o in common}


@given(SHARES)
@settings(max_examples=12, deadline=None)
def test_the_swept_nulls_equal_the_formulas(con: Backend, rows: list[Share]) -> None:
    work = _workspace(con, rows)
    layer = meet(work, "object", WINDOW)
    some = layer.edges.filter(layer.edges.occasions >= MIN_OCCASIONS)
    tested = columns(work, some, "source", "target", "occasions")
    source, target, seen = tested["source"], tested["target"], tested["occasions"]
    if len(source) == 0:
        return
    found = timing(layer, source, target, occasions=seen, enough=MIN_OCCASIONS, seed=0)
    met = meetings(layer, source, target)
    mean = audience_mean(layer, met, len(source))
    shares = layer.rows.to_pyarrow().to_pylist()
    circle = dict(zip(*(part.tolist() for part in found.circles), strict=True))
    for at, (one, other, count) in enumerate(zip(source, target, seen, strict=True)):
        own, pace = _timing(shares, circle, int(one), int(other))
        assert found.own.seen[at] == pytest.approx(_at_least(own, count), rel=1e-9)
        assert found.own.enough[at] == pytest.approx(_at_least(own, MIN_OCCASIONS), rel=1e-9)
        assert found.pace.seen[at] == pytest.approx(_at_least(pace, count), rel=1e-9)
        assert found.pace.enough[at] == pytest.approx(_at_least(pace, MIN_OCCASIONS), rel=1e-9)
        assert mean[at] == pytest.approx(_audience(shares, int(one), int(other)), rel=1e-9)


def _timing(
    shares: list[dict[str, int]], circle: dict[int, int], one: int, other: int
) -> tuple[list[float], list[float]]:
    """The chances to meet on each shared object: own times, and the pace of the others."""
    by_object = defaultdict(list)
    for share in shares:
        by_object[share["object"]].append(share)
    mine = circle[one]
    rest, chances = 1.0, {}
    others = 1
    for item, of in by_object.items():
        near = [
            (a, b) for a, b in combinations(of, 2) if abs(a["time"] - b["time"]) <= WINDOW
        ]  # fmt: skip
        inside = sum(circle.get(share["account"]) == mine for share in of)
        touch = sum(
            mine in {circle.get(a["account"]), circle.get(b["account"])}
            for a, b in near
            if a["account"] != b["account"] and a["post"] != b["post"]
        )
        own = len(near) / comb(len(of), 2) if len(of) > 1 else 0.0
        chances[item] = own, max(len(near) - touch, 0), comb(len(of) - inside, 2)
        if len({share["account"] for share in of}) >= 2 and inside < CIRCLE * len(of):
            rest, others = rest + own, others + 1
    times = Counter((share["object"], share["account"]) for share in shares)
    common = [o for o in by_object if times[o, one] and times[o, other]]
    meet_ = {o: times[o, one] * times[o, other] for o in common}
    return (
        [min(1.0, meet_[o] * chances[o][0]) for o in common],
        [
            min(1.0, meet_[o] * (chances[o][1] + rest / others) / (chances[o][2] + 1))
            for o in common
        ],
    )


def _audience(shares: list[dict[str, int]], one: int, other: int) -> float:
    """Objects met on when those of each day are dealt anew, days by who acted in fewer bins."""
    width = WINDOW // PARTS
    bins = [
        len({share["time"] // width for share in shares if share["account"] == who})
        for who in (one, other)
    ]
    if bins[0] > bins[1]:
        one, other = other, one
    first: dict[int, int] = {}
    for share in shares:
        if share["account"] == one:
            bin_ = share["time"] // width
            first[bin_] = min(first.get(bin_, share["time"]), share["time"])
    mine = [share["time"] // width for share in shares if share["account"] == one]
    theirs = [share["time"] // width for share in shares if share["account"] == other]
    met = Counter(first[a] // DAY for a, b in product(mine, theirs) if abs(a - b) <= PARTS)
    mean = 0.0
    for day, meetings_ in met.items():
        dealt = Counter(s["object"] for s in shares if s["time"] // DAY == day)
        total = sum(dealt.values())
        for k in dealt.values():
            same = min(1.0, k * (k - 1) / max(total * (total - 1), 1))
            mean += 1.0 - (exp(meetings_ * log1p(-same)) if same < 1 else 0.0)
    return mean


def test_shuffled_rounds_give_what_the_times_give_by_enumeration(con: Backend) -> None:
    """One object, three accounts, one pair in the window: it is one edge, whoever is dealt it."""
    rows = [(0, 0, 0, 1), (0, 1, 1, 2), (0, 2, 2, 30), (1, 0, 3, 1), (1, 1, 4, 2), (1, 2, 5, 31)]
    work = _workspace(con, rows)
    layer = meet(work, "object", WINDOW)
    level, inside, shuffled = sample(work, layer, np.zeros(3, dtype=np.int64), 0, 150)
    assert (level.rounds, level.edges, level.repeated) == (150, 1, 1)
    assert inside.tolist() == [2]
    assert (shuffled == 2).all()
    # Both objects' one pair falls on the same two of three accounts in a third of the deals.
    assert abs(level.expected_repeated - 1 / 3) < 5 * level.error_repeated
    assert level.expected_edges == pytest.approx(2 - level.expected_repeated)


def test_what_is_too_much_to_shuffle_is_counted_all_the_same(con: Backend) -> None:
    rows = [(item, account, 9 * item + account, account) for item in range(3) for account in (1, 2)]
    work = _workspace(con, rows)
    layer = meet(work, "object", WINDOW)
    level, inside, shuffled = sample(work, layer, np.full(2, -1, dtype=np.int64), 0, 0)
    assert (level.rounds, level.edges, level.repeated, level.explained) == (0, 1, 1, None)
    assert (len(inside), shuffled.shape) == (0, (0, 0))
