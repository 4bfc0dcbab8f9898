"""MiniLM in eight bits, run by ONNX Runtime: twice as fast on one core as torch.

The file is made from the weights that serve by `concert train int8` and lies in the data folder.
It is used where it is there for exactly these weights; vectors go by a name of their own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.encoder import MOST_TOKENS, EncoderError, Vectors, unit
from models.minilm import load_tokenizer

BATCH = 32


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
        found = []
        for at in range(0, len(batch), BATCH):
            ids, mask = self._tokenizer.padded(batch[at : at + BATCH], MOST_TOKENS)
            found.append(self._session.run(None, {"ids": ids, "mask": mask})[0])
        return np.concatenate(found)
