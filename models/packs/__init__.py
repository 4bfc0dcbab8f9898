"""Packs: trained weights with a manifest and a model card, one folder for each model.

Weights are safetensors or JSON, never pickle: reading a pack runs no code of its maker.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue, ValidationError

from policy.words import Value

PackKind = Literal["harm", "association"]

MANIFEST = "manifest.json"
CARD = "MODEL_CARD.md"
SHIPPED = Path(__file__).parent


class PackError(ValueError):
    """A pack that is missing, damaged or does not fit the settings; the message says which."""


class TrainedOn(Value):
    """What one source gave to the weights."""

    rows: int = Field(ge=0)
    license: str


class Manifest(Value):
    """What a pack is, and what it may be trusted with."""

    name: str
    kind: PackKind
    version: str
    encoders: tuple[str, ...]
    """Names of the encoders that the weights were trained on."""
    trained_on: dict[str, TrainedOn]
    files: dict[str, str]
    """SHA-256 of every other file of the pack, but the card."""
    calibrated: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Language to what is calibrated in it."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    """Figures on the test part, as measured when the pack was made."""

    @property
    def model(self) -> str:
        """The name that results carry."""
        return f"{self.name}-{self.version}"


def locate(kind: PackKind, models: Path | None = None) -> Path:
    """The folder of a pack: below `models` (CONCERT_MODELS) where it holds one of this kind, else
    the shipped one.

    Raises:
        PackError: `models` is set and holds no pack at all, so it cannot be what was meant.
    """
    if models is not None and not any(models.glob(f"*/{MANIFEST}")):
        raise PackError(f"CONCERT_MODELS: {models} holds no pack (a folder with {MANIFEST})")
    chosen = models / kind if models is not None else SHIPPED / kind
    return chosen if (chosen / MANIFEST).exists() else SHIPPED / kind


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a pack whose files are all as they were written.

    Raises:
        PackError: no manifest, a wrong one, or a file that is missing or changed.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise PackError(f"{path} is not there") from None
    except ValidationError as error:
        wrong = error.errors()[0]
        field = ".".join(str(part) for part in wrong["loc"])
        raise PackError(f"{path}: {field}: {wrong['msg']}") from None
    for name, digest in manifest.files.items():
        file = folder / name
        if not file.exists():
            raise PackError(f"{file} is not there")
        if sha256(file.read_bytes()).hexdigest() != digest:
            raise PackError(f"{file} is not the file that the manifest names")
    return manifest


def read_tensors(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of one safetensors file of a pack."""
    from safetensors.numpy import load_file

    return dict(load_file(folder / name))


def write_pack(
    folder: Path,
    *,
    manifest: Manifest,
    tensors: Mapping[str, Mapping[str, NDArray[Any]]],
    card: str,
) -> Manifest:
    """Write a pack whole: weights, card, and last the manifest, which makes it one.

    `manifest.files` is filled in here.
    """
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    files: dict[str, str] = {}
    for name, arrays in tensors.items():
        content = save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
        (folder / name).write_bytes(content)
        files[name] = sha256(content).hexdigest()
    (folder / CARD).write_text(card, encoding="utf-8")
    whole = manifest.model_copy(update={"files": files})
    (folder / MANIFEST).write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return whole
