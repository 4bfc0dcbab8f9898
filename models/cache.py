"""Embeddings on disk, so that no text is embedded twice: not by a rolling pass, not by training.

Rows are keyed by the encoder's name and the SHA-256 of the normalised text, in SQLite's WAL:
a killed run keeps what it committed, and several processes may share one file.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.encoder import Encoder, Vectors
from models.text import digest

BATCH = 512
_LOOKED_UP_AT_ONCE = 500


class CachedEncoder:
    """An encoder that remembers. Vectors pass through float16, fresh ones too, so that a score
    does not depend on whether its vector came from the cache."""

    def __init__(
        self,
        encoder: Encoder,
        path: Path,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """`progress` is told (texts done, texts to embed) after each batch."""
        self._encoder = encoder
        self._progress = progress
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(path, timeout=60, check_same_thread=False)
        self._store.execute("PRAGMA journal_mode=WAL")
        self._store.execute("PRAGMA synchronous=NORMAL")
        self._store.execute(
            "CREATE TABLE IF NOT EXISTS vectors"
            " (encoder TEXT, text TEXT, vector BLOB, PRIMARY KEY (encoder, text)) WITHOUT ROWID"
        )

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    def close(self) -> None:
        self._store.close()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of normalised texts, in their order; only unseen texts are embedded."""
        keys = [digest(text) for text in texts]
        known = self._look_up(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        # By length, so that a batch pads little; committed batch by batch, so that a kill
        # costs one batch.
        todo = sorted(missing.items(), key=lambda item: len(item[1]))
        for at in range(0, len(todo), BATCH):
            part = todo[at : at + BATCH]
            rows = self._encoder.encode([text for _, text in part]).astype(np.float16)
            fresh = {key: row.tobytes() for (key, _), row in zip(part, rows, strict=True)}
            with self._store:
                self._store.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                    [(self.name, key, blob) for key, blob in fresh.items()],
                )
            known |= fresh
            if self._progress is not None:
                self._progress(at + len(part), len(todo))
        if not keys:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        stacked = np.frombuffer(b"".join(known[key] for key in keys), dtype=np.float16)
        return stacked.reshape(len(keys), self.dimensions).astype(np.float32)

    def _look_up(self, keys: set[str]) -> dict[str, bytes]:
        wanted = sorted(keys)
        found: dict[str, bytes] = {}
        for at in range(0, len(wanted), _LOOKED_UP_AT_ONCE):
            part = wanted[at : at + _LOOKED_UP_AT_ONCE]
            marks = ",".join("?" * len(part))
            found |= dict(
                self._store.execute(
                    # Only question marks are joined in, never a value.
                    f"SELECT text, vector FROM vectors WHERE encoder = ? AND text IN ({marks})",  # noqa: S608
                    [self.name, *part],
                )
            )
        return found
