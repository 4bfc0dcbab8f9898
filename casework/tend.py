"""Tending the queue: what every pass does before tasks are compared with cases."""

from casework.gold import mix_in
from casework.office import Office
from casework.priorities import reprioritise


def tend_queue(office: Office) -> int:
    """Move up what grew more urgent and mix in gold; how many cases are new or moved.

    Cheap where nothing is to be done, safe by two processes at once, and asked for by every pass.
    """
    return reprioritise(office) + mix_in(office)
