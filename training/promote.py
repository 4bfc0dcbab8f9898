"""Letting a model in: only whole, only where it is no worse on what is guarded, and with why."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from models.packs import MANIFEST, SHIPPED, Manifest, PackKind, locate, read_manifest
from policy.words import Refusal, Value

RULE = "promotion.guarded.v1"
BACK = "promotion.back.v1"
_OUT = "taken-out-"
NOISE = 0.01
"""How far a guarded figure may fall and still count as noise, where nobody measured the noise."""
_COMPARED = "compared"


class Promotion(Value):
    """What was let in, over what, and why."""

    model: str
    kind: str
    replaces: str
    at: datetime
    reasons: tuple[str, ...]
    rule: str = RULE


def promote(model_folder: Path, home: Path, *, now: datetime) -> Promotion:
    """Put a pack into the data folder's models, in place of the one that serves.

    Guarded are the figures that both manifests state under the same name. Where the candidate was
    measured against the very pack that serves, a figure is worse if the whole interval of its
    difference lies below nothing, else if it is lower by more than NOISE. The pack that it replaces
    is kept beside, so that going back is promoting that one.

    Raises:
        PackError: the pack is missing or damaged.
        Refusal: a guarded figure is worse beyond noise; the reason names it.
    """
    candidate = read_manifest(model_folder)
    models = home / "models"
    serving = models if (models / candidate.kind / MANIFEST).exists() else None
    current = read_manifest(locate(candidate.kind, serving))
    reasons, worse = compare(candidate, current)
    if worse:
        raise Refusal(RULE, f"{candidate.model} is worse than {current.model}: {'; '.join(worse)}")
    done = Promotion(
        model=candidate.model,
        kind=candidate.kind,
        replaces=current.model,
        at=now,
        reasons=reasons,
    )
    target = models / candidate.kind
    coming = models / f".{candidate.kind}.coming"
    shutil.rmtree(coming, ignore_errors=True)
    shutil.copytree(model_folder, coming)
    _note(coming, done)
    if target.exists():
        kept = models / "replaced" / f"{current.model}-{now:%Y%m%dT%H%M%S}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        target.rename(kept)
    coming.rename(target)
    return done


def go_back(kind: PackKind, home: Path, *, now: datetime) -> Promotion:
    """Let the pack serve again that the last promotion replaced: the shipped one, where that was
    it. The pack that is taken out is kept beside.

    Raises:
        Refusal: nothing was promoted.
    """
    models = home / "models"
    target = models / kind
    if not (target / MANIFEST).exists():
        raise Refusal(BACK, f"no {kind} model was promoted, the shipped one serves")
    current = read_manifest(target)
    replaced = models / "replaced"
    kept = sorted(
        (each for each in replaced.glob("*") if _kind_of(each) == kind),
        key=lambda each: (each.name.rpartition("-")[2], each.name),
    )
    before = kept[-1] if kept else None
    again = read_manifest(before) if before is not None else read_manifest(SHIPPED / kind)
    out = replaced / f"{_OUT}{current.model}-{now:%Y%m%dT%H%M%S}"
    out.parent.mkdir(parents=True, exist_ok=True)
    target.rename(out)
    done = Promotion(
        model=again.model,
        kind=kind,
        replaces=current.model,
        at=now,
        reasons=("a person went back",),
        rule=BACK,
    )
    if before is not None:
        before.rename(target)
        _note(target, done)
    else:
        _note(out, done)
    return done


def _kind_of(folder: Path) -> str | None:
    path = folder / MANIFEST
    if not path.exists() or folder.name.startswith(_OUT):
        return None
    return read_manifest(folder).kind


def _note(folder: Path, done: Promotion) -> None:
    (folder / "promotion.json").write_text(done.model_dump_json(indent=1) + "\n", encoding="utf-8")


def compare(candidate: Manifest, current: Manifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was compared, in words, and what of it is worse beyond noise."""
    ours, theirs = _figures(candidate), _figures(current)
    measured = _measured(candidate, current)
    said, worse = [], []
    for name in sorted(ours.keys() & theirs.keys()):
        line = f"{name}: {ours[name]:.3f} against {theirs[name]:.3f}"
        fell = ours[name] < theirs[name] - NOISE
        if name in measured:
            by, low, high = measured[name]
            line += f", {by:+.3f} on the same rows (95 %: {low:+.3f} to {high:+.3f})"
            fell = high < 0
        said.append(line)
        if fell:
            worse.append(line)
    lacking = sorted(theirs.keys() - ours.keys())
    return tuple(said), (*worse, *(f"{name} is not stated" for name in lacking))


def _measured(candidate: Manifest, current: Manifest) -> dict[str, tuple[float, float, float]]:
    """By figure how much higher the candidate's is, with its interval; empty unless it was
    measured against this very model."""
    compared = cast(dict[str, Any], candidate.metrics.get(_COMPARED) or {})
    return dict(compared["figures"]) if compared.get("to") == current.model else {}


def auc_name(policy: str, source: str, lang: str) -> str:
    """What the area under the curve of a policy on a source is called among guarded figures."""
    return f"auc {policy} {source} {lang}"


def guarded(metrics: dict[str, Any]) -> dict[str, float]:
    """The guarded figures of an evaluation, by name; higher is better for each of them."""
    figures = {
        auc_name(row["policy"], row["source"], row["lang"]): row["auc"]
        for row in metrics.get("policies", ())
    }
    figures |= {
        f"auc {row['group']} from {row['seeds']} seeds": row["auc"]
        for row in metrics.get("groups", ())
        if "auc" in row
    }
    return figures


def state_metrics(folder: Path, metrics: dict[str, Any]) -> Manifest:
    """Write an evaluation's guarded figures into a pack's manifest, and what they were held
    against."""
    manifest = read_manifest(folder)
    figures: dict[str, Any] = dict(guarded(metrics))
    if _COMPARED in metrics:
        figures[_COMPARED] = metrics[_COMPARED]
    stated = manifest.model_copy(update={"metrics": figures})
    (folder / MANIFEST).write_text(
        json.dumps(json.loads(stated.model_dump_json()), indent=1) + "\n", encoding="utf-8"
    )
    return stated


def _figures(manifest: Manifest) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in manifest.metrics.items()
        if isinstance(value, (int, float))
    }
