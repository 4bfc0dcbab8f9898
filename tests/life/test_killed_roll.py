"""A rolling pass that is killed outright goes on, and loses and doubles nothing.

bench/roll.py does the same with 100,000 accounts.
"""

from pathlib import Path

from bench.roll import kill_passes


def test_a_killed_pass_loses_and_doubles_nothing(tmp_path: Path) -> None:
    assert kill_passes(tmp_path, accounts=600, kills=2, seed=1) == []
