"""The command as its users run it: in this process for tables of cases, as a process of its own
where signals, start-up and raw bytes matter. Each test has a data folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "example"
CONCERT = Path(sys.executable).with_name("concert")


@dataclass(frozen=True)
class Said:
    """How a run ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return " ".join((self.out + self.err).split())


Concert = Callable[..., Said]


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment with no setting but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONCERT_")}
    return {**kept, "CONCERT_HOME": str(home), "COLUMNS": "400", "OMP_NUM_THREADS": "1", **more}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that is not there yet, in a folder without a .env."""
    for name in list(os.environ):
        if name.startswith("CONCERT_"):
            monkeypatch.delenv(name)
    for name, value in environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def concert(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Concert]:
    """Run `concert` with some words in this process."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["concert", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield run
    signal.signal(signal.SIGTERM, before)


def in_process_of_its_own(
    words: Sequence[str | bytes | Path], home: Path, timeout: float = 300, **more: str
) -> Said:
    """Run the installed command."""
    done = subprocess.run(
        [CONCERT, *words],
        env=environment(home, **more),
        cwd=home.parent,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())
