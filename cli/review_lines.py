"""The state of review as lines for people."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casework.agreement import Agreement
    from casework.quality import ReviewerQuality
    from casework.queue import Waiting


def waiting(kind: str, waits: "Waiting", waits_for: Mapping[str, int]) -> Iterator[str]:
    """What waits of one kind; a further line for each thing that cases wait for."""
    yield (
        f"{kind:<14}{waits.open:>6} open{waits.with_task:>6} with a task"
        f"{waits.late:>6} past {waits.service_h:g} h{waits.overdue:>6} past their time"
        f"   oldest {waits.oldest_h:.1f} h"
    )
    for what, cases in waits_for.items():
        yield f"{'':<14}{cases:>6} {what}"


def agreement(kind: str, one: "Agreement") -> str:
    """How far reviewers agree on one kind."""
    if one.alpha is None:
        return f"{kind:<14} no agreement to measure yet ({one.cases} cases answered twice)"
    interval = "" if one.low is None else f" ({one.low:.2f} to {one.high:.2f})"
    return f"{kind:<14} alpha {one.alpha:.2f}{interval} over {one.cases} cases"


def reviewer(one: "ReviewerQuality") -> str:
    """What is known of one reviewer."""
    parts = [f"{one.by}: {one.answers} answers"]
    for name, share in (("right", one.accuracy), ("gold right", one.gold)):
        if share is not None:
            parts.append(f"{share.share:.0%} {name} ({share.low:.0%} to {share.high:.0%})")
    if one.median_s is not None:
        parts.append(f"{one.median_s:.0f} s each")
    if one.drift is not None and one.drift.drifted:
        parts.append(f"DRIFTED from {one.drift.before.share:.0%} to {one.drift.recent.share:.0%}")
    return ", ".join(parts)
