"""Made-up tasks and answers for tests."""

from typing import Any

from labeling.desk import WantedTask
from policy.cases import CaseKind

Result = list[dict[str, Any]]

ASSOCIATION_DATA: dict[str, Any] = {
    "why_here": "The likelihood is between the thresholds of the act and dismiss lanes.",
    "group": {"name": "Harbour Watch", "kind": "campaign", "purpose": "Drive a journalist away"},
    "profile": {"account_id": "a-17", "handle": "tidewatcher", "description": "Eyes on the quay"},
    "posts": [
        {
            "post_id": "p1",
            "text": "Everyone, tonight at eight, on her timeline. You know what to do.",
            "created_at": "2026-02-01T20:00:00Z",
            "matched": ["Shares the hashtag #quaywatch with 14 known members"],
            "severe": True,
        }
    ],
    "opinion": {"likelihood": 0.72, "low": 0.55, "high": 0.84, "model": "association-1"},
    "clause": {"id": "association", "text": "We identify accounts associated with a group …"},
}
POST_DATA: dict[str, Any] = {"post": {"post_id": "p9", "text": "A post.", "lang": "en"}}


def association(case_id: str, **changes: Any) -> WantedTask:
    return WantedTask(
        **{"case_id": case_id, "kind": CaseKind.ASSOCIATION, "data": ASSOCIATION_DATA, **changes}
    )


def choice(name: str, *chosen: str) -> dict[str, Any]:
    return {
        "from_name": name,
        "to_name": "evidence",
        "type": "choices",
        "value": {"choices": list(chosen)},
    }


def text(*lines: str, name: str = "reason") -> dict[str, Any]:
    return {
        "from_name": name,
        "to_name": "evidence",
        "type": "textarea",
        "value": {"text": list(lines)},
    }


ASSOCIATED: Result = [
    choice("association", "associated"),
    choice("primary_use", "yes"),
    text("It calls others to the pile-on."),
]
NOT_ASSOCIATED: Result = [choice("association", "not_associated")]
