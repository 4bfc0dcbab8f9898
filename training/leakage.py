"""Copies that are not letter for letter: rows so near in meaning to a row that was fitted on that
they measure memory, not judgement. Exact copies are told by the hash of their text (rows.py)."""

import numpy as np
from numpy.typing import NDArray

NEAR = 0.97
"""Cosine from which two texts say the same thing in almost the same words."""


def near_copies(
    asked: NDArray[np.float32], fitted: NDArray[np.float32], level: float = NEAR
) -> NDArray[np.bool_]:
    """Whether each row has a neighbour among the fitted rows at `level` or above, (asked,).

    Rows are unit vectors of one encoder; rows of zeros (empty texts) are nobody's copies.
    """
    if not len(asked) or not len(fitted):
        return np.zeros(len(asked), dtype=bool)
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(fitted.shape[1])
    index.add(np.ascontiguousarray(fitted, dtype=np.float32))
    near, _ = index.search(np.ascontiguousarray(asked, dtype=np.float32), 1)
    return np.asarray(near[:, 0] >= level)
