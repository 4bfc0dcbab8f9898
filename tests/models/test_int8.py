"""Where an eight-bit encoder is looked for, what it reads, and what a broken file says."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from models.encoder import EncoderError, load_encoder, tuned_name
from models.int8 import TOKENS, batches, int8_file
from models.minilm import load_minilm
from training.compress import export_int8


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upper layers as a pack would have them: here those that MiniLM comes with."""
    upper = load_minilm().upper_parameters()
    path = tmp_path_factory.mktemp("pack") / "tuned-minilm.safetensors"
    save_file({name: each.detach().numpy() for name, each in upper.items()}, path)
    return path


def test_halves_put_together_are_the_whole(tuned: Path) -> None:
    texts = ["the train is late", "", "a much longer text about the weather of next week"]
    whole, halves = load_encoder("minilm"), load_encoder("minilm", tuned)
    np.testing.assert_allclose(halves.encode(texts), whole.encode(texts), atol=1e-5)
    # The cache must not take one for the other.
    assert halves.name == tuned_name("minilm", tuned) != whole.name


def test_a_pack_that_lacks_a_weight_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tuned-minilm.safetensors"
    save_file({"0.attention.self.query.bias": np.zeros(384, np.float32)}, path)
    with pytest.raises(EncoderError, match="lacks the weight"):
        load_encoder("minilm", path)


def test_only_a_file_for_these_very_weights_is_taken(tuned: Path, tmp_path: Path) -> None:
    int8_file(tmp_path, "minilm+of-others").write_bytes(b"never read")
    assert "int8" not in load_encoder("minilm", tuned, tmp_path).name
    int8_file(tmp_path, tuned_name("minilm", tuned)).write_bytes(b"broken")
    with pytest.raises(EncoderError, match=r"int8\.onnx.*make it again"):
        load_encoder("minilm", tuned, tmp_path)


@given(st.lists(st.integers(1, 128), max_size=200))
def test_batches_hold_every_text_once_and_few_tokens(lengths: list[int]) -> None:
    found = list(batches(lengths))
    assert sorted(at for batch in found for at in batch) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[at] for at in batch)
        assert len(batch) == 1 or longest * len(batch) <= TOKENS


def test_eight_bits_read_like_the_weights_they_are_made_of(tuned: Path, tmp_path: Path) -> None:
    texts = [
        "the train is late again",
        "",
        "my cat sleeps on the warm window sill all day and wants nothing but her dinner",
        "vote",
        *(f"message {'word ' * (at % 40)}number {at}" for at in range(60)),
    ]
    export_int8(load_minilm(), int8_file(tmp_path, tuned_name("minilm", tuned)))
    small, whole = load_encoder("minilm", tuned, tmp_path), load_encoder("minilm", tuned)
    assert small.name == f"{whole.name}/int8"
    alike = small.encode(texts) @ whole.encode(texts).T
    assert not small.encode(texts)[1].any()
    own = np.delete(np.diagonal(alike), 1)
    assert own.min() > 0.95
    # Each stands where its own text does.
    assert alike[[0, 2, 3]].argmax(axis=1).tolist() == [0, 2, 3]
