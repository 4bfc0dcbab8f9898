"""The state of review as gauges: length of the queue, age, throughput and agreement."""

import logging
import threading
import time
from typing import Literal

from prometheus_client import Gauge

from casework.office import Office
from casework.queue import Queue, count_queue, queue_state
from policy.cases import CaseKind
from store.errors import StoreError

logger = logging.getLogger("concert.review")

EVERY_S = 30.0
AGREEMENT_EVERY_S = 600.0
"""Agreement is measured over all answers, so less often."""

_KEPT: Literal["livemostrecent"] = "livemostrecent"
OPEN = Gauge("concert_queue_open", "Open cases, by kind.", ["kind"], multiprocess_mode=_KEPT)
LATE = Gauge(
    "concert_queue_late",
    "Open cases past their service level, by kind.",
    ["kind"],
    multiprocess_mode=_KEPT,
)
OLDEST = Gauge(
    "concert_queue_oldest_hours",
    "Age of the oldest open case, by kind.",
    ["kind"],
    multiprocess_mode=_KEPT,
)
ANSWERED = Gauge(
    "concert_answers_last_day", "Answers of the last 24 hours.", multiprocess_mode=_KEPT
)
AGREEMENT = Gauge(
    "concert_review_agreement",
    "Krippendorff's alpha over independent answers, by kind; absent while it is not defined.",
    ["kind"],
    multiprocess_mode=_KEPT,
)


def keep_fresh(office: Office, stopping: threading.Event) -> None:
    """Set the gauges again and again until told to stop. While the store is away they stand."""
    measured_at = -AGREEMENT_EVERY_S
    while True:
        try:
            if time.monotonic() - measured_at >= AGREEMENT_EVERY_S:
                measured_at = time.monotonic()
                state = queue_state(office)
                for kind, found in state.agreement.items():
                    if found.alpha is not None:
                        AGREEMENT.labels(kind=kind).set(found.alpha)
                show(state)
            else:
                show(count_queue(office))
        except StoreError as error:
            logger.warning("the gauges of review stand still: %s", error)
        if stopping.wait(EVERY_S):
            return


def show(queue: Queue) -> None:
    """Set the gauges; a kind that has no open case any more is zero, not what it was."""
    for kind in CaseKind:
        waits = queue.waiting.get(kind)
        OPEN.labels(kind=kind.value).set(waits.open if waits else 0)
        LATE.labels(kind=kind.value).set(waits.late if waits else 0)
        OLDEST.labels(kind=kind.value).set(waits.oldest_h if waits else 0)
    ANSWERED.set(queue.answered_a_day)
