"""MiniLM in eight bits, run by ONNX Runtime: four times as fast on one core as torch.

The file is made from the weights that serve by `concert train int8` and lies in the data folder.
It is used where it is there for exactly these weights; vectors go by a name of their own.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.encoder import MOST_TOKENS, EncoderError, Vectors, unit
from models.minilm import load_tokenizer, pad

TOKENS = 256
"""Padded tokens of a batch. What the layers make of more does not stay in a core's cache and takes
memory anew: with 32 texts at once, whatever their length, half as fast on the first thousand posts
and a sixth slower ever after. A batch also shares one scale of eight bits."""


def int8_file(folder: Path, name: str) -> Path:
    """Where the eight-bit form of an encoder lies; `name`: the encoder's, digest included."""
    return folder / f"{name.replace('+', '-')}.int8.onnx"


class Int8MiniLM:
    """An encoder from an ONNX file; one thread, since processes scale better."""

    dimensions = 384

    def __init__(self, name: str, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # ONNX Runtime has an exception type of its own for each fault of a file.
            reason = str(error).splitlines()[0]
            raise EncoderError(f"{file}: {reason}; remove it, or make it again") from error
        self._tokenizer = load_tokenizer()
        self.name = f"{name}/int8"

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(texts, self.dimensions, self._in_batches)

    def _in_batches(self, batch: list[str]) -> Vectors:
        pieces = self._tokenizer(batch, MOST_TOKENS)
        vectors = np.empty((len(batch), self.dimensions), dtype=np.float32)
        for some in batches([len(each) for each in pieces]):
            ids, mask = pad([pieces[at] for at in some])
            vectors[some] = self._session.run(None, {"ids": ids, "mask": mask})[0]
        return vectors


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places in batches of about one length, of at most TOKENS padded tokens or of one text."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if batch and lengths[at] * (len(batch) + 1) > TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
