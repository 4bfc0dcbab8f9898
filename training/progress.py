"""How long work tells where it is: a plain call, so that a bar, a log or a test can listen."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told (stage, done, of)."""


def silent(_stage: str, _done: int, _of: int) -> None:
    """For callers who do not listen."""
