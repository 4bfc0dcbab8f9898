"""Near copies are found among many, strangers and empty texts are not."""

import numpy as np

from training.leakage import near_copies


def test_near_copies_are_found() -> None:
    rng = np.random.default_rng(0)
    fitted = rng.normal(size=(500, 64)).astype(np.float32)
    fitted /= np.linalg.norm(fitted, axis=1, keepdims=True)
    near = fitted[[3, 99]] + rng.normal(scale=0.01, size=(2, 64)).astype(np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    others = rng.normal(size=(3, 64)).astype(np.float32)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    asked = np.concatenate([near, others, np.zeros((1, 64), np.float32)])
    assert near_copies(asked, fitted).tolist() == [True, True, False, False, False, False]
    assert near_copies(asked, fitted[:0]).tolist() == [False] * 6
    assert near_copies(asked[:0], fitted).tolist() == []
