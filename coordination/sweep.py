"""Two pointers over time-sorted rows: which rows of one object lie within the window.

The later pointer only moves forward, so the work grows with the rows and with the pairs there are,
never with the square of an object's sharers. Pairs come in chunks; nothing holds them all. Pure
numpy, the same under every engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Codes = NDArray[np.integer]

AT_ONCE = 2_000_000
"""Pairs in one chunk: 32 MB for each pair of index arrays."""
_FAR = float(2**61)


def order_rows(group: Codes, time: Ints, *then: Codes) -> Ints:
    """The order of rows by group, then time, then by `then`, the first of these first.

    Only rows that tie are sorted by `then`; a sort by each key in turn takes four times as long.
    """
    if len(group) == 0:
        return np.empty(0, dtype=np.int64)
    order: Ints = np.argsort(group)
    grouped = group[order]
    number = np.zeros(len(order), dtype=np.int64)
    np.cumsum(grouped[1:] != grouped[:-1], out=number[1:])
    early = int(time.min())
    span = int(time.max()) - early
    bits = span.bit_length()
    if bits + int(number[-1]).bit_length() > 63:
        every: Ints = np.lexsort((*reversed(then), time, group))
        return every
    line = (number << bits) | (time[order] - early)
    again = np.argsort(line)
    order, line = order[again], line[again]
    same = line[1:] == line[:-1]
    if not same.any():
        return order
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    some = order[tied]
    order[tied] = some[np.lexsort((*(key[some] for key in reversed(then)), line[tied]))]
    return order


def in_runs(group: Ints, time: Ints) -> tuple[Ints, Ints]:
    """Rows by group, then time; groups are 0 or more."""
    if len(group) == 0:
        return group, time
    early = int(time.min())
    bits = (int(time.max()) - early).bit_length()
    if bits + int(group.max()).bit_length() > 63:
        order = order_rows(group, time)
        return group[order], time[order]
    # Numbers are sorted in a fraction of the time that their places take.
    line = np.sort((group << bits) | (time - early))
    return line >> bits, (line & ((1 << bits) - 1)) + early


def reach(group: Codes, time: Ints, window: int) -> Ints:
    """For each row, one past the last row of its group that is at most `window` later.

    `group` and `time` are sorted by group, then time; `window` has the unit of time and is at
    least 0. The pairs within the window of row i are (i, i + 1) … (i, reach[i] - 1).
    """
    rows = len(time)
    if rows < 2:
        return np.arange(1, rows + 1, dtype=np.int64)
    new = group[1:] != group[:-1]
    gap = np.where(new, window + 1, np.minimum(np.diff(time), window + 1))
    if gap.sum(dtype=np.float64) > _FAR:
        # Only many groups under a very wide window come this far; halves do not.
        starts = np.flatnonzero(new) + 1
        middle = int(starts[len(starts) // 2])
        early = reach(group[:middle], time[:middle], window)
        late = reach(group[middle:], time[middle:], window)
        return np.concatenate([early, late + middle])
    # All groups laid end to end on one line, with gaps cut to just above the window: one sorted
    # search then serves all of them.
    line = np.zeros(rows, dtype=np.int64)
    np.cumsum(gap, out=line[1:])
    return np.searchsorted(line, line + window, side="right").astype(np.int64)


def pair_chunks(reach: Ints, at_once: int = AT_ONCE) -> Iterator[tuple[Ints, Ints]]:
    """All pairs (earlier row, later row), in order, in chunks of about `at_once` pairs.

    A chunk holds more only where a single row has more.
    """
    ahead = reach - np.arange(1, len(reach) + 1)
    upto = np.concatenate([[0], np.cumsum(ahead)])
    begin = 0
    while begin < len(reach):
        end = int(np.searchsorted(upto, upto[begin] + at_once, side="right")) - 1
        end = max(end, begin + 1)
        count = ahead[begin:end]
        first = np.repeat(np.arange(begin, end), count)
        second = np.arange(len(first)) + np.repeat(
            np.arange(begin + 1, end + 1) - (upto[begin:end] - upto[begin]), count
        )
        begin = end
        if len(first):
            yield first, second


def pairs_of_groups(group: Codes, reach: Ints) -> tuple[Ints, Ints, Ints]:
    """For each group in order: its first row, its rows, and its pairs within the window."""
    if len(group) == 0:
        none = np.empty(0, dtype=np.int64)
        return none, none, none
    starts = np.concatenate([[0], np.flatnonzero(group[1:] != group[:-1]) + 1]).astype(np.int64)
    rows = np.diff(np.append(starts, len(group)))
    pairs = np.add.reduceat(reach - np.arange(1, len(group) + 1), starts)
    return starts, rows, pairs
