"""What the peers count, by their own rules, for people who move over from them.

CooRTweet 2.1.3 and coordination-network-toolkit 1.5.2, rebuilt from their published behaviour on
Concert's own sweep. Their rules are kept with their defects (rows are counted, not posts; a pair
survives if one side took part enough; nothing is tested against chance); Concert's own method is
`coordination.detect`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coordination.parallel import one_ahead
from coordination.source import InputError
from coordination.sweep import order_rows, pair_chunks, reach
from coordination.tally import Edges, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from coordination.prints import Block, Prints

    Ints = NDArray[np.int64]
    Marks = NDArray[np.bool_]

MAX_PAIRS = 2_000_000_000
"""Pairs of shares within the window above which the peers' networks are refused: at 40 bytes each
they would not fit on a disk, and the peers themselves run out of memory far below."""


@dataclass(frozen=True)
class Pairs:
    """Some pairs within the window: the older and the newer share of each, in one block."""

    block: Block
    older: Ints
    newer: Ints
    delta: Ints
    """Microseconds."""
    near: Marks
    """Pairs that count under the narrower window as well; all False where none was given."""

    def where(self, chosen: Marks) -> Pairs:
        return Pairs(
            self.block,
            self.older[chosen],
            self.newer[chosen],
            self.delta[chosen],
            self.near[chosen],
        )


def coortweet(
    prints: Prints,
    *,
    window: int,
    min_participation: int = 2,
    loops: bool = False,
    fast: int | None = None,
) -> Iterator[Pairs]:
    """CooRTweet's `detect_groups`: the pairs it returns; `window` and `fast` in microseconds.

    With `fast`, `near` marks what its `flag_speed_share` marks: pairs at most so far apart, where
    one side's account took part often enough in such pairs alone.
    Raises InputError: more than MAX_PAIRS pairs.
    """
    active = prints.held >= min_participation
    blocks = _Blocks(prints, active, window)
    kept = _keepers(blocks, prints, min_participation, loops, window)
    quick = kept if fast is None else _keepers(blocks, prints, min_participation, loops, fast)
    for pairs in blocks.pairs(loops):
        a, b = pairs.block.account[pairs.older], pairs.block.account[pairs.newer]
        near: Marks = np.zeros(len(a), dtype=bool)
        if fast is not None:
            near = (pairs.delta <= fast) & (quick[a] | quick[b])
        found = Pairs(pairs.block, pairs.older, pairs.newer, pairs.delta, near)
        yield found.where(kept[a] | kept[b])


def coortweet_edges(prints: Prints, pairs: Iterator[Pairs], scratch: Path) -> Iterator[Edges]:
    """CooRTweet's `generate_coordinated_network`: weight is the number of pairs.

    Columns: near (pairs of the narrower window) and near_delta (the sum of their differences,
    microseconds).
    """
    tally = Tally(scratch, prints.held, sums=("near", "near_delta"))
    for some in pairs:
        block, older, newer = some.block, some.older, some.newer
        a, b = block.account[older], block.account[newer]
        tally.add(
            np.minimum(a, b),
            np.maximum(a, b),
            time=block.time[older],
            until=block.time[newer],
            near=some.near.astype(np.int64),
            near_delta=some.delta * some.near,
        )
    return tally.edges()


def cnt_edges(
    prints: Prints, scratch: Path, *, window: int, min_weight: int = 2, loops: bool = False
) -> Iterator[Edges]:
    """coordination-network-toolkit's networks, directed; `window` in microseconds.

    weight(A, B) is how many posts of A have at least one post of B on the same object within the
    window, either side; with `loops`, weight(A, A) as it counts it, each post being near itself.
    Column: pairs, the pairs of posts, over which `delta` is added up.
    Raises InputError: more than MAX_PAIRS pairs.
    """
    blocks = _Blocks(prints, np.ones(len(prints.held), dtype=bool), window)
    tally = Tally(scratch, prints.held, distinct=("post_source", "post_target"))
    for block, ahead in one_ahead(blocks.swept()) if prints.parts > 1 else blocks.swept():
        for older, newer in pair_chunks(ahead):
            _add(tally, block, older, newer)
    for edges in tally.edges():
        yield _directed(edges, min_weight)
    if loops:
        yield from _loops(prints, scratch, min_weight)


def _add(tally: Tally, block: Block, older: Ints, newer: Ints) -> None:
    a, b = block.account[older], block.account[newer]
    apart = a != b
    if not apart.all():
        older, newer, a, b = older[apart], newer[apart], a[apart], b[apart]
    swap = a > b
    post, other = block.post[older], block.post[newer]
    tally.add(
        np.minimum(a, b),
        np.maximum(a, b),
        time=block.time[older],
        until=block.time[newer],
        post_source=np.where(swap, other, post),
        post_target=np.where(swap, post, other),
    )


def _directed(edges: Edges, min_weight: int) -> Edges:
    """Either way of each edge: the posts of the first that met posts of the second."""
    both = Edges(
        source=np.concatenate([edges.source, edges.target]),
        target=np.concatenate([edges.target, edges.source]),
        weight=np.concatenate([edges.columns["post_source"], edges.columns["post_target"]]),
        first=np.tile(edges.first, 2),
        last=np.tile(edges.last, 2),
        delta=np.tile(edges.delta, 2),
        columns={"pairs": np.tile(edges.weight, 2)},
    )
    return both if min_weight <= 1 else both.where(both.weight >= min_weight)


def _loops(prints: Prints, scratch: Path, min_weight: int) -> Iterator[Edges]:
    """Each account with itself, as the peer counts it: every post is near itself."""
    tally = Tally(scratch, prints.held, distinct=("post",))
    for block in prints.blocks():
        tally.add(
            block.account,
            block.account,
            time=block.time,
            until=block.time,
            post=block.post,
        )
    for edges in tally.edges():
        columns = {"pairs": edges.weight}
        alone = replace(edges, weight=edges.columns["post"], columns=columns)
        yield alone.where(alone.weight >= min_weight)


class _Blocks:
    """The blocks of active accounts in the peers' order, swept as often as needed."""

    def __init__(self, prints: Prints, active: Marks, window: int) -> None:
        self._prints, self._active, self._window = prints, active, window
        self._only: tuple[Block, Ints] | None = None
        self._checked = False

    def swept(self) -> Iterator[tuple[Block, Ints]]:
        """Each block, sorted, with the reach of each of its rows."""
        if self._only is not None:
            yield self._only
            return
        total = 0
        for found in self._prints.blocks():
            block = found if self._active.all() else found.where(self._active[found.account])
            # Equal times stand in the order in which the input first named the accounts.
            appears = self._prints.appears[block.account]
            block = block.where(order_rows(block.object, block.time, appears, block.row))
            ahead = reach(block.object, block.time, self._window)
            total += int((ahead - np.arange(1, len(ahead) + 1)).sum())
            if total > MAX_PAIRS:
                raise InputError(
                    f"more than {MAX_PAIRS:,} pairs of shares lie within the window, and the "
                    "peers' methods count each: take a narrower window"
                )
            if self._prints.parts == 1:
                self._only = block, ahead
            yield block, ahead

    def pairs(self, loops: bool) -> Iterator[Pairs]:
        """All pairs within the window, older first."""
        for block, ahead in self.swept():
            for older, newer in pair_chunks(ahead):
                delta = block.time[newer] - block.time[older]
                some = Pairs(block, older, newer, delta, np.zeros(len(older), dtype=bool))
                yield some if loops else some.where(_no_loop(block, older, newer))


def _no_loop(block: Block, older: Ints, newer: Ints) -> Marks:
    none: Marks = (
        (block.post[older] != block.post[newer])
        & (block.account[older] != block.account[newer])
        & (block.own[older] == 0)
        & (block.own[newer] == 0)
    )
    return none


def _keepers(
    blocks: _Blocks, prints: Prints, min_participation: int, loops: bool, window: int
) -> Marks:
    """Accounts with enough rows whose posts are seen in pairs at most `window` apart."""
    if min_participation <= 1:
        return np.ones(len(prints.held), dtype=bool)
    seen = _seen(blocks, loops, window)
    count = np.zeros(len(prints.held), dtype=np.int64)
    for block, _ in blocks.swept():
        taking_part = block.account[_isin(block.post, seen)]
        count += np.bincount(taking_part, minlength=len(count))
    return count >= min_participation


def _seen(blocks: _Blocks, loops: bool, window: int) -> NDArray[np.uint64]:
    """The posts that stand in any such pair, ascending."""
    found: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    for some in blocks.pairs(loops):
        narrow = some if (some.delta <= window).all() else some.where(some.delta <= window)
        marked = np.zeros(len(some.block), dtype=bool)
        marked[narrow.older] = True
        marked[narrow.newer] = True
        found.append(np.unique(some.block.post[marked]))
    return np.unique(np.concatenate(found))


def _isin(values: NDArray[np.uint64], ascending: NDArray[np.uint64]) -> Marks:
    if len(ascending) == 0:
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    found: Marks = ascending[at] == values
    return found
