"""Commands that stay until they are told to stop."""

import signal
import threading


def until_stopped() -> threading.Event:
    """An event that INT and TERM set from now on, so that the work at hand ends in good order."""
    stop = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: stop.set())
    return stop
