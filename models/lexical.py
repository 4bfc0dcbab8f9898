"""Words and letters: hashed n-grams beside the vectors.

Frozen sentence vectors alone lose to a bag of words on most harm sets (measured), since single
words and spellings decide there. Hashing keeps no vocabulary, so no text can be read back from a
pack (Weinberger et al. 2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD_BUCKETS = 2**16
LETTER_BUCKETS = 2**17
BUCKETS = WORD_BUCKETS + LETTER_BUCKETS

MAX_CHARACTERS = 2000
"""Of a normalised text; from longer ones both ends are kept by normalisation already."""


@lru_cache(maxsize=1)
def _hashers() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(
        n_features=WORD_BUCKETS,
        ngram_range=(1, 2),
        token_pattern=r"(?u)[@#]?\w+|[^\w\s]",  # noqa: S106  (a pattern of words, no password)
        alternate_sign=False,
        norm=None,
    )
    letters = HashingVectorizer(
        n_features=LETTER_BUCKETS,
        analyzer="char_wb",
        ngram_range=(2, 5),
        alternate_sign=False,
        norm=None,
    )
    return words, letters


def counts(texts: Sequence[str]) -> Any:
    """Dampened counts of n-grams, sparse, shape (texts, BUCKETS): words first, then letters."""
    from scipy.sparse import hstack

    cut = [text[:MAX_CHARACTERS] for text in texts]
    found = hstack([hasher.transform(cut) for hasher in _hashers()], format="csr")
    found.data = 1.0 + np.log(found.data)
    return found


@dataclass(frozen=True)
class Lexicon:
    """How rare each bucket is; rows of features have length one in words and in letters."""

    rarity: NDArray[np.float32]
    """Shape (BUCKETS,): inverse document frequency."""

    @classmethod
    def fit(cls, texts: Sequence[str]) -> "Lexicon":
        found = counts(texts)
        seen = np.bincount(found.indices, minlength=BUCKETS)
        return cls(rarity=(np.log((1 + len(texts)) / (1 + seen)) + 1.0).astype(np.float32))

    def features(self, texts: Sequence[str]) -> Any:
        """Sparse float rows, shape (texts, BUCKETS)."""
        from scipy.sparse import diags, hstack
        from sklearn.preprocessing import normalize

        weighted = (counts(texts) @ diags(self.rarity)).tocsr()
        halves = (weighted[:, :WORD_BUCKETS], weighted[:, WORD_BUCKETS:])
        return hstack([normalize(half) for half in halves], format="csr")
