"""The packaged encoders and the cache, as they are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.cache import BATCH, CachedEncoder
from models.encoder import Encoder, EncoderError, Vectors, load_encoder


@pytest.fixture(scope="module", params=["minilm", "use"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return load_encoder(request.param)


def test_rows_are_unit_vectors_in_the_given_order(encoder: Encoder) -> None:
    texts = ["the cat sleeps", "", "a much longer text about the weather of next week", "cat"]
    rows = encoder.encode(texts)
    assert rows.shape == (4, encoder.dimensions)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 1, 1], abs=1e-5)
    assert rows[0] == pytest.approx(encoder.encode(["the cat sleeps"])[0], abs=1e-4)


def test_meaning_is_nearer_than_its_opposite(encoder: Encoder) -> None:
    one, same, other = encoder.encode(
        ["the train is late", "our train has a delay", "a recipe for apple cake"]
    )
    assert one @ same > one @ other + 0.2


def test_nothing_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_several_languages_by_use() -> None:
    one, same, other = load_encoder("use").encode(
        ["the train is late", "der Zug hat Verspätung", "ein Rezept für Apfelkuchen"]
    )
    assert one @ same > one @ other + 0.3


def test_an_unknown_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"CONCERT_ENCODER.*nowhere"):
        load_encoder(str(tmp_path / "nowhere"))


class _Counting:
    name = "counting"
    dimensions = 3

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += texts
        return np.asarray([[len(text), 1 / 3, 0] for text in texts], dtype=np.float32)


def test_no_text_is_embedded_twice_even_by_another_process(tmp_path: Path) -> None:
    first = _Counting()
    cached = CachedEncoder(first, tmp_path / "cache.sqlite")
    fresh = cached.encode(["b", "a", "b"])
    cached.close()
    second = _Counting()
    again = CachedEncoder(second, tmp_path / "cache.sqlite")
    known = again.encode(["a", "b", "ccc", "b"])
    again.close()
    assert sorted(first.seen) == ["a", "b"]
    assert second.seen == ["ccc"]
    # Fresh vectors pass through the same rounding as kept ones.
    assert np.array_equal(fresh[0], known[1])
    assert known[:, 0].tolist() == [1, 1, 3, 1]


class _Breaking(_Counting):
    def encode(self, texts: Sequence[str]) -> Vectors:
        if any(len(text) > 5 for text in texts):
            raise KeyboardInterrupt
        return super().encode(texts)


def test_what_was_done_before_a_break_is_kept(tmp_path: Path) -> None:
    short = [str(at) for at in range(BATCH)]
    cached = CachedEncoder(_Breaking(), tmp_path / "cache.sqlite")
    with pytest.raises(KeyboardInterrupt):
        cached.encode([*short, "a longer text"])
    cached.close()
    second = _Counting()
    again = CachedEncoder(second, tmp_path / "cache.sqlite")
    again.encode([*short, "a longer text"])
    again.close()
    assert second.seen == ["a longer text"]


def test_an_empty_list_has_no_vectors(tmp_path: Path) -> None:
    assert CachedEncoder(_Counting(), tmp_path / "c.sqlite").encode([]).shape == (0, 3)
