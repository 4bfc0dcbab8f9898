"""Rolling equals one run over everything, whatever comes in what order."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from coordination.actions import actions
from coordination.detect import detect
from coordination.layer import meet
from coordination.near_text import near_texts
from coordination.nulls import run_tests
from coordination.result import DetectReport
from coordination.source import InputError, open_source
from coordination.state import Asked, State
from coordination.workspace import workspace

Post = tuple[int, int, int, tuple[int, ...], int]
POSTS = st.lists(
    st.tuples(
        st.integers(0, 25),
        st.integers(0, 5),
        st.integers(0, 90),
        st.lists(st.integers(0, 3), max_size=3, unique=True).map(tuple),
        st.integers(0, 4),
    ),
    min_size=12,
    max_size=60,
)
WINDOWS = {
    "hashtag": timedelta(seconds=20),
    "reply": timedelta(seconds=40),
    "near_text": timedelta(seconds=60),
}
ASKED = Asked({"hashtag": 20_000_000, "reply": 40_000_000, "near_text": 60_000_000}, 20)
WORDS = (
    *("seven", "grey", "barges", "waited", "below", "the", "lock", "until", "dawn", "came"),
    *("slowly", "over", "their", "wet", "roofs", "again"),
)


def _text(edits: int) -> str:
    """One statement, version after version: each is near the next one, and far from the others."""
    return " ".join(
        [f"{'klmnopqrstuvwxyz'[at] * 5}" for at in range(4 * edits)] + [*WORDS[4 * edits :]]
    )


def _table(posts: list[Post]) -> pa.Table:
    return pa.table(
        {
            # A post belongs to one account; it may come again, with another time or more in it.
            "post_id": [f"p{post}" for post, *_ in posts],
            "account_id": [f"a{post % 6}" for post, *_ in posts],
            "created_at": [1_760_000_000 + 30 * reply + at for _, reply, at, _, _ in posts],
            "hashtags": pa.array(
                [[f"t{tag}" for tag in tags] for *_, tags, _ in posts], pa.list_(pa.string())
            ),
            "replied_to_post_id": [f"r{reply}" for *_, reply in posts],
            "text": [_text(edits) for *_, edits in posts],
        }
    )


def _run(table: pa.Table, out: Path, **more: Any) -> DetectReport:
    return detect(
        table, on=list(WINDOWS), window=WINDOWS, out=out, threads=1, memory="1GB",
        rounds=5, **more,
    )  # fmt: skip


def _edges(out: Path) -> list[dict[str, Any]]:
    return pq.read_table(out / "edges.parquet").to_pylist()


def _counted(con: Backend, table: pa.Table, state: State | None) -> list[Any]:
    """What a run counts and tests, by name: counts, edges and p-values of each layer."""
    acts = actions(open_source(con, table), list(WINDOWS))
    if state is not None:
        acts = state.all_with(acts)
    acts = near_texts(acts, list(WINDOWS)).acts
    if state is not None:
        acts = state.compare(acts)
    work = workspace(con, acts)
    names = work.accounts.order_by("code").name.to_pyarrow().to_pylist()
    found: list[Any] = []
    layers = []
    for name, window in WINDOWS.items():
        known = None if state is None else state.known(work, name)
        layers.append(meet(work, name, round(window / timedelta(microseconds=1)), 20, known))
        tests = run_tests(work, layers[-1], 0)
        found += [
            layers[-1].counts.to_pyarrow().to_pylist(),
            layers[-1].edges.to_pyarrow().to_pylist(),
            layers[-1].left_out,
            [names[code] for code in (*tests.source, *tests.target)],
            [tests.p.tolist(), tests.p_timing.tolist(), tests.p_audience.tolist()],
        ]
    if state is not None:
        state.save(work, acts, layers)
    return found


LEFT = [
    (at, 0, at, (), edits)
    for at, edits in enumerate((0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 4, 4, 4, 4, 4))
]
"""By the last seven of these the third version is drawn from the family of the second, which stays:
what it left has lost a text, and nothing was added there."""


@example(LEFT, [9])
@given(POSTS, st.lists(st.integers(1, 59), min_size=1, max_size=2))
@settings(max_examples=5, deadline=None)
def test_day_by_day_equals_all_at_once(
    con: Backend,
    tmp_path_factory: pytest.TempPathFactory,
    posts: list[Post],
    cuts: list[int],
) -> None:
    """Counts, weights and p-values, exactly; posts come again, and with other times."""
    folder = tmp_path_factory.mktemp("rolling")
    whole = _counted(con, _table(posts), None)
    ends = [0, *sorted({cut % len(posts) for cut in cuts} - {0}), len(posts)]
    for begin, end in pairwise(ends):
        state = State(con, folder, ASKED)
        rolled = _counted(con, _table(posts[begin:end]), state)
    assert rolled == whole


def test_a_run_with_a_state_is_the_run_over_everything(tmp_path: Path) -> None:
    rng = random.Random(4)
    posts = [
        (at, rng.randrange(6), rng.randrange(90), (rng.randrange(4),), rng.randrange(3))
        for at in range(80)
    ]
    state = tmp_path / "state"
    whole = _run(_table(posts), tmp_path / "whole")
    _run(_table(posts[:50]), tmp_path / "rolled", state=state)
    rolled = _run(_table(posts[45:]), tmp_path / "rolled", state=state)
    assert rolled.tested > 0
    assert replace(rolled, files={}) == replace(whole, files={})
    assert _edges(tmp_path / "rolled") == _edges(tmp_path / "whole")
    assert len(list(state.iterdir())) == 8  # what the first run kept is gone


def test_a_state_answers_one_question(tmp_path: Path) -> None:
    posts = [(at, at % 3, at, (at % 4,), 1) for at in range(12)]
    state = tmp_path / "state"
    _run(_table(posts), tmp_path, state=state)
    with pytest.raises(InputError, match="other layers or windows"):
        detect(_table(posts), on=["hashtag"], window=WINDOWS, out=tmp_path, state=state)
    (state / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="no state of a rolling run"):
        _run(_table(posts), tmp_path, state=state)
