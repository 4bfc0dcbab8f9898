"""Accounts to learn association from: who belongs to which group, and who is nobody's.

Groups are the Internet Research Agency's categories and pro-ISIS accounts; crowds are ordinary
accounts, those who talk about ISIS among them: the hard negatives. Source: DATA.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.activity import AccountActivity
from models.text import digest
from policy.records import Post
from training.rows import DataError

if TYPE_CHECKING:
    import pandas as pd

POSTS_EACH = 30
"""An account's latest posts."""

MOST_ACTIVE = 200
MOST_SILENT = 300
"""Accounts of each group or crowd, with at least ACTIVE posts and with fewer."""
ACTIVE = 5

LICENSES = {"ira_538": "CC-BY-4.0", "fifthtribe_isis": "CC0-1.0", "radicalization_tt": "MIT"}
"""Data sets that weights may be shipped from; the others are for measuring only."""

_FILES = ("troll", "control", "control_congress", "extremist")
_CROWD = "Control_"
# Two accounts, no label, a language each: too little to be a group of its own.
_NO_GROUP = frozenset({"Commercial", "Unknown"})


@dataclass(frozen=True)
class Labelled:
    """An account and where it comes from. `group` is None for a crowd's account."""

    activity: AccountActivity
    group: str | None
    crowd: str | None
    dataset: str
    weight: float = 1.0
    """How much it counts in fitting: more than 1 where few of its kind were asked about."""


def load_accounts(data: Path, *, shippable_only: bool = True) -> list[Labelled]:
    """Accounts with their latest posts, chosen by hash: the same every run.

    Profiles are left out: some sources have none, so a profile would tell the source.

    Raises:
        DataError: a file is not there.
    """
    import pandas as pd

    columns = ["post_id", "dataset", "author", "content", "publish_date", "group", "subgroup"]
    parts = []
    for name in _FILES:
        path = data / f"{name}_posts.parquet"
        if not path.exists():
            raise DataError(f"{path} is not there")
        parts.append(pd.read_parquet(path, columns=columns))
    posts = pd.concat(parts, ignore_index=True)
    posts = posts[posts["content"].notna()]
    if shippable_only:
        posts = posts[posts["dataset"].isin(list(LICENSES))]
    posts = posts.sort_values("publish_date", kind="stable")
    posts = posts.groupby(["dataset", "author"]).tail(POSTS_EACH)
    chosen = posts.merge(_chosen(posts), on=["dataset", "author"])
    return [
        _labelled(str(author), str(dataset), group)
        for (dataset, author), group in chosen.groupby(["dataset", "author"], sort=True)
    ]


def _chosen(posts: "pd.DataFrame") -> "pd.DataFrame":
    each = posts.groupby(["dataset", "author"]).agg(
        group=("group", "first"), posts=("post_id", "size")
    )
    each = each.reset_index()
    pairs = zip(each["dataset"], each["author"], strict=True)
    each["order"] = [digest(f"{dataset}:{author}") for dataset, author in pairs]
    each = each.sort_values("order")
    import pandas as pd

    active = each[each["posts"] >= ACTIVE].groupby("group").head(MOST_ACTIVE)
    silent = each[each["posts"] < ACTIVE].groupby("group").head(MOST_SILENT)
    return pd.concat([active, silent])[["dataset", "author"]]


def _labelled(author: str, dataset: str, rows: Any) -> Labelled:
    group, subgroup = str(rows["group"].iloc[0]), str(rows["subgroup"].iloc[0])
    crowd = group if group.startswith(_CROWD) else None
    known = None if crowd or group in _NO_GROUP else group
    if known == "NonEnglish":
        known = subgroup
    # Authors of some sources are whole ornaments, longer than an id may be.
    account_id = digest(f"{dataset}:{author}")[:16]
    activity = AccountActivity(
        account_id=account_id,
        posts=tuple(
            Post(
                post_id=f"{account_id}-{number}",
                account_id=account_id,
                text=row.content,
                created_at=row.publish_date.tz_localize("UTC")
                if row.publish_date == row.publish_date
                else None,
            )
            for number, row in enumerate(rows.itertuples())
        ),
    )
    return Labelled(activity=activity, group=known, crowd=crowd, dataset=dataset)
