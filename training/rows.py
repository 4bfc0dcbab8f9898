"""Rows to learn harm from: which labels count where, what may be shipped, and which part a row
belongs to.

A source's `none` means only "none of this source's label_scope", so each policy is learnt and
measured only where it was annotated; elsewhere its target is missing. Source: DATA.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.text import digest, normalise, skeleton
from policy.words import Policy

if TYPE_CHECKING:
    import pandas as pd

CALIBRATION_SHARE = 0.25
"""Of the rows of the train split; never fitted on."""

OPEN_EXCEPT = ("restricted", "GPL")
"""Licences, by their beginning, whose rows never reach weights that are shipped."""


class DataError(ValueError):
    """The data are not there or lack a column; the message says which."""


_BEFORE_COVID = frozenset(
    {
        "davidson2017",
        "germeval2018",
        "ira_commercial_weak",
        "isis_accounts_weak",
        "isis_topic_weak_negative",
        "mlma2019",
        "offenseval2020_tr",
        "stormfront_degibert2018",
        "uci_sms_spam",
    }
)
"""Sources collected before 2020: no post of theirs can be about a disease not yet known. Known
by date, not by annotation, so used to fit only, never to calibrate or to measure."""


@dataclass(frozen=True)
class HarmRows:
    """Rows with columns id, source, plain (normalised text), lang, weak, license, part, weight
    (of a decision one over its chance to be asked, of all else 1), and one float column for each
    policy: 1, 0, or missing where it was not annotated."""

    frame: "pd.DataFrame"

    def part(self, name: str) -> "pd.DataFrame":
        """The rows of `fit`, `calibration` or `test`."""
        return self.frame[self.frame["part"] == name]


def load_harm_rows(
    data: Path,
    *,
    shippable_only: bool = True,
    limit: int | None = None,
    seed: int = 0,
    decisions: Path | None = None,
) -> HarmRows:
    """Read harm_posts.parquet of a data folder, and what people decided, where it is given.

    `limit` keeps at most so many train rows of each source, chosen by hash: the same every run.
    Near-duplicates never stand on two sides: the part follows the hash of what stays of a text
    without case, names, links and punctuation, and what is in the test part leaves the others.

    Raises:
        DataError: no such file, or a column is missing.
    """
    import pandas as pd

    path = data / "harm_posts.parquet"
    if not path.exists():
        raise DataError(f"{path} is not there")
    raw = pd.read_parquet(path)
    wanted = {"id", "source", "text", "policies_all", "label_scope", "lang", "split", "license"}
    if missing := sorted((wanted | {"weak_label"}) - set(raw.columns)):
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    if decisions is not None:
        from training.decisions import harm_rows

        raw = pd.concat([raw, harm_rows(decisions)], ignore_index=True)
    if shippable_only:
        raw = raw[~raw["license"].str.startswith(OPEN_EXCEPT)]
    order = raw["id"].map(lambda row: digest(f"{seed}:{row}"))
    raw = raw.assign(order=order).sort_values("order")
    if limit is not None:
        rank = raw.groupby(["source", "split"]).cumcount()
        raw = raw[(raw["split"] != "train") | (rank < limit)]
    bones = raw["text"].map(skeleton)
    in_test = set(bones[raw["split"] == "dev"])
    held = bones.map(lambda text: int(digest(f"{seed}:{text}")[:8], 16) / 16**8)
    part = pd.Series("fit", index=raw.index).where(held >= CALIBRATION_SHARE, "calibration")
    part = part.where(raw["split"] != "dev", "test")
    kept = (part == "test") | ~bones.isin(in_test)
    frame = pd.DataFrame(
        {
            "id": raw["id"],
            "source": raw["source"],
            "plain": raw["text"].map(normalise),
            "lang": raw["lang"],
            "weak": raw["weak_label"],
            "license": raw["license"],
            "part": part,
            "weight": raw["weight"].fillna(1.0) if "weight" in raw else 1.0,
        }
    )
    for policy in Policy:
        frame[policy.value] = _targets(raw, policy)
    to_fit = frame["part"] == "fit"
    frame["by_date"] = to_fit & frame["source"].isin(_BEFORE_COVID)
    frame.loc[frame["by_date"], Policy.COVID_MISINFO.value] = 0.0
    _drop_weak_where_strong(frame, to_fit)
    return HarmRows(frame[kept].reset_index(drop=True))


def _drop_weak_where_strong(frame: "pd.DataFrame", to_fit: "pd.Series[bool]") -> None:
    """Weak labels teach a policy only in languages where no better ones do (measured: in
    English, MLMA's labels of abuse are close to noise)."""
    for policy in Policy:
        positive = (frame[policy.value] == 1.0) & to_fit
        taught = set(frame.loc[positive & ~frame["weak"], "lang"])
        weak = to_fit & frame["weak"] & frame["lang"].isin(taught)
        if policy is not Policy.COVID_MISINFO:
            frame.loc[weak, policy.value] = float("nan")


def _targets(raw: "pd.DataFrame", policy: Policy) -> "pd.Series[float]":
    in_scope = raw["label_scope"].str.split("|").map(lambda ids: policy.value in ids)
    positive = raw["policies_all"].str.split("|").map(lambda ids: policy.value in ids)
    # A source that found breaches, yet never of this policy of its scope, did not look for it:
    # its rows would teach that a whole language never breaks the rule. A source without any
    # breach is what it says: rows chosen because they break nothing.
    source = raw["source"]
    found = positive.groupby(source).transform("any")
    found |= ~(raw["policies_all"] != "none").groupby(source).transform("any")
    return positive.astype(float).where(in_scope & found)
