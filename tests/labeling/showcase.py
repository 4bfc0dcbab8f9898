"""One made-up case of each kind, with all that its page can show."""

from typing import Any

from labeling.configs import newest_version
from labeling.desk import WantedTask
from policy.cases import CaseKind
from policy.clauses import Clause

GROUP: dict[str, Any] = {
    "name": "Harbour Watch",
    "kind": "campaign",
    "purpose": "Drive a local journalist away from reporting on the quay",
    "narratives": ["She is paid to lie about the harbour", "Make her feel watched"],
    "hashtags": ["quaywatch", "seeyouatthequay"],
    "domains": ["quaywatch.example"],
}
PROFILE: dict[str, Any] = {
    "account_id": "a-17",
    "handle": "tidewatcher",
    "display_name": "Tide Watcher",
    "description": "Eyes on the quay. #quaywatch",
    "location": "Northport",
    "created_at": "2025-11-02T09:00:00Z",
    "followers": 1840,
    "following": 212,
    "observed_at": "2026-02-03T06:00:00Z",
}
POSTS: list[dict[str, Any]] = [
    {
        "post_id": "p1",
        "text": "Everyone, tonight at eight, on her timeline. You know what to do. #quaywatch",
        "created_at": "2026-02-01T20:00:00Z",
        "lang": "en",
        "matched": ["Shares the hashtag #quaywatch with 14 known members"],
        "severity": "moderate",
    },
    {
        "post_id": "p2",
        "text": "She walks home along the quay at six. Somebody should wait there for her.",
        "created_at": "2026-02-02T17:41:09Z",
        "lang": "en",
        "matched": ["Close to the narrative: make her feel watched"],
        "severity": "high",
    },
    {
        "post_id": "p3",
        "text": "Read the real story of the harbour: quaywatch.example/real-story",
        "created_at": "2026-02-02T19:30:44Z",
        "lang": "en",
        "matched": ["Links to quaywatch.example, a domain of the group"],
    },
]
OPINION: dict[str, Any] = {
    "statement": "the account is associated with the group",
    "likelihood": 0.72,
    "low": 0.55,
    "high": 0.84,
    "reasons": ["Primary use: about 6 in 10 of its posts carry the group's messages"],
    "model": "association-1",
}
FINDING: dict[str, Any] = {
    "id": "f-3",
    "kind": "social",
    "summary": "Nine accounts replied to the same person within two minutes of one post that named "
    "the hour. It does not show who else planned it.",
    "account_ids": [f"a-{number}" for number in range(11, 20)],
    "layers": ["reply", "hashtag"],
    "significance": 0.0004,
    "started_at": "2026-02-01T20:00:00Z",
    "ended_at": "2026-02-01T20:01:52Z",
    "found_by": "model:concert-detect",
}
TIMELINE: list[dict[str, Any]] = [
    {
        "at": f"2026-02-01T20:0{seconds // 60}:{seconds % 60:02}Z",
        "account": f"@{name}",
        "what": what,
    }
    for name, seconds, what in (
        ("tidewatcher", 0, "names the hour"),
        ("quay_eyes", 18, "replies to her"),
        ("northport77", 26, "replies to her"),
        ("northport77", 71, "replies to her"),
        ("gullandrope", 40, "replies to her"),
        ("lowtide_", 55, "replies to her"),
        ("lowtide_", 112, "replies to her"),
    )
]
INCIDENTS: list[dict[str, Any]] = [
    {
        "id": "i-1",
        "when": "2026-01-19T00:00:00Z",
        "where": "Northport",
        "on_platform": True,
        "harm": "psychological",
        "policy": "abuse",
        "severity": "high",
        "effects": {"psychological": "She received 340 abusive replies in one evening."},
        "actors": "organiser",
        "sources": [
            {
                "publisher": "Northport Gazette",
                "url": "gazette.example/evening-of-replies",
                "credibility": "B2",
            },
            {"publisher": "Press safety monitor", "url": "monitor.example/41", "credibility": "A1"},
        ],
        "submitted_by": "person:r.lund",
    },
    {
        "id": "i-2",
        "when": "2026-02-03T00:00:00Z",
        "where": "Northport",
        "on_platform": False,
        "harm": "physical",
        "policy": "violence",
        "severity": "moderate",
        "effects": {"physical": "Two men waited for her at the quay and would not let her pass."},
        "actors": "member",
        "sources": [{"publisher": "Northport police, press note 12", "credibility": "B1"}],
        "submitted_by": "person:r.lund",
    },
]
HARMS: list[dict[str, Any]] = [
    {
        "harm": harm,
        "severity": severity,
        "documented": {"level": documented, "why": why},
        "sources": {"level": sources, "why": f"{count} independent credible sources"},
        "likelihood": {"level": likelihood, "why": f"{lately} events in the last 180 days"},
        "why": "By the table of tests",
    }
    for harm, severity, documented, why, sources, count, likelihood, lately in (
        ("physical", "moderate", "moderate", "1 event documented", "low", 1, "moderate", 1),
        ("psychological", "moderate", "high", "1 event documented", "moderate", 2, "moderate", 1),
        ("informational", "low", "low", "none documented", "low", 0, "low", 0),
    )
]
ANSWERS = [
    ["Is it an identifiable group with a unified purpose?", "Yes: one stated aim (posts p1, p3)."],
    ["In what ways is its behaviour coordinated?", "It names hours to reply at (finding f-3)."],
    ["In what ways has it caused harm?", "Abuse in numbers (i-1), and a threat in person (i-2)."],
    ["What are the risks of acting?", "Criticism of her reporting must stay possible."],
]
THREAD: list[dict[str, Any]] = [
    {
        "post_id": "t1",
        "account": "@quaynews",
        "text": "New: who pays for the harbour works? A thread.",
        "created_at": "2026-02-02T17:20:00Z",
        "lang": "en",
    },
    {
        "post_id": "t3",
        "account": "@lowtide_",
        "text": "Count me in.",
        "created_at": "2026-02-02T17:44:00Z",
        "lang": "en",
    },
]
PROPOSAL = (
    "Suspend the account: a reviewer found that its primary use is to encourage the group's "
    "harmful activity."
)

SHOWN: dict[CaseKind, dict[str, Any]] = {
    CaseKind.ASSOCIATION: {
        "clause": Clause.ROLLING,
        "why_here": "The score is too uncertain to act on.",
        "group": GROUP,
        "profile": PROFILE,
        "posts": POSTS,
        "facts": [["Shared with known members", "#quaywatch: with 14 of 31 known members"]],
        "opinion": OPINION,
    },
    CaseKind.POST_HARM: {
        "clause": Clause.HARM_PHYSICAL,
        "why_here": "The score is high; only a person requires a removal.",
        "post": {**POSTS[1], "account": "@tidewatcher", "matched": ["Replies to @quaynews"]},
        "thread": THREAD,
        "opinion": {
            "statement": "the post breaks the rule on violence",
            "likelihood": 0.93,
            "reasons": ["violence: 93 %", "abuse: 61 %"],
            "calibrated": False,
            "model": "harm-1",
        },
    },
    CaseKind.COORDINATION: {
        "clause": Clause.SOCIAL,
        "why_here": "A machine found this; only a person says what it is.",
        "timeline": TIMELINE,
        "findings": [FINDING],
        "posts": [{**post, "account": "@tidewatcher"} for post in POSTS[:1]],
    },
    CaseKind.ASSESSMENT: {
        "clause": Clause.QUESTIONS,
        "why_here": "A dossier was opened on this campaign.",
        "group": GROUP,
        "timeline": TIMELINE,
        "findings": [FINDING],
        "incidents": INCIDENTS,
        "harms": HARMS,
        "guard": "Nobody has judged yet what the campaign is about, so that the guard applies.",
    },
    CaseKind.DESIGNATION: {
        "clause": Clause.DESIGNATION,
        "proposal": "Designate Harbour Watch: several forms of harm of moderate severity, as a "
        "result of social coordination. Limits on visibility for 30 days; review after 90.",
        "group": GROUP,
        "findings": [FINDING],
        "incidents": INCIDENTS,
        "answers": ANSWERS,
    },
    CaseKind.SUSPENSION: {
        "clause": Clause.SUSPENSION,
        "proposal": PROPOSAL,
        "group": GROUP,
        "profile": PROFILE,
        "posts": POSTS,
    },
    CaseKind.REAPPLICATION: {
        "clause": Clause.REAPPLY,
        "why_here": "New behaviour since the limit ended, but not enough for the act lane.",
        "group": GROUP,
        "profile": PROFILE,
        "before": [
            ["Limits on visibility", "2025-12-01 to 2025-12-31, expired by themselves"],
            ["Since then", "3 posts, 1 of them with the group's hashtag"],
        ],
        "posts": POSTS,
        "opinion": {**OPINION, "likelihood": 0.58, "low": 0.41, "high": 0.72},
    },
    CaseKind.APPEAL: {
        "clause": Clause.DUTY_APPEAL,
        "proposal": "Limited in search, replies and recommendations on 2026-02-03 for 30 days: "
        "associated with Harbour Watch. The reason given: it named the hour.",
        "statement": "I sail, I post about tides. I used the hashtag once to ask what it was.",
        "before": [["Decided", "2026-02-03, by a reviewer who does not see this"]],
        "profile": PROFILE,
        "posts": POSTS,
    },
    CaseKind.SUPPORT: {
        "clause": Clause.HARM_PSYCHOLOGICAL,
        "why_here": "The post speaks of its own author.",
        "post": {
            "post_id": "s1",
            "account": "@lowtide_",
            "text": "I do not see what there is to wake up for any more.",
            "created_at": "2026-02-04T02:13:00Z",
            "lang": "en",
            "severity": "moderate",
        },
    },
}


def shown(kind: CaseKind) -> dict[str, Any]:
    """The evidence of a kind, as a case freezes it."""
    data = SHOWN[kind]
    clause = data["clause"]
    return {**data, "clause": {"id": clause.value, "text": clause.says}}


def showcase(kind: CaseKind, **changes: Any) -> WantedTask:
    """A task of a kind."""
    wanted = {
        "case_id": f"case_{kind}",
        "kind": kind,
        "config": newest_version(kind),
        "data": shown(kind),
    }
    return WantedTask(**{**wanted, **changes})
