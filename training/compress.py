"""MiniLM in eight bits: exported to ONNX from the weights that serve, held against them, and put
into place only if nothing is lost (dynamic quantisation, a scale for each channel)."""

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from models.encoder import tuned_name
from models.harm import HarmModel
from models.int8 import int8_file
from models.minilm import MiniLM, load_minilm
from policy.words import Policy, Refusal, Value
from training.progress import Progress, silent
from training.rows import load_harm_rows

RULE = "promotion.compressed.v1"
MOST_LOST = 0.005
"""Of any area under the curve."""
ROWS_EACH = 600
_FEWEST = 30
"""Rows of either label, for a figure to be more than noise."""


class Compressed(Value):
    """What was made, and what it lost by policy and source (negative: it gained)."""

    file: str
    megabytes: float
    lost: dict[str, float]


def compress(
    pack: Path, data: Path, folder: Path, *, cache: Path | None = None, progress: Progress = silent
) -> Compressed:
    """Make the eight-bit form of a harm pack's tuned MiniLM in `folder`.

    It is measured beside the pack's own weights on rows of the test part.

    Raises:
        Refusal: the pack has no tuned encoder, or a figure loses more than half a point.
        PackError, DataError: the pack or the data cannot be read.
    """
    from safetensors.numpy import load_file

    plain = HarmModel.load(pack, cache=cache)
    tuned = plain.tuned.get("minilm")
    if tuned is None:
        raise Refusal(RULE, f"{plain.manifest.model} has no tuned MiniLM to compress")
    folder.mkdir(parents=True, exist_ok=True)
    target = int8_file(folder, tuned_name("minilm", tuned))
    trial = folder / "trial"
    trial.mkdir(exist_ok=True)
    made = int8_file(trial, tuned_name("minilm", tuned))
    progress("export", 0, 3)
    model = load_minilm()
    model.replace_upper(load_file(tuned))
    export_int8(model, made)
    progress("export", 1, 3)
    small = HarmModel.load(pack, cache=trial / "embeddings.sqlite", compressed=trial)
    lost = _lost(plain, small, data)
    progress("export", 2, 3)
    worse = [f"{name} loses {by:.4f}" for name, by in lost.items() if by > MOST_LOST]
    if worse:
        made.unlink()
        raise Refusal(RULE, f"the eight-bit form is worse: {'; '.join(worse)}")
    made.replace(target)
    progress("export", 3, 3)
    return Compressed(file=str(target), megabytes=target.stat().st_size / 1e6, lost=lost)


def export_int8(model: MiniLM, target: Path) -> None:
    """Write MiniLM as an ONNX file with weights of eight bits: `ids` and `mask` (texts, tokens)
    in, `vectors` (texts, 384) out."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model.train(mode=False)
    ids, mask = torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.long)
    free = {0: "texts", 1: "tokens"}
    whole = target.with_suffix(".whole")
    with warnings.catch_warnings():
        # Both are torch's remarks about itself.
        warnings.simplefilter("ignore", (FutureWarning, UserWarning))
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            _whole(model),
            (ids, mask),
            str(whole),
            input_names=["ids", "mask"],
            output_names=["vectors"],
            dynamic_shapes=(free, free),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    quantize_dynamic(whole, target, weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()


def _whole(model: MiniLM) -> Any:
    """Both halves as one module: token ids and mask in, vectors out."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = model.transformer

        def forward(self, ids: Any, mask: Any) -> Any:
            seen = mask.bool()
            hidden = self.transformer.embeddings(input_ids=ids)
            for layer in self.transformer.encoder.layer:
                hidden = layer(hidden, seen[:, None, None, :])
            share = mask.to(hidden.dtype)
            share = share / share.sum(dim=1, keepdim=True)
            return (hidden * share[:, :, None]).sum(dim=1)

    return Whole().eval()


def _lost(plain: HarmModel, small: HarmModel, data: Path) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    rows = load_harm_rows(data, limit=1).part("test")
    rows = rows[rows["lang"] == "en"]
    rows = rows[rows.groupby("source").cumcount() < ROWS_EACH].reset_index(drop=True)
    texts, langs = rows["plain"].tolist(), rows["lang"].tolist()
    before, after = plain.likelihoods(texts, langs), small.likelihoods(texts, langs)
    found = {}
    for column, policy in enumerate(Policy):
        for source, group in rows[rows[policy.value].notna()].groupby("source"):
            truth = group[policy.value].to_numpy(dtype=float)
            if min(truth.sum(), len(truth) - truth.sum()) < _FEWEST:
                continue
            at = np.asarray(group.index)
            was, now = (float(roc_auc_score(truth, each[at, column])) for each in (before, after))
            found[f"auc {policy.value} {source}"] = was - now
    return found
