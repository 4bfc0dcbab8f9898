"""Null 2, audience: who shared what is dealt anew, degrees and moments kept.

Each account keeps how often and when it acted, each object how often it was shared in each stratum
of time (a day, or four windows); who shared what is shuffled within the stratum: a bipartite
configuration. The number of objects on which two accounts meet is then Poisson, to a total
variation of at most the sum of the squared chances (Le Cam 1960).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.common import AT_ONCE, by_hub, portions, runs
from coordination.parallel import in_turn
from coordination.sweep import in_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coordination.chance import Floats, Ints
    from coordination.layer import Layer

DAY = 86_400_000_000
"""Microseconds."""
PARTS = 2
"""Bins to a window. Meetings are counted by bins that reach past the window by less than one bin
at either end, so chance is never put too low (1.25 times the true mean with two bins)."""
CELLS = 1_000_000
"""Cells of the working array of expected meetings; 8 MB."""


@dataclass(frozen=True)
class Meetings:
    """Pairs of actions of two accounts within reach of each other, whatever they were on.

    One row for each tested pair (its place) and stratum in which there are any.
    """

    pair: Ints
    stratum: Ints
    count: Ints


def meetings(layer: Layer, source: Ints, target: Ints, threads: int = 1) -> Meetings:
    """How often the two accounts of each tested pair acted at about the same time.

    A meeting is in the stratum of the account that acted in fewer bins. The other one is laid out
    flat, once for all its pairs.
    """
    bins = _Bins(layer, np.unique(np.concatenate([source, target])))
    source, target = bins.place(source), bins.place(target)
    held = np.diff(bins.start)
    swap = held[source] > held[target]
    guest, hub = np.where(swap, target, source), np.where(swap, source, target)
    size = bins.actions[guest]

    def added_up(kept: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
        some, met = (np.concatenate(part) for part in zip(*kept, strict=True))
        parts = bins.strata[guest[some] + 1] - bins.strata[guest[some]]
        part = runs(bins.strata[guest[some]], parts)
        begins = np.cumsum(size[some]) - size[some]
        met = np.add.reduceat(met, bins.begin[part] + np.repeat(begins, parts))
        there = np.flatnonzero(met)
        return np.repeat(some, parts)[there], bins.stratum[part[there]], met[there]

    def meet(portion: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
        near = np.zeros(bins.bins + 1, dtype=np.int64)
        laid = -1
        kept: list[tuple[Ints, Ints]] = []
        looked = 0
        for places in by_hub(hub[portion], size[portion]):
            some = portion[places]
            if hub[some[0]] != laid:
                if laid >= 0:
                    bins.lay(near, laid, clear=True)
                laid = int(hub[some[0]])
                bins.lay(near, laid)
            theirs = [bins.acted[one] for one in guest[some].tolist()]
            # As in `common`, little is done hub by hub.
            kept.append((some, near.take(np.concatenate(theirs))))
            looked += len(kept[-1][1])
            if looked >= AT_ONCE:
                yield added_up(kept)
                kept, looked = [], 0
        if kept:
            yield added_up(kept)

    none: Ints = np.empty(0, dtype=np.int64)
    found = [(none, none, none)]
    for some in in_turn(lambda one: list(meet(one)), portions(hub, size, threads), threads):
        found += some
    return Meetings(*(np.concatenate(part) for part in zip(*found, strict=True)))


class _Bins:
    """When some accounts acted, in runs by account, in order of time.

    Account a has the rows start[a] … start[a + 1] - 1 of `bin` and `count`, and strata[a] … of
    `stratum` and `begin`.
    """

    def __init__(self, layer: Layer, accounts: Ints) -> None:
        self._place = np.full(int(accounts.max(initial=-1)) + 1, -1, dtype=np.int64)
        self._place[accounts] = np.arange(len(accounts))
        some = [self._tested(block) for block in layer.sorted.blocks()]
        account, time = (np.concatenate(part) for part in zip(*some, strict=True))
        account, time = in_runs(account, time)
        bin_ = time // max(layer.window // PARTS, 1)
        new = np.diff(account, prepend=-1) != 0
        own = np.searchsorted(account, np.arange(len(accounts) + 1))
        first = np.flatnonzero(new | (np.diff(bin_, prepend=-1) != 0))
        self.count = np.diff(np.append(first, len(account)))
        known = np.unique(bin_[first])
        self.bin = np.searchsorted(known, bin_[first])
        self.bins = len(known)
        self.start = np.searchsorted(first, own)
        self.actions = np.diff(own)
        self.acted = np.split(np.repeat(self.bin, self.count), own[1:-1])
        """The bins of each account's actions, one by one."""
        stratum = time // stratum_width(layer)
        first = np.flatnonzero(new | (np.diff(stratum, prepend=-1) != 0))
        self.stratum = stratum[first]
        self.begin = first - own[account[first]]
        """The first action in it, counted from the account's own first."""
        self.strata = np.searchsorted(first, own)
        # Bins that nobody acted in are one slot at the end, which is never asked.
        self._near = []
        for step in range(-PARTS, PARTS + 1):
            at = np.minimum(np.searchsorted(known, known + step), len(known) - 1)
            self._near.append(np.where(known[at] == known + step, at, self.bins))

    def _tested(self, block: Mapping[str, Ints]) -> tuple[Ints, Ints]:
        account = np.minimum(block["account"], len(self._place) - 1)
        chosen = (self._place[account] >= 0) & (account == block["account"])
        return self._place[account[chosen]], block["time"][chosen]

    def place(self, account: Ints) -> Ints:
        """Accounts by their place among those that were asked for."""
        return self._place[account]

    def lay(self, near: Ints, account: int, *, clear: bool = False) -> None:
        """Add an account's actions to each bin that is within reach of them, or clear these."""
        rows = slice(self.start[account], self.start[account + 1])
        bin_, count = self.bin[rows], self.count[rows]
        for step in self._near:
            if clear:
                near[step[bin_]] = 0
            else:
                # No bin comes twice but the last slot.
                near[step[bin_]] += count


def stratum_width(layer: Layer) -> int:
    """Microseconds within which objects are dealt anew."""
    return max(DAY, 4 * layer.window)


def audience_mean(
    layer: Layer, met: Meetings, pairs: int, widest: Ints | None = None, threads: int = 1
) -> Floats:
    """Objects on which each tested pair would meet if objects were dealt anew in each stratum.

    `widest` gives for each pair the most actions that an object may have to count; all objects are
    dealt, and meetings on wider ones are left out.
    """
    strata = _strata(layer, by_width=widest is not None)
    # One width for all stands for none.
    width = np.zeros(len(met.pair), dtype=np.int64) if widest is None else widest[met.pair]
    k, objects, n = strata.k.astype(np.float64), strata.objects, strata.n
    mean = np.zeros(pairs)
    order: Ints = np.lexsort((width, met.stratum))
    at, width_of = met.stratum[order], width[order]
    new = (np.diff(at, prepend=-1) != 0) | (np.diff(width_of, prepend=-1) != 0)
    new[:1] = True

    def met_on(some: Ints) -> Floats:
        here = strata.stratum == met.stratum[some[0]]
        dealt_here = (k[here] * objects[here]).sum()
        # What was shared once meets nobody.
        here &= (n <= width[some[0]]) & (k > 1)
        same = np.minimum(1.0, k[here] * (k[here] - 1) / max(dealt_here * (dealt_here - 1), 1))
        # Many pairs have the same number of meetings; each is worked out once.
        values, back = np.unique(met.count[some], return_inverse=True)
        return _objects_met(values, same, objects[here])[back]

    if len(order):
        parts = np.split(order, np.flatnonzero(new)[1:])
        for some, objects_met in zip(parts, in_turn(met_on, parts, threads), strict=True):
            # No pair is there twice in a stratum.
            mean[met.pair[some]] += objects_met
    return mean


@dataclass(frozen=True)
class _Strata:
    """How many objects were shared k times in a stratum, and n times in all; 0 for any n."""

    stratum: Ints
    k: Ints
    n: Ints
    objects: Ints


def _strata(layer: Layer, *, by_width: bool) -> _Strata:
    width = stratum_width(layer)
    found: list[tuple[Ints, ...]] = []
    for block in layer.sorted.blocks():
        # Within an object time ascends, and so does the stratum.
        stratum, item = block["time"] // width, block["object"]
        new = np.ones(len(item), dtype=bool)
        new[1:] = (item[1:] != item[:-1]) | (stratum[1:] != stratum[:-1])
        first = np.flatnonzero(new)
        k = np.diff(np.append(first, len(item)))
        n = layer.n[item[first]] if by_width else np.zeros(len(first), dtype=np.int64)
        found.append((stratum[first], k, n))
    every = [np.concatenate(part) for part in zip(*found, strict=True)]
    order = np.lexsort(every[::-1])
    every = [part[order] for part in every]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([part[1:] != part[:-1] for part in every], axis=0)
    first = np.flatnonzero(new)
    stratum, k, n = (part[first] for part in every)
    return _Strata(stratum, k, n, np.diff(np.append(first, len(order))))


def _objects_met(values: Ints, same: Floats, objects: Ints) -> Floats:
    """The expected number of objects met, for each number of meetings."""
    with np.errstate(divide="ignore"):
        missed_once = np.log1p(-same)
    step = max(1, CELLS // max(len(same), 1))
    found = [
        -np.expm1(values[at : at + step, None] * missed_once[None, :]) @ objects
        for at in range(0, len(values), step)
    ]
    return np.concatenate(found)
