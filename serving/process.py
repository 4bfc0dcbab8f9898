"""The service's processes: how they log and keep house, and that none outlives its parent."""

import ctypes
import gc
import logging
import os
import signal
import sys

import structlog
from pydantic import ValidationError

PARENT = "SERVING_PARENT_PID"
"""Environment variable by which the process that starts the workers tells them its number."""

_PR_SET_PDEATHSIG = 1


def announce_parent() -> None:
    """Tell the workers that are started from here who their parent is."""
    os.environ[PARENT] = str(os.getpid())


def end_with_parent() -> None:
    """Ask Linux to end this process when the one that started it ends.

    The workers lead sessions of their own, so a server that is killed outright would leave them
    behind, holding the port.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = os.environ.get(PARENT)
    if parent is not None and parent != str(os.getppid()):
        # It ended before it could be watched.
        sys.exit("the server that started this process is gone")


def settle() -> None:
    """Take what was imported and built so far out of the garbage collector's rounds.

    It stays until the process ends. To go through all of it stops every request: measured, a third
    of a second after each thousand look-ups.
    """
    gc.collect()
    gc.freeze()


class _NoBadInput(logging.Filter):
    """Keeps a caller's malformed request out of the log of faults: the caller is told already."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        return kind is None or not issubclass(kind, ValidationError)


def configure_logs(level: str) -> None:
    """One JSON object a line on standard output, with time and level; no texts, no keys."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("bentoml._internal.server.http_app").addFilter(_NoBadInput())
