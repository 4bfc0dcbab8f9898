"""How often somebody may ask: a token bucket for each caller, address or link.

In this process's memory: the front is one process. What is forgotten is the caller who came
longest ago, whose bucket is full again by then.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 20_000


class Limiter:
    """Lets each name through `rate` times a second, and `burst` times at once."""

    def __init__(
        self, rate: float, burst: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`rate` 0 lets everybody through."""
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_for(self, name: str) -> float:
        """Seconds until `name` may ask; 0 where it may now, and then it has."""
        if self._rate <= 0:
            return 0.0
        now = self._monotonic()
        with self._lock:
            level, at = self._buckets.get(name, (self._burst, now))
            level = min(self._burst, level + (now - at) * self._rate)
            if level < 1.0:
                return (1.0 - level) / self._rate
            self._buckets[name] = (level - 1.0, now)
            self._buckets.move_to_end(name)
            while len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
        return 0.0
