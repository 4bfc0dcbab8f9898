"""Starts the parts of Concert as processes of their own, keeps them up and stops them all.

Each part is an ordinary command in a process group of its own. A part that dies is started again,
later each time; the parts hold no state that is not in the store, so a restart loses nothing.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_STEADY_S = 60.0


def _die_with_parent() -> None:
    # A supervisor that is killed outright leaves nothing behind: Linux tells its children.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Part:
    """One process to keep up."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait_s: float = _FIRST_WAIT_S
    not_before: float = 0.0

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - runs before any thread exists in the child
            )
        self.started = time.monotonic()

    def tell(self, how: signal.Signals) -> None:
        """Signal the whole group, where it still lives."""
        if self.process is not None:
            _signal_group(self.process.pid, how)

    def lives(self) -> bool:
        """Whether the process, or any that it started in its group, still lives."""
        if self.process is None:
            return False
        self.process.poll()  # reaps it, so that a dead leader keeps no group alive
        return _group_lives(self.process.pid)


def _signal_group(group: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, how)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Supervisor:
    """Keeps parts up until told to stop."""

    say: Callable[[str], None]
    parts: list[Part] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self, part: Part) -> None:
        """Start a part and keep it from now on."""
        part.start()
        self.parts.append(part)

    def watch(self) -> None:
        """Return when told to stop; until then start again what died."""
        while not self.stopping.wait(0.5):
            for part in self.parts:
                self._revive(part)

    def stop(self, *, patience_s: float = 20.0) -> None:
        """End all parts together: politely first, then for good."""
        for how, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            left = [part for part in self.parts if part.lives()]
            for part in left:
                part.tell(how)
            until = time.monotonic() + wait_s
            while any(part.lives() for part in left) and time.monotonic() < until:
                time.sleep(0.05)

    def _revive(self, part: Part) -> None:
        moment = time.monotonic()
        if part.process is None or part.process.poll() is None:
            if moment - part.started > _STEADY_S:
                part.wait_s = _FIRST_WAIT_S
            return
        if part.not_before <= part.started:
            part.not_before = moment + part.wait_s
            self.say(
                f"{part.name} ended with status {part.process.returncode}; starting it again in "
                f"{part.wait_s:.0f} s (its log: {part.log})"
            )
            part.wait_s = min(part.wait_s * 2, _LONGEST_WAIT_S)
        elif moment >= part.not_before:
            # What it started may have outlived it, and would hold its port.
            part.tell(signal.SIGKILL)
            part.start()
