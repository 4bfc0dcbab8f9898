"""How fast posts are embedded on one core, beside plain SentenceTransformer.encode, cold cache.

    python -m bench.encoding --posts posts.parquet --text content

The eight-bit encoder is exported anew from MiniLM as published (what a pack tunes changes no
shape). All three run in one process, one thread, on the same posts; processor time is what
counts, so that a busy machine tells the same.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--posts", type=Path, required=True, help="Parquet or CSV")
    asked.add_argument("--text", default="text", help="the column of texts")
    asked.add_argument("--rows", type=int, default=2000)
    given = asked.parse_args()
    import pandas as pd
    import torch

    from models.cache import CachedEncoder
    from models.encoder import load_encoder
    from models.int8 import Int8MiniLM
    from models.minilm import load_minilm, load_tokenizer, weights_folder
    from models.text import normalise
    from training.compress import export_int8

    torch.set_num_threads(1)
    read: Any = pd.read_parquet if given.posts.suffix == ".parquet" else pd.read_csv
    raw = read(given.posts)[given.text].dropna()
    texts = [normalise(text) for text in raw.sample(min(given.rows, len(raw)), random_state=7)]
    tokens = sum(len(each) for each in load_tokenizer()(texts, 128))
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(weights_folder()), device="cpu")
    plain.max_seq_length = 128
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "minilm.int8.onnx"
        export_int8(load_minilm(), file)
        ways: dict[str, Callable[[Sequence[str]], Any]] = {
            "SentenceTransformer.encode": lambda batch: plain.encode(
                list(batch), batch_size=32, show_progress_bar=False, normalize_embeddings=True
            ),
            "minilm, cold cache": CachedEncoder(
                load_encoder("minilm"), Path(scratch) / "a.sqlite"
            ).encode,
            "minilm in eight bits, cold cache": CachedEncoder(
                Int8MiniLM("minilm", file), Path(scratch) / "b.sqlite"
            ).encode,
        }
        first, known = 0.0, np.asarray([])
        print(f"{len(texts)} posts, {tokens / len(texts):.1f} tokens each, one thread")
        for name, encode in ways.items():
            encode(["a first sentence, so that nothing is loaded while the clock runs"])
            begun = time.process_time()
            vectors = np.asarray(encode(texts))
            spent = time.process_time() - begun
            if not first:
                first, known = spent, vectors
            alike = float(np.mean((vectors * known).sum(axis=1)))
            print(
                f"{name}: {len(texts) / spent:.0f} posts/s, {tokens / spent:.0f} tokens/s,"
                f" {first / spent:.2f} times the first, mean cosine to it {alike:.3f}"
            )


if __name__ == "__main__":
    main()
