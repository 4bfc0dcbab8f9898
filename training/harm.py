"""Training of the harm pack: heads on frozen vectors and n-grams, calibrated on rows of their own.

Reproducible: the same data, limit and seed give the same weights. Resumable: embedding takes
nearly all the time, and the cache keeps what a killed run had done.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.cache import CachedEncoder
from models.encoder import load_encoder
from models.harm import ANY_LANGUAGE, Head
from models.lexical import Lexicon
from models.packs import Manifest, TrainedOn, write_pack
from models.text import normalise
from policy.words import Policy
from training import written
from training.cards import harm_card
from training.heads import ACT_PRECISION, CONFIDENCE, MISS_RATE, calibrate, fit_head
from training.progress import Progress, silent
from training.rows import load_harm_rows

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 8000
"""Train rows of each source by default: what two CPU cores embed in half an hour."""

_ENGLISH_ONLY = frozenset({"minilm"})


def train_harm(
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    limit: int | None = LIMIT,
    encoders: Sequence[str] = ("minilm", "use"),
    cache: Path | None = None,
    shippable_only: bool = True,
    version: str = "1",
    decisions: Path | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Train a harm pack on harm_posts.parquet of a data folder and write it to `out`.

    With `decisions` (see training/decisions.py) what people found about posts is learnt too.

    Each encoder gets a head; where `use` is among them, MiniLM's reads English only and leaves
    the rest to it. `cache` is the file of embeddings (default: beside `out`).

    Raises:
        DataError: the data are not there or lack a column.
        EncoderError: an encoder cannot be loaded.
    """
    rows = load_harm_rows(
        data, shippable_only=shippable_only, limit=limit, seed=seed, decisions=decisions
    )
    fit, held = _with_written(rows.part("fit")), rows.part("calibration")
    lexicon = Lexicon.fit(fit["plain"].tolist())
    heads: dict[str, Head] = {}
    routes = _routes(tuple(encoders))
    for name in encoders:
        encoder = CachedEncoder(
            load_encoder(name),
            cache or out.parent / "embeddings.sqlite",
            progress=partial(progress, f"embed with {name}"),
        )
        reads = routes[name]
        lang = "en" if reads.get("en") == name and reads[ANY_LANGUAGE] != name else None
        raw = fit_head(
            _spoken_in(fit, lang), encoder, lexicon, partial(progress, f"heads on {name}")
        )
        heads[name] = calibrate(raw, _spoken_in(held, lang), encoder, lexicon)
        encoder.close()
    manifest = Manifest(
        name="harm",
        kind="harm",
        version=version,
        encoders=tuple(encoders),
        trained_on=_trained_on(fit),
        files={},
        calibrated=_calibrated(heads, routes[encoders[0]]),
        parameters={
            "routes": dict(routes),
            "heads": {name: _about(name, head) for name, head in heads.items()},
            "act_precision": ACT_PRECISION,
            "miss_rate": MISS_RATE,
            "confidence": CONFIDENCE,
            "seed": seed,
            "limit": limit,
        },
    )
    tensors: dict[str, dict[str, NDArray[Any]]] = {
        "lexicon.safetensors": {"rarity": lexicon.rarity.astype(np.float16)}
    }
    for name, head in heads.items():
        tensors[_file(name)] = {
            "dense": head.dense.astype(np.float16),
            "lexical": head.lexical.astype(np.float16),
            "bias": head.bias,
        }
    return write_pack(out, manifest=manifest, tensors=tensors, card=harm_card(manifest))


def _spoken_in(frame: "pd.DataFrame", lang: str | None) -> "pd.DataFrame":
    return frame if lang is None else frame[frame["lang"] == lang].reset_index(drop=True)


def _with_written(fit: "pd.DataFrame") -> "pd.DataFrame":
    """Add the written rows; those that describe a policy are marked."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for each in (*written.harmless(), *written.descriptions()):
        targets = {policy.value: each.known(policy) for policy in Policy}
        rows.append(
            {
                "id": f"{written.SOURCE}-{len(rows)}",
                "source": written.SOURCE,
                "plain": normalise(each.text),
                "lang": each.lang,
                "weak": False,
                "license": written.LICENSE,
                "part": "fit",
                "by_date": False,
                "described": each.breaks is not None or each.about is not None,
                **targets,
            }
        )
    return pd.concat([fit.assign(described=False), pd.DataFrame(rows)], ignore_index=True)


def _routes(encoders: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """For each setting of the encoder: which head reads which language."""
    return {
        name: {"en": name, ANY_LANGUAGE: "use"}
        if name in _ENGLISH_ONLY and "use" in encoders
        else {ANY_LANGUAGE: name}
        for name in encoders
    }


def _calibrated(heads: Mapping[str, Head], route: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    readers = {lang: name for name in set(route.values()) for lang in heads[name].languages}
    return {
        lang: tuple(
            policy.value
            for policy in Policy
            if policy in heads[route.get(lang, route[ANY_LANGUAGE])].calibrated(lang)
        )
        for lang in sorted(readers)
    }


def _file(encoder: str) -> str:
    slug = "".join(letter if letter.isalnum() else "-" for letter in encoder)
    return f"head-{slug}.safetensors"


def _about(name: str, head: Head) -> dict[str, Any]:
    return {
        "file": _file(name),
        "policies": [policy.value for policy in head.policies],
        "calibrators": [
            {"policy": policy.value, "lang": lang, "calibrator": each.model_dump(mode="json")}
            for (policy, lang), each in sorted(head.calibrators.items())
        ],
        "thresholds": [
            {"policy": policy.value, "lang": lang, "thresholds": each.model_dump(mode="json")}
            for (policy, lang), each in sorted(head.thresholds.items())
        ],
        "screening": {policy.value: level for policy, level in head.screening.items()},
    }


def _trained_on(fit: "pd.DataFrame") -> dict[str, TrainedOn]:
    return {
        str(source): TrainedOn(rows=len(group), license=str(group["license"].iloc[0]))
        for source, group in fit.groupby("source")
    }
