"""The clock's interface. Rules never read it: who calls a rule reads the clock and passes `now`."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the real one at the edges, a simulated one in tests."""

    def now(self) -> datetime:
        """The present moment as an aware datetime in UTC."""
        ...
