"""Work on several cores at once whose results are used in order, so that they stay the same.

Numpy, Arrow and DuckDB let other threads run while they work.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LARGE = 2
"""Threads at the most where what each holds is large."""

Item = TypeVar("Item")
Value = TypeVar("Value")
Other = TypeVar("Other")


def in_turn(work: Callable[[Item], Value], items: Iterable[Item], threads: int) -> Iterator[Value]:
    """`work` on each of the items, up to so many at once; what comes of them in their order.

    Held at once are as many results, and items, as there are threads, and one more.
    """
    if threads < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        coming: deque[Future[Value]] = deque()
        for item in items:
            coming.append(pool.submit(work, item))
            if len(coming) > threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def both(one: Callable[[], Value], other: Callable[[], Other], threads: int) -> tuple[Value, Other]:
    """What comes of both, made at once where there is more than one thread."""
    if threads < 2:
        return one(), other()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(one)
        second = other()
        return coming.result(), second


def one_ahead(values: Iterator[Value], threads: int = 2) -> Iterator[Value]:
    """The same values; the next one is made on another core while this one is used."""
    if threads < 2:
        yield from values
        return
    end: Any = object()
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, values, end)
        while (value := coming.result()) is not end:
            coming = worker.submit(next, values, end)
            yield value
