"""Turns the clock of Concert's processes to what a file says, for tests that tell a year.

Python reads this file at its start where its folder is on PYTHONPATH; the programs themselves have
no hook for it. LIFE_CLOCK names the file, which holds one RFC 3339 time.
"""

import os
from datetime import datetime
from pathlib import Path

if os.environ.get("LIFE_CLOCK"):
    from casework.office import SystemClock

    _FILE = Path(os.environ["LIFE_CLOCK"])

    def _told(_self: SystemClock) -> datetime:
        return datetime.fromisoformat(_FILE.read_text(encoding="utf-8"))

    setattr(SystemClock, "now", _told)  # noqa: B010
