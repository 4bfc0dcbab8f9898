"""Families of near-same texts: candidates by MinHash, verified by edit distance, chains bounded.

The work grows with the texts and the pairs that are near, never with their square: a bucket of
many candidates is compared within a neighbourhood only, and that is counted and said.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coordination.shingles import band_keys, is_wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coordination.chance import Ints

NEAR = 0.7
"""1 - Levenshtein distance / length of the longer, from which on two texts are near-same.
(D3lta 1.0.2 takes .693.)"""
FAR = 0.6
"""What every text of a family keeps to its centre: texts a, b, c of which each is near the next
make one family only while the last still resembles the first."""
MIN_LETTERS = 30
"""Below that, an edit says too little (D3lta's figure); wide characters count as two."""
MAX_BUCKET = 100
"""Texts of one bucket up to which all are compared with all."""
NEIGHBOURS = 10
"""In a larger bucket each is compared with so many that follow it in alphabetical order."""
_BATCH = 200_000


@dataclass(frozen=True)
class Families:
    """Which texts are near-same. Arrays run parallel to the texts given."""

    centre: Ints
    """For each text the place of its family's centre; its own where it is near no other."""
    crowded: int
    """Texts that lay in a bucket of more than MAX_BUCKET and met only their neighbours there."""


def families(texts: Sequence[str], weights: Ints, seed: int = 0) -> Families:
    """Gather distinct texts into families of near-same ones.

    `texts` are distinct and sorted; `weights` says how often each was posted: the text of most
    near ones, so counted, becomes a family's centre. Every text of a family is at least NEAR to
    another one of it and at least FAR to its centre.
    """
    long = np.array([at for at, text in enumerate(texts) if _says_enough(text)], dtype=np.int64)
    centre = np.arange(len(texts), dtype=np.int64)
    if len(long) < 2:
        return Families(centre, 0)
    some = [texts[at] for at in long]
    first, second, crowded = candidates(band_keys(some, seed))
    near = verified(some, first, second)
    of = gathered(some, weights[long], first[near], second[near])
    centre[long] = long[of]
    return Families(centre, crowded)


def _says_enough(text: str) -> bool:
    if len(text) >= MIN_LETTERS:
        return True
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return len(text) + int(is_wide(letters).sum()) >= MIN_LETTERS


def candidates(keys: NDArray[np.uint32]) -> tuple[Ints, Ints, int]:
    """Distinct pairs of rows that agree in any column, the lower row first.

    Returns both rows of each pair, and how many rows lay in a run of more than MAX_BUCKET.
    """
    rows = len(keys)
    codes: list[Ints] = [np.empty(0, dtype=np.int64)]
    crowded = np.zeros(rows, dtype=bool)
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band], kind="stable")
        key = keys[order, band]
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        sizes = np.diff(np.append(starts, rows))
        large = np.repeat(sizes > MAX_BUCKET, sizes)
        crowded[order[large]] = True
        for apart in range(1, MAX_BUCKET):
            same = key[apart:] == key[:-apart]
            if apart > NEIGHBOURS:
                same &= ~large[apart:]
            at = np.flatnonzero(same)
            if len(at) == 0:
                break
            codes.append(order[at] * rows + order[at + apart])
    code = np.unique(np.concatenate(codes))
    return code // rows, code % rows, int(crowded.sum())


def verified(texts: Sequence[str], first: Ints, second: Ints) -> NDArray[np.bool_]:
    """Which candidate pairs are at least NEAR by edit distance."""
    near = np.zeros(len(first), dtype=bool)
    lengths = np.array([len(text) for text in texts])
    short = np.minimum(lengths[first], lengths[second])
    # Length alone rules most strangers out.
    left = np.flatnonzero(short >= NEAR * np.maximum(lengths[first], lengths[second]))
    for at in range(0, len(left), _BATCH):
        some = left[at : at + _BATCH]
        near[some] = _similar(texts, first[some], second[some], NEAR)
    return near


def _similar(texts: Sequence[str], first: Ints, second: Ints, least: float) -> NDArray[np.bool_]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    a, b = [texts[at] for at in first], [texts[at] for at in second]
    scorer = Levenshtein.normalized_similarity
    reached = cpdist(a, b, scorer=scorer, score_cutoff=least, dtype=np.float64) >= least
    return np.asarray(reached, dtype=bool)


def gathered(texts: Sequence[str], weights: Ints, first: Ints, second: Ints) -> Ints:
    """The centre of each text's family, given all pairs that are near.

    Centres are taken in order of the posts that are near them (ties: the earlier text); a family
    grows from its centre over near pairs, through texts that are at least FAR to the centre and
    in no family yet.
    """
    total = len(texts)
    ends = np.concatenate([first, second])
    others = np.concatenate([second, first])
    order = np.lexsort((others, ends))
    others = others[order]
    starts = np.searchsorted(ends[order], np.arange(total + 1))
    reach = weights + np.bincount(ends[order], weights=weights[others], minlength=total)
    centre = np.arange(total, dtype=np.int64)
    settled = np.zeros(total, dtype=bool)
    for start in np.lexsort((np.arange(total), -reach)):
        if settled[start]:
            continue
        settled[start] = True
        refused: set[int] = set()
        wave = deque([int(start)])
        while wave:
            at = wave.popleft()
            near = [
                other
                for other in others[starts[at] : starts[at + 1]].tolist()
                if not settled[other] and other not in refused
            ]
            if at != start and near:
                those = np.array(near)
                kept = _similar(texts, np.full(len(those), start), those, FAR)
                refused |= set(those[~kept].tolist())
                near = those[kept].tolist()
            settled[near] = True
            centre[near] = start
            wave.extend(near)
    return centre
