"""What blind answers say about lanes: weighted by their chance, people's own findings counted."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from policy.cases import CaseKind
from training.evaluate_decisions import lanes_by_decisions
from training.rows import DataError


def _row(at: int, lane: str, answer: str, **more: Any) -> dict[str, Any]:
    return {
        "decision_id": f"d{at}",
        "case_id": f"c{at}",
        "kind": CaseKind.ASSOCIATION.value,
        "round": 1,
        "subject_id": f"a{at}",
        "group_id": "g1",
        "at": "2026-01-01T00:00:00Z",
        "lang": "en",
        "posts": "[]",
        "details": "{}",
        "lane": lane,
        "blind": True,
        "sampling": 0.1,
        "by": "ana",
        "rule": "review.sample.v1",
        "ref": None,
        "case_answer": answer,
    } | more


def test_lanes_are_judged_by_what_was_drawn(tmp_path: Path) -> None:
    rows = [_row(at, "act", "associated") for at in range(19)]
    rows += [_row(19, "act", "not_associated")]
    rows += [_row(20 + at, "dismiss", "not_associated") for at in range(30)]
    rows += [_row(50, "dismiss", "associated")]
    rows += [_row(51, "review", "associated", blind=False, sampling=1.0)]
    rows += [_row(52, "act", "cannot_tell"), _row(53, "act", "associated", group_id="g2")]
    # A second look at what speaks against the model is no draw, and no find.
    again = {"rule": "review.label_error.v1", "ref": "d19", "blind": False}
    rows += [_row(54, "review", "associated", **again)]
    path = tmp_path / "decisions.parquet"
    pd.DataFrame(rows).to_parquet(path)
    found = {row["group"]: row for row in lanes_by_decisions(path)}
    assert set(found) == {"all", "g1", "g2"}
    one = found["g1"]
    assert (one["blind_answers"], one["found_by_people"]) == (51, 1)
    assert one["precision"] == pytest.approx(0.95)
    # 190 acted on rightly, one found by people, ten lost.
    assert one["recall"] == pytest.approx(191 / 201)
    assert found["g2"]["precision_low"] < 0.3


def test_no_export_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not there"):
        lanes_by_decisions(tmp_path / "none.parquet")
