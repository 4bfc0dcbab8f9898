"""Make a small folder of real posts and a dossier out of the research data beside the project.

    python docs/real-input/prepare.py ../shared/data .concert/real-input

Writes `posts.parquet`, in the data's own columns, and `group.json`, the dossier to import. Nothing
of the data is kept in this project: all of it is read when the script runs. Who is taken hangs on a
digest of the account's name, so the same data give the same files.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import pandas as pd

FILES = ("troll_posts.parquet", "control_posts.parquet")
GROUP_ID = "ira-right"
KIND = "RightTroll"
"""What Linvill and Warren called the accounts that posed as conservative Americans."""
ACCOUNTS, POSTS, FEWEST = 45, 30, 20
SEEDS = 10
"""So many of the accounts stand in for an analyst's list; the others are to be found."""
CONTROLS = ("Control_GOPdebate", "Control_IPLcricket", "Control_ISIStopic")
"""Ordinary people in the same years: on a debate of the same party, on cricket, on the news."""
CONTROL_ACCOUNTS, CONTROL_POSTS, CONTROL_FEWEST = 50, 15, 5

DOSSIER = {
    "id": GROUP_ID,
    "name": "Internet Research Agency: made-up conservatives",
    "kind": "campaign",
    "nature": "other",
    "purpose": (
        "To set Americans against each other and to sway their elections, by paid staff abroad who"
        " pose as American conservatives."
    ),
    "description": (
        "The part of the Internet Research Agency's operation, 2014 to 2018, whose accounts"
        " claimed to be conservative Americans. The members named here stand in for an analyst's"
        " list: the publisher of the data had attributed them."
    ),
    "narratives": [
        "Immigrants and refugees are a danger to America and have to be kept out.",
        "The Democratic candidate is corrupt, lies and belongs in prison.",
        "The media lie to patriots and hide what is really going on.",
        "Muslims bring terror, and the government looks away.",
        "The police and veterans are betrayed by those who protest against them.",
    ],
}


def drawn(names: pd.Series, count: int) -> list[str]:
    """Some of the names: an order that is the same everywhere and has no meaning."""
    return sorted(names, key=lambda one: hashlib.sha256(one.encode()).digest())[:count]


def latest(
    posts: pd.DataFrame, kind: str, accounts: int, most: int, fewest: int
) -> tuple[pd.DataFrame, list[str]]:
    """The latest posts of some accounts of one kind, and the accounts in the order drawn."""
    of_kind = posts[posts["group"] == kind]
    counts = of_kind["author"].value_counts()
    chosen = drawn(counts[counts >= fewest].index.to_series(), accounts)
    kept = of_kind[of_kind["author"].isin(chosen)]
    return kept.sort_values("publish_date", kind="stable").groupby("author").tail(most), chosen


def prepare(data: Path, out: Path) -> tuple[int, int]:
    """Write both files; how many posts and accounts there are."""
    trolls, controls = (pd.read_parquet(data / name) for name in FILES)
    own, accounts = latest(trolls, KIND, ACCOUNTS, POSTS, FEWEST)
    others = [
        latest(controls, kind, CONTROL_ACCOUNTS, CONTROL_POSTS, CONTROL_FEWEST)[0]
        for kind in CONTROLS
    ]
    posts = pd.concat([own, *others], ignore_index=True)
    out.mkdir(parents=True, exist_ok=True)
    posts.to_parquet(out / "posts.parquet", index=False)
    dossier = json.dumps([DOSSIER | {"members": accounts[:SEEDS]}], indent=2, ensure_ascii=False)
    (out / "group.json").write_text(dossier + "\n", encoding="utf-8")
    return len(posts), posts["author"].nunique()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("data", type=Path, help="the folder of research data")
    asked.add_argument("out", type=Path, help="the folder to write into")
    given = asked.parse_args()
    for name in FILES:
        if not (given.data / name).is_file():
            sys.exit(f"{given.data / name}: no such file; is that the folder of research data?")
    posts, accounts = prepare(given.data, given.out)
    sys.stdout.write(
        f"{posts} posts of {accounts} accounts: {given.out / 'posts.parquet'}\n"
        f"a dossier with {SEEDS} members: {given.out / 'group.json'}\n"
    )


if __name__ == "__main__":
    main()
