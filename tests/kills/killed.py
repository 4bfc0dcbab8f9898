"""Runs `concert …` and kills it outright (SIGKILL) at one named boundary.

    python -m tests.kills.killed before-commit:3 review sync --watch

Boundaries are the commits of the case store and the requests to Label Studio, each before and after
it happens, counted from the start of the process. `never:0` kills nothing. The program itself has
no hook for this: the database driver and the HTTP client are wrapped from outside.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy.engine import default

from cli.main import main


def _kill_at(point: str) -> None:
    boundary, _, number = point.partition(":")
    counts: dict[str, int] = {}

    def reach(name: str) -> None:
        counts[name] = counts.get(name, 0) + 1
        if name == boundary and counts[name] == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    def around(what: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            reach(f"before-{what}")
            done = inner(*given, **named)
            reach(f"after-{what}")
            return done

        return wrapped

    committing = default.DefaultDialect
    setattr(committing, "do_commit", around("commit", committing.do_commit))  # noqa: B010
    setattr(httpx.Client, "send", around("request", httpx.Client.send))  # noqa: B010


if __name__ == "__main__":
    _kill_at(sys.argv[1])
    sys.argv = ["concert", *sys.argv[2:]]
    sys.exit(main())
