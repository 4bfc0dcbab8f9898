"""Made-up campaigns and viral texts for real traffic: who posts what, and when.

A campaign's members post edited copies of its messages within a spread of time, not every member
every message, and as many posts of cover as asked for. Cover is taken out of the crowd: posts of
accounts that posted only once, given to members with their times, so that nothing is posted twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

Row = dict[str, Any]
TAKING_PART = 0.8
"""Share of members that post each message."""


@dataclass(frozen=True)
class Plan:
    """What is planted: accounts, seconds over which each message is spread, messages, cover."""

    size: int
    spread: float
    messages: int = 8
    cover: float = 1.0
    """Posts of cover for each post of the campaign."""

    @property
    def name(self) -> str:
        return f"planted-{self.size}-{self.spread:g}-{self.messages}-{self.cover:g}"


def plant(crowd: list[Row], plan: Plan, messages: list[str], seed: int) -> list[Row]:
    """The crowd with one campaign in it; accounts of members begin with the plan's name."""
    rng = np.random.default_rng([seed, plan.size, int(plan.spread)])
    texts = rng.choice(len(messages), plan.messages, replace=False)
    times = [row["publish_date"] for row in crowd]
    vocabulary = [word for at in texts for word in messages[at].split()]
    mine: list[Row] = []
    for text in texts:
        start = times[int(rng.integers(len(times)))]
        for member in range(plan.size):
            if rng.random() < TAKING_PART:
                when = start + timedelta(seconds=float(rng.uniform(0, plan.spread)))
                what = edited(messages[text], vocabulary, rng)
                mine.append(post(f"{plan.name}-{member}", f"{plan.name}/{len(mine)}", what, when))
    posts_of = Counter(row["author"] for row in crowd)
    single = [at for at, row in enumerate(crowd) if posts_of[row["author"]] == 1]
    wanted = min(len(single) // 2, round(plan.cover * len(mine)))
    taken = rng.choice(single, wanted, replace=False)
    rest = dict(enumerate(crowd))
    for number, at in enumerate(taken.tolist()):
        rest[at] = {**crowd[at], "author": f"{plan.name}-{number % plan.size}"}
    return [*rest.values(), *mine]


def viral(
    crowd: list[Row], texts: list[str], seed: int, *, marked: bool, event: bool = False
) -> list[Row]:
    """The crowd in which each of `texts` runs wild: 30 to 300 accounts of the crowd post it.

    Its sharers are drawn from the crowd by how much they post, its times from a rise of minutes
    and a decay of hours. `marked`: as reposts of one post; else each in words all but the same.
    `event`: all run within the same three hours, among 600 accounts that were there.
    """
    rng = np.random.default_rng([seed, len(texts), event])
    authors = [row["author"] for row in crowd]
    times = [row["publish_date"] for row in crowd]
    mine: list[Row] = []
    kickoff: datetime = times[int(rng.integers(len(times)))]
    if event:
        authors = sorted(rng.choice(sorted(set(authors)), 600, replace=False).tolist())
    for number, text in enumerate(texts):
        start = times[int(rng.integers(len(times)))]
        if event:
            start = kickoff + timedelta(seconds=float(rng.uniform(0, 2 * 3600)))
        drawn = {authors[int(rng.integers(len(authors)))] for _ in range(rng.integers(30, 300))}
        for author in sorted(drawn):
            after = float(rng.gamma(2.0, 1800.0 * (1 + number % 4)))
            what = f"RT @someone{number}: {text}" if marked else edited(text, text.split(), rng, 1)
            name = f"viral/{number}/{len(mine)}"
            mine.append(post(author, name, what, start + timedelta(seconds=after)))
    return [*crowd, *mine]


def post(account: str, number: str, text: str, when: datetime) -> Row:
    return {"post_id": number, "author": account, "content": text, "publish_date": when}


def edited(text: str, vocabulary: list[str], rng: np.random.Generator, most: int = 4) -> str:
    """A copy with up to `most` edits, each of one kind that people and their tools make."""
    words = text.split()
    for _ in range(int(rng.integers(0, most + 1))):
        at = int(rng.integers(len(words)))
        kind = int(rng.integers(6))
        if kind == 0 and len(words) > 6:
            del words[at]
        elif kind == 1:
            words[at] = vocabulary[int(rng.integers(len(vocabulary)))]
        elif kind == 2 and at:
            words[at - 1], words[at] = words[at], words[at - 1]
        elif kind == 3 and len(words[at]) > 3:
            cut = int(rng.integers(1, len(words[at]) - 1))
            words[at] = words[at][:cut] + words[at][cut + 1] + words[at][cut] + words[at][cut + 2 :]
        elif kind == 4:
            tag = "#" + vocabulary[at % len(vocabulary)].strip("#@,.!")
            words.append(["!!", tag, ":)"][at % 3])
        else:
            words.insert(at, ["really", "please", "now", "all", "just"][at % 5])
    return " ".join(words)
