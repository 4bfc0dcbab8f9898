"""Training of the harm pack: MiniLM's upper layers tuned, heads on vectors and n-grams, calibrated
on rows of their own.

Reproducible: the same data, limit and seed give the same weights. Resumable: tuning and embedding
take nearly all the time, and both keep what a killed run had done.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from models.cache import CachedEncoder
from models.encoder import load_encoder
from models.harm import ANY_LANGUAGE, HarmModel, Head, stream_name
from models.lexical import Lexicon
from models.packs import Manifest, TrainedOn, read_tensors, write_pack
from models.text import digest, normalise
from policy.words import Policy
from training import written
from training.cards import harm_card
from training.heads import ACT_PRECISION, CONFIDENCE, FOLDS, MISS_RATE, calibrate, fit_parts, join
from training.leakage import near_copies
from training.lessons import DATE_WEIGHT, lessons_of
from training.posts import posts
from training.progress import Progress, silent
from training.rows import load_harm_rows
from training.tuning import Lessons, Recipe, Tuned, described, tune

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 3000
"""English rows of each source for a head that reads all languages: enough to read English at
need, without drowning the others."""

HELD_FROM = 8000
"""Rows of each source that are read to calibrate anew."""

CALIBRATED_ON = 2000
"""Calibration rows of each source."""

TUNED_ON = 6000
"""Rows of each source that the encoder is tuned on: what two CPU cores do within the hour."""
_MOST_WEIGHT = 4.0
"""Of a row in tuning: a handful of descriptions must not steer a whole batch."""

_ENGLISH_ONLY = frozenset({"minilm"})


def train_harm(
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    limit: int | None = LIMIT,
    encoders: Sequence[str] = ("minilm", "use"),
    tuned: bool = True,
    cache: Path | None = None,
    shippable_only: bool = True,
    version: str = "1",
    decisions: Path | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Train a harm pack on harm_posts.parquet of a data folder and write it to `out`.

    With `decisions` (see training/decisions.py) what people found about posts is learnt too, each
    answer as often as its chance to be asked says.

    Each encoder gets a head; where `use` is among them, MiniLM's reads English only and leaves
    the rest to it. `tuned`: MiniLM's upper layers are tuned first (training/tuning.py), on rows
    of every source. `limit` bounds the English rows of a source for a head that reads all
    languages. `cache` is the file of
    embeddings; it and the folder `tuning` lie beside `out` and keep what a killed run had done.

    Raises:
        DataError: the data are not there or lack a column.
        EncoderError: an encoder cannot be loaded.
    """
    rows = load_harm_rows(data, shippable_only=shippable_only, seed=seed, decisions=decisions)
    fit, held = _with_written(rows.part("fit")), rows.part("calibration")
    held = held[held.groupby("source").cumcount() < CALIBRATED_ON].reset_index(drop=True)
    lexicon = Lexicon.fit(fit.loc[~fit["post"], "plain"].tolist())
    store = cache or out.parent / "embeddings.sqlite"
    heads: dict[str, Head] = {}
    routes = _routes(tuple(encoders))
    tensors: dict[str, dict[str, NDArray[Any]]] = {
        "lexicon.safetensors": {"rarity": lexicon.rarity.astype(np.float16)}
    }
    for name in encoders:
        reads = routes[name]
        lang = "en" if reads.get("en") == name and reads[ANY_LANGUAGE] != name else None
        taught = _spoken_in(fit, lang)
        made: Tuned | None = None
        upper: Path | None = None
        if tuned and name == "minilm":
            tuned_on = taught[~taught["post"]].reset_index(drop=True)
            made, upper = _tune(tuned_on, out.parent / "tuning", seed, store, progress)
            tensors[_file("tuned", name)] = {
                key: each.astype(np.float16) for key, each in made.upper.items()
            }
        else:
            most = limit if lang is None and limit is not None else len(taught)
            kept = (taught["lang"] != "en") | (taught.groupby("source").cumcount() < most)
            # Written posts are English: they would make other languages' lines worse (measured).
            kept &= ~taught["post"] if lang is None else True
            taught = taught[kept].reset_index(drop=True)
        encoder = CachedEncoder(
            load_encoder(name, upper), store, progress=partial(progress, f"embed with {name}")
        )
        parts = fit_parts(taught, encoder, lexicon, partial(progress, f"heads on {name}"), made)
        spoken = _spoken_in(held, lang)
        frozen = CachedEncoder(load_encoder(name), store)
        copies = near_copies(
            frozen.encode(spoken["plain"].tolist()), frozen.encode(taught["plain"].tolist())
        )
        frozen.close()
        spoken = spoken[~copies].reset_index(drop=True)
        raw, tried = join(parts, spoken, encoder, lexicon)
        heads[name] = calibrate(raw, spoken, encoder, lexicon, tried)
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
            "heads": {name: _about(name, head, tensors.keys()) for name, head in heads.items()},
            "act_precision": ACT_PRECISION,
            "miss_rate": MISS_RATE,
            "confidence": CONFIDENCE,
            "seed": seed,
            "english_rows": limit,
            "tuning": described(Recipe(seed=seed)) if tuned else None,
        },
    )
    for name, head in heads.items():
        tensors[_file("head", name)] = _tensors(head)
    return write_pack(out, manifest=manifest, tensors=tensors, card=harm_card(manifest))


def _tensors(head: Head) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "dense": head.dense.astype(np.float16),
        "lexical": head.lexical.astype(np.float16),
        "bias": head.bias,
    }
    for (policy, lang), stream in head.streams.items():
        found[stream_name(policy.value, lang)] = stream.weights
    if head.families is not None:
        found["families"] = head.families.astype(np.float16)
    return found


def recalibrate_harm(
    pack: Path,
    data: Path,
    out: Path,
    *,
    cache: Path | None = None,
    version: str = "1",
    progress: Progress = silent,
) -> Manifest:
    """Calibrate a pack anew and write it to `out`; its weights stay as they are.

    Rows are parted as in training, by the hash of what stays of a text, so that those it was
    fitted on are not calibrated on if the pack's seed and limits are the training's.

    Raises:
        PackError, DataError: the pack or the data cannot be read.
    """
    model = HarmModel.load(pack, cache=cache)
    kept = dict(model.manifest.parameters)
    seed = int(cast(int, kept.get("seed", 0)))
    rows = load_harm_rows(data, limit=HELD_FROM, seed=seed).part("calibration")
    held = rows[rows.groupby("source").cumcount() < CALIBRATED_ON].reset_index(drop=True)
    routes = cast(dict[str, dict[str, str]], kept["routes"])
    heads = {}
    tensors: dict[str, dict[str, NDArray[Any]]] = {
        "lexicon.safetensors": {"rarity": model.lexicon.rarity.astype(np.float16)}
    }
    for done, (name, head) in enumerate(model.heads.items()):
        lang = "en" if routes[name].get("en") == name and len(routes[name]) > 1 else None
        heads[name] = calibrate(head, _spoken_in(held, lang), model.encoder(name), model.lexicon)
        tensors[_file("head", name)] = _tensors(heads[name])
        if name in model.tuned:
            tensors[_file("tuned", name)] = read_tensors(pack, model.tuned[name].name)
        progress("heads calibrated", done + 1, len(model.heads))
    manifest = model.manifest.model_copy(
        update={
            "version": version,
            "calibrated": _calibrated(heads, routes[model.manifest.encoders[0]]),
            "parameters": kept
            | {
                "heads": {name: _about(name, each, tensors) for name, each in heads.items()},
                "recalibrated": model.manifest.model,
            },
            "metrics": {},
        }
    )
    return write_pack(out, manifest=manifest, tensors=tensors, card=harm_card(manifest))


def _tune(
    frame: "pd.DataFrame", work: Path, seed: int, cache: Path, progress: Progress
) -> tuple[Tuned, Path]:
    """Tune MiniLM; also the file of its layers, rounded as they are shipped."""
    from safetensors.numpy import save_file

    taught = [lessons_of(policy, frame) for policy in Policy]
    targets = np.stack([labels for labels, _ in taught], axis=1).astype(np.float32)
    weights = np.stack([weight for _, weight in taught], axis=1).astype(np.float32)
    weights = np.minimum(weights, np.float32(_MOST_WEIGHT))
    kept = ((~np.isnan(targets)) & (weights > DATE_WEIGHT)).any(axis=1)
    kept &= (frame.groupby("source").cumcount() < TUNED_ON).to_numpy()
    texts = frame.loc[kept, "plain"].tolist()
    encoder = CachedEncoder(
        load_encoder("minilm"), cache, progress=partial(progress, "embed with minilm")
    )
    frozen = encoder.encode(texts)
    encoder.close()
    lessons = Lessons(texts, targets[kept], weights[kept], frozen)
    made = tune(lessons, work, Recipe(seed=seed), progress)
    path = work / "tuned.safetensors"
    save_file({key: each.astype(np.float16) for key, each in made.upper.items()}, path)
    return made, path


def _spoken_in(frame: "pd.DataFrame", lang: str | None) -> "pd.DataFrame":
    return frame if lang is None else frame[frame["lang"] == lang].reset_index(drop=True)


def _with_written(fit: "pd.DataFrame") -> "pd.DataFrame":
    """Add the written rows; those that describe a policy are marked, and those in the style of
    posts, which the encoder is never tuned on."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    described = set(written.descriptions())
    styled = set(posts())
    for each in (*written.harmless(), *written.descriptions(), *written.attacks(), *posts()):
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
                "weight": 1.0,
                "described": each in described,
                "post": each in styled,
                "post_of": (each.breaks or each.about or "") if each in styled else "",
                "fold": int(digest(each.base)[:8], 16) % FOLDS,
                **targets,
            }
        )
    plain = fit.assign(described=False, post=False, post_of="", fold=0)
    return pd.concat([plain, pd.DataFrame(rows)], ignore_index=True)


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


def _file(kind: str, encoder: str) -> str:
    slug = "".join(letter if letter.isalnum() else "-" for letter in encoder)
    return f"{kind}-{slug}.safetensors"


def _about(name: str, head: Head, files: Collection[str]) -> dict[str, Any]:
    tuned = _file("tuned", name)
    return {
        "file": _file("head", name),
        "tuned": tuned if tuned in files else None,
        "familiar": head.familiar,
        "policies": [policy.value for policy in head.policies],
        "calibrators": [
            {"policy": policy.value, "lang": lang, "calibrator": each.model_dump(mode="json")}
            for (policy, lang), each in sorted(head.calibrators.items())
        ],
        "streams": [
            {
                "policy": policy.value,
                "lang": lang,
                "bias": each.bias,
                "inside": each.inside,
                "elsewhere": each.elsewhere,
            }
            for (policy, lang), each in sorted(head.streams.items())
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
