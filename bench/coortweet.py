"""CooRTweet's algorithm, written down from its description, to be timed against.

    python bench/coortweet.py SHARES.parquet WINDOW_S MIN_PARTICIPATION

For each object, all pairs of its rows are formed and those within the window kept: the work grows
with the square of an object's sharers, as it does in the R package. Prints pairs and edges.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pyarrow.parquet as pq


def detect_groups(
    *,
    object_: np.ndarray,
    account: np.ndarray,
    post: np.ndarray,
    time: np.ndarray,
    window: int,
    min_participation: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of each pair, older first; codes from 0, time in seconds."""
    active = np.bincount(account)[account] >= min_participation
    rows = np.flatnonzero(active)
    rows = rows[np.lexsort((time[rows], object_[rows]))]
    starts = np.flatnonzero(np.diff(object_[rows], prepend=-1))
    older, newer = [], []
    for group in np.split(rows, starts[1:]):
        a, b = np.triu_indices(len(group), 1)
        near = time[group[b]] - time[group[a]] <= window
        older.append(group[a[near]])
        newer.append(group[b[near]])
    first, second = np.concatenate(older), np.concatenate(newer)
    apart = (account[first] != account[second]) & (post[first] != post[second])
    first, second = first[apart], second[apart]
    seen = np.zeros(int(post.max()) + 1, dtype=bool)
    seen[post[first]] = seen[post[second]] = True
    kept = np.bincount(account[rows][seen[post[rows]]], minlength=int(account.max()) + 1)
    enough = kept >= min_participation
    either = enough[account[first]] | enough[account[second]]
    return first[either], second[either]


def main() -> None:
    path, window, least = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    table = pq.read_table(path, columns=["object", "account", "post", "time"])
    object_, account, post = (
        table[name].combine_chunks().dictionary_encode().indices.to_numpy()
        for name in ("object", "account", "post")
    )
    time = table["time"].to_numpy()
    first, second = detect_groups(
        object_=object_,
        account=account,
        post=post,
        time=time,
        window=window,
        min_participation=least,
    )
    a, b = account[first], account[second]
    edges = Counter(zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist(), strict=True))
    print(f"pairs {len(first)} edges {len(edges)}")


if __name__ == "__main__":
    main()
