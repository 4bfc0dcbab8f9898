"""Our own counters, beside those that BentoML keeps; all are at /metrics.

No label ever holds an id: each label's values are few and fixed.
"""

import collections
from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from policy.words import Lane

SCORES = Counter(
    "concert_scores",
    "What was scored, by what it is, the lane it was routed to, or `error`.",
    ["what", "lane"],
)
LOOK_UPS = Counter(
    "concert_look_ups",
    "Subjects looked up, by what they are and what was found: restricted, clear or degraded.",
    ["subject", "found"],
)
LOOK_UP_SECONDS = Histogram(
    "concert_look_up_seconds",
    "Time the store took for one look-up call, whether of one subject or of many.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
REFUSED = Counter(
    "concert_refused",
    "Requests that were not let in: unknown, forbidden, too_often or cannot_check.",
    ["why"],
)
HINTS = Counter("concert_hints", "Webhook calls, by whether they were believed.", ["believed"])
SUSPENSIONS = Gauge(
    "concert_suspensions_remembered",
    "Suspensions kept in memory for when the store cannot answer.",
    multiprocess_mode="livemax",
)
STORE_UP = Gauge(
    "concert_store_up",
    "Whether the case store answered the last time it was looked at.",
    multiprocess_mode="livemin",
)
EVENTS_WAITING = Gauge(
    "concert_events_waiting",
    "Events that the platform's webhook has not taken yet.",
    multiprocess_mode="livemax",
)
EVENT_AGE = Gauge(
    "concert_event_age_seconds",
    "How long ago the oldest event happened that was not handed on yet.",
    multiprocess_mode="livemax",
)
EVENTS_GIVEN_UP = Gauge(
    "concert_events_given_up",
    "Events that the platform refused so often that a person has to look.",
    multiprocess_mode="livemax",
)
CASES_OVERDUE = Gauge(
    "concert_cases_overdue",
    "Open cases past their time, which lapse at the next pass.",
    multiprocess_mode="livemax",
)
APPEALS_LATE = Gauge(
    "concert_appeals_late",
    "Open appeals whose limit ended because nobody decided in time.",
    multiprocess_mode="livemax",
)


def count_scores(what: str, lanes: Iterable[Lane], *, errors: int) -> None:
    """Count what one call scored."""
    for lane, count in collections.Counter(lanes).items():
        SCORES.labels(what=what, lane=lane.value).inc(count)
    if errors:
        SCORES.labels(what=what, lane="error").inc(errors)
