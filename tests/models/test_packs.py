"""Shipped packs are whole, small, open and never pickled; damaged ones are refused by name."""

import shutil
from pathlib import Path

import pytest

from models.harm import HarmModel
from models.packs import CARD, MANIFEST, SHIPPED, PackError, PackKind, locate, read_manifest

KINDS: list[PackKind] = ["harm", "association"]


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_packs_are_whole_and_open(kind: PackKind) -> None:
    folder = locate(kind)
    manifest = read_manifest(folder)
    assert (folder / CARD).read_text(encoding="utf-8").startswith(f"# {manifest.model}")
    assert manifest.files
    assert {path.suffix for path in folder.iterdir()} <= {".safetensors", ".json", ".md"}
    for source in manifest.trained_on.values():
        assert not source.license.startswith(("restricted", "GPL"))


def test_shipped_packs_are_small() -> None:
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert size < 30_000_000


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(locate("harm"), tmp_path / "harm")
    return tmp_path


def test_the_setting_goes_before_what_is_shipped(copy: Path) -> None:
    assert locate("harm", copy) == copy / "harm"


def test_a_kind_that_the_setting_lacks_is_the_shipped_one(copy: Path) -> None:
    assert locate("association", copy) == SHIPPED / "association"


def test_a_folder_without_any_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="CONCERT_MODELS"):
        locate("association", tmp_path)


def test_a_changed_file_is_refused(copy: Path) -> None:
    file = next((copy / "harm").glob("head-*.safetensors"))
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(PackError, match=file.name):
        HarmModel.load(copy / "harm")


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / "harm" / "lexicon.safetensors").unlink()
    with pytest.raises(PackError, match="lexicon"):
        read_manifest(copy / "harm")


@pytest.mark.parametrize(("content", "said"), [("{}", "name"), ("not json", "Invalid JSON")])
def test_a_wrong_manifest_is_refused(copy: Path, content: str, said: str) -> None:
    (copy / "harm" / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(PackError, match=said):
        read_manifest(copy / "harm")


def test_a_pack_of_another_kind_is_refused() -> None:
    with pytest.raises(PackError, match="not harm"):
        HarmModel.load(locate("association"))
