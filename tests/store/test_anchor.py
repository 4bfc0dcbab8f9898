"""The anchor's file: only ever longer, whole lines, one store's."""

from pathlib import Path

import pytest

from store.anchor import Anchor, Line
from store.chain import GENESIS, Head
from store.errors import StoreUnavailable, WrongStore
from store.store import Store
from store.witness import Witness
from tests.store.values import T0, group

BASE = Head("s1", 0, GENESIS)
HEAD = Head("s1", 3, "a" * 64)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "new" / "anchor")
    assert list(anchor.lines()) == []
    anchor.intend(BASE, HEAD, T0)
    before = anchor.path.read_bytes()
    anchor.done(BASE, HEAD, T0)
    assert anchor.path.read_bytes().startswith(before)
    assert list(anchor.lines()) == [
        Line("s1", "intent", 3, "a" * 64, 0, GENESIS),
        Line("s1", "done", 3, "a" * 64, 0, GENESIS),
    ]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_line_that_a_dying_writer_left_unfinished_harms_no_other(
    tmp_path: Path, cut: int
) -> None:
    anchor = Anchor(tmp_path / "anchor")
    anchor.intend(BASE, HEAD, T0)
    whole = anchor.path.read_bytes()
    anchor.path.write_bytes(whole + whole[:cut])
    assert len(list(anchor.lines())) == 1
    anchor.done(BASE, HEAD, T0)
    assert [line.did for line in anchor.lines() if isinstance(line, Line)] == ["intent", "done"]
    assert Witness.of(anchor, "s1").unreadable == []


def test_another_stores_anchor_is_refused(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    one = Store.open(f"sqlite:///{tmp_path / 'one.db'}", anchor)
    with one, one.writing("person:ada", T0) as work:
        work.save(group(), action="group.added")
    with pytest.raises(WrongStore, match="belongs to another database"):
        Store.open(f"sqlite:///{tmp_path / 'two.db'}", anchor)


def test_nothing_is_committed_where_the_anchor_cannot_be_written(store: Store) -> None:
    store.anchor.path.mkdir(parents=True)
    with (
        pytest.raises(StoreUnavailable, match="anchor"),
        store.writing("person:ada", T0) as work,
    ):
        work.save(group(), action="group.added")
    with store.reading() as work:
        assert work.groups.count() == 0
