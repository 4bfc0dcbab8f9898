"""How well coordination alone tells IRA accounts from controls matched on activity and date.

    python bench/coordination_accounts.py SHARED [--window 3600] [--resamples 1000]

SHARED is the folder of real data. For each set of controls, both sides are cut to the controls'
days; each control is matched with one IRA account of about as many posts in these days (nearest on
the logarithm, at most a factor of 1.25 apart, each IRA account once). The posts of both go into one
run of `detect` under the same conditions: clocks cut to the minute, as IRA's are, and reposts told
by the text that they pass on, since IRA's do not name their source. No text is read by a model and
no label is used. Scores for each account:

    surprise   sum of -log10 p over its pairs (the larger p of the two nulls; 1 if not tested)
    certainty  the same with q, corrected for all pairs that were tested
    degree     pairs of posts it shares with others: plain co-activity, what the peers draw

AP and AUC with intervals of 95 % (accounts resampled, matched pairs together), and how many
accounts of either side stand in a finding.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from coordination.detect import detect

FIELDS = {"post_id": "post_id", "account_id": "account", "text": "own", "created_at": "at"}
LAYERS = ("text", "column:passed_on", "hashtag_sequence")
APART = np.log(1.25)
LEAST_POSTS = 10
CONTROLS = {
    "Congress": ("control_congress_posts", "Control_Congress", "2015-10-01", "2016-05-05"),
    "debate": ("control_posts", "Control_GOPdebate", "2015-08-01", "2015-08-31"),
    "ISIS-topic": ("control_posts", "Control_ISIStopic", "2017-02-01", "2017-05-31"),
    "cricket": ("control_posts", "Control_IPLcricket", "2017-05-01", "2017-05-31"),
}

_POSTS = r"""
select post_id::varchar post_id, author account, content, retweet,
    date_trunc('minute', publish_date) "at"
from read_parquet($file) where publish_date between $low and $high and "group" {}
"""
_CUT = r"""
with plain as (
    select *, trim(regexp_replace(regexp_replace(lower(regexp_replace(
        content, '^\s*RT @\w+:?', '')), 'https?://\S+|@\w+', ' ', 'g'),
        '[^\p{L}\p{N}#]+', ' ', 'g')) words from posts
)
select post_id, account, "at", case when retweet = 1 then '' else content end own,
    case when retweet = 1 and length(words) >= 30 then left(words, 60) else '' end passed_on
from plain where account in (select account from chosen)
"""


@dataclass(frozen=True)
class Matched:
    """Two lists of accounts, each place of one matched with that of the other; their posts."""

    ira: list[str]
    controls: list[str]
    posts: pa.Table


def matched(shared: Path, name: str) -> Matched:
    file, group, low, high = CONTROLS[name]
    con = duckdb.connect()
    parts = []
    for source, which in ((file, f"= '{group}'"), ("troll_posts", "not in ('Unknown')")):
        given = {"file": str(shared / "data" / f"{source}.parquet"), "low": low, "high": high}
        parts.append(con.execute(_POSTS.format(which), given).to_arrow_table())
    counts = [_counts(con, part) for part in parts]
    pairs = _match(*counts)
    con.register("posts", pa.concat_tables(parts))
    con.register("chosen", pa.table({"account": [one for pair in pairs for one in pair]}))
    return Matched(
        [ira for _, ira in pairs],
        [control for control, _ in pairs],
        con.execute(_CUT).to_arrow_table(),
    )


def _counts(con: duckdb.DuckDBPyConnection, posts: pa.Table) -> dict[str, int]:
    con.register("part", posts)
    rows = con.execute(
        "select account, count(*) from part group by account having count(*) >= $least "
        "order by account",
        {"least": LEAST_POSTS},
    ).fetchall()
    return dict(rows)


def _match(controls: dict[str, int], ira: dict[str, int]) -> list[tuple[str, str]]:
    """Nearest first, each account once."""
    names, others = sorted(controls), sorted(ira)
    if not names or not others:
        return []
    left = np.log([controls[name] for name in names])
    right = np.log([ira[name] for name in others])
    apart = np.abs(left[:, None] - right[None, :])
    pairs, used_left, used_right = [], set(), set()
    for flat in np.argsort(apart, axis=None, kind="stable"):
        a, b = divmod(int(flat), len(others))
        if apart[a, b] > APART:
            break
        if a in used_left or b in used_right:
            continue
        used_left.add(a)
        used_right.add(b)
        pairs.append((names[a], others[b]))
    return pairs


def scores(given: Matched, window: float) -> tuple[dict[str, dict[str, float]], set[str]]:
    """For each score, a figure for each account; and the accounts that stand in a finding."""
    with tempfile.TemporaryDirectory() as out:
        report = detect(
            given.posts,
            on=LAYERS,
            window=timedelta(seconds=window),
            out=out,
            fields=FIELDS,
            threads=1,
        )
        edges = pq.read_table(report.files["edges.parquet"]).to_pylist()
    found: dict[str, dict[str, float]] = {"surprise": {}, "certainty": {}, "degree": {}}
    for edge in edges:
        p = max(edge["p_timing"], edge["p_audience"])
        of_edge = {
            "surprise": -np.log10(np.clip(p, 1e-300, 1.0)),
            "certainty": -np.log10(max(edge["q"], 1e-300)),
            "degree": edge["weight"],
        }
        for score, value in of_edge.items():
            for end in (edge["source"], edge["target"]):
                found[score][end] = found[score].get(end, 0.0) + value
    return found, {name for one in report.concert for name in one.account_ids}


def _interval(
    labels: NDArray[np.int64], values: NDArray[np.float64], pairs: int, resamples: int
) -> str:
    rng = np.random.default_rng(0)
    ap, auc = [], []
    for _ in range(resamples):
        drawn = rng.integers(pairs, size=pairs)
        both = np.concatenate([drawn, drawn + pairs])
        ap.append(average_precision_score(labels[both], values[both]))
        auc.append(roc_auc_score(labels[both], values[both]))
    told = []
    for name, seen, drawn in (
        ("AP", average_precision_score(labels, values), ap),
        ("AUC", roc_auc_score(labels, values), auc),
    ):
        low, high = np.quantile(drawn, [0.025, 0.975])
        told.append(f"{name} {seen:.3f} ({low:.3f} to {high:.3f})")
    return ", ".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--window", type=float, default=3600, help="seconds")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--only", choices=list(CONTROLS))
    given = parser.parse_args()
    for name in [given.only] if given.only else CONTROLS:
        begin = time.perf_counter()
        pair = matched(given.shared, name)
        if len(pair.ira) < 10:
            print(f"{name}: {len(pair.ira)} matched pairs: too few to say anything", flush=True)
            continue
        found, named = scores(pair, given.window)
        accounts = [*pair.ira, *pair.controls]
        labels = np.array([1] * len(pair.ira) + [0] * len(pair.controls))
        print(
            f"{name}: {len(pair.ira)} matched pairs, {pair.posts.num_rows} posts; in a finding: "
            f"{len(named & set(pair.ira))} IRA, {len(named & set(pair.controls))} controls; "
            f"{time.perf_counter() - begin:.0f} s",
            flush=True,
        )
        for score, values in found.items():
            row = np.array([values.get(account, 0.0) for account in accounts])
            print(
                f"  {score}: {_interval(labels, row, len(pair.ira), given.resamples)}", flush=True
            )


if __name__ == "__main__":
    main()
