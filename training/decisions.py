"""Rows out of people's decisions, as `concert review export` writes them.

Of each case that was settled, its last answer: where two were asked they agreed on it, where they
differed a lead gave it. A case on which no two agreed teaches nothing. Where an answer looked
mistaken and another person was asked once more, what that person said stands in its place.

Each answer counts one over the chance with which it was asked (Horvitz and Thompson 1952), but no
more than MOST_WEIGHT: a rare audit must not outweigh all that people said beside it.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.activity import AccountActivity
from models.text import digest
from policy.cases import CaseKind
from policy.records import Post
from policy.review_rules import ReviewRule
from policy.verdicts import AssociationChoice
from policy.words import Policy
from training.rows import DataError

if TYPE_CHECKING:
    import pandas as pd

    from training.accounts import Labelled

SOURCE = "decisions"
LICENSE = "own"
"""What one's own reviewers wrote; the posts are the platform's."""

MOST_WEIGHT = 10.0
"""The most that one answer counts. An open act lane is audited at one in ten: those audits are
weighted in full, and what is drawn more rarely is clipped here, a little biased for far less
variance (Ionides 2008)."""

ASKED = tuple(policy.value for policy in Policy if policy is not Policy.CHILD_EXPLOITATION)
"""What a reviewer is asked of a post. Suspected child exploitation is sealed and never asked."""

_TIES = (CaseKind.ASSOCIATION.value, CaseKind.REAPPLICATION.value)
_WANTED = frozenset(
    {"decision_id", "case_id", "kind", "round", "subject_id", "group_id", "at", "lang", "posts"}
    | {"details", "lane", "blind", "sampling", "by", "case_answer", "rule", "ref"}
)


def load_decisions(path: Path) -> "pd.DataFrame":
    """The settled answers of an export, one for each case.

    Raises:
        DataError: the file is not there, is no export, or lacks a column.
    """
    import pandas as pd

    if not path.exists():
        raise DataError(f"{path} is not there")
    try:
        found = (
            pd.read_json(path, lines=True, dtype=False)
            if path.suffix == ".jsonl"
            else pd.read_parquet(path)
        )
    except (ValueError, OSError) as error:
        raise DataError(f"{path} is no export of decisions: {error}") from None
    if missing := sorted(_WANTED - set(found.columns)):
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    settled = found[found["case_answer"].notna()].sort_values(["case_id", "round"])
    return settled.groupby("case_id").tail(1).reset_index(drop=True)


def without_mistaken(settled: "pd.DataFrame") -> "pd.DataFrame":
    """Settled answers less those that another person was asked about once more, and answered."""
    again = settled[settled["rule"] == ReviewRule.LABEL_ERROR.value]
    return settled[~settled["decision_id"].isin(again["ref"])]


def weight_of(sampling: float) -> float:
    """How much an answer counts that was asked with this probability; one without a chance that
    is known counts once."""
    return min(1.0 / sampling, MOST_WEIGHT) if 0.0 < sampling <= 1.0 else 1.0


def harm_rows(path: Path, *, held_out: float = 0.2) -> "pd.DataFrame":
    """What people decided about posts, in the columns of harm_posts.parquet.

    Args:
        held_out: the share of posts, by the hash of their text, that is for measuring only.

    Raises:
        DataError: as `load_decisions`.
    """
    import pandas as pd

    settled = without_mistaken(load_decisions(path))
    about = settled[settled["kind"] == CaseKind.POST_HARM.value]
    rows = [row for row in map(_harm_row, about.itertuples()) if row is not None]
    frame = pd.DataFrame(rows, columns=list(_HARM_COLUMNS))
    drawn = frame["text"].map(lambda text: int(digest(f"{SOURCE}:{text}")[:8], 16) / 16**8)
    return frame.assign(split=pd.Series("train", index=frame.index).where(drawn >= held_out, "dev"))


_HARM_COLUMNS = (
    *("id", "source", "text", "policies_all", "label_scope", "lang", "license", "weak_label"),
    *("by", "at", "lane", "sampling", "weight"),
)


def _harm_row(row: Any) -> dict[str, Any] | None:
    posts = json.loads(row.posts)
    text = posts[0].get("text") if posts else None
    if not text:
        return None
    broken = sorted(json.loads(row.details).get("policies", {}))
    return {
        "id": row.decision_id,
        "source": SOURCE,
        "text": text,
        "policies_all": "|".join(broken) or "none",
        "label_scope": "|".join(ASKED),
        "lang": row.lang,
        "license": LICENSE,
        "weak_label": False,
        "by": row.by,
        "at": row.at,
        "lane": row.lane,
        "sampling": row.sampling,
        "weight": weight_of(row.sampling),
    }


def decided_accounts(path: Path) -> "list[Labelled]":
    """The accounts that people found associated, and as a crowd of its own those they did not.

    Raises:
        DataError: as `load_decisions`.
    """
    settled = without_mistaken(load_decisions(path))
    about = settled[settled["kind"].isin(_TIES)]
    return [one for one in map(_labelled, about.itertuples()) if one is not None]


def _labelled(row: Any) -> "Labelled | None":
    from training.accounts import Labelled

    if row.case_answer == AssociationChoice.CANNOT_TELL.value:
        return None
    member = row.case_answer == AssociationChoice.ASSOCIATED.value
    account_id = digest(f"{SOURCE}:{row.subject_id}")[:16]
    posts = tuple(
        Post(
            post_id=str(post["post_id"]),
            account_id=account_id,
            text=post["text"],
            created_at=post.get("created_at"),
        )
        for post in json.loads(row.posts)
        if post.get("text")
    )
    if not posts:
        return None
    return Labelled(
        activity=AccountActivity(account_id=account_id, posts=posts),
        group=f"{SOURCE}:{row.group_id}" if member else None,
        crowd=None if member else f"Control_{SOURCE}",
        dataset=SOURCE,
        weight=weight_of(row.sampling),
    )
