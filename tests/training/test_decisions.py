"""People's decisions as rows to learn from, beside those of a data folder."""

import json
from pathlib import Path

import pandas as pd
import pytest

from training.decisions import ASKED, harm_rows
from training.rows import load_harm_rows


def answer(n: int, round_: int, policies: dict[str, str], settled: str | None) -> dict[str, object]:
    return {
        "decision_id": f"decision_case_{n}_{round_}",
        "case_id": f"case_{n}",
        "kind": "post_harm",
        "round": round_,
        "subject_id": f"post_{n}",
        "group_id": None,
        "by": "person:ana@desk.example",
        "at": "2026-03-01T12:00:00+00:00",
        "lang": "en",
        "lane": "review",
        "blind": False,
        "sampling": 0.5,
        "details": json.dumps({"kind": "post_harm", "policies": policies}),
        "posts": json.dumps([{"post_id": f"post_{n}", "text": f"sale number {n} of many"}]),
        "case_answer": settled,
    }


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    """Forty posts settled as spam, the first answer of each overruled, and one not settled."""
    rows = [
        answer(n, round_, policies, "none")
        for n in range(40)
        for round_, policies in ((1, {}), (2, {"spam": "low"} if n % 2 else {}))
    ]
    path = tmp_path / "decisions.parquet"
    pd.DataFrame([*rows, answer(99, 1, {"hate": "high"}, None)]).to_parquet(path)
    return path


def test_what_settled_a_case_is_the_row(decisions: Path) -> None:
    rows = harm_rows(decisions)
    assert len(rows) == 40
    assert set(rows["policies_all"]) == {"spam", "none"}
    assert set(rows["label_scope"]) == {"|".join(ASKED)}
    assert "child_exploitation" not in ASKED
    assert set(rows["split"]) == {"train", "dev"}
    assert set(rows["by"]) == {"person:ana@desk.example"}
    assert set(rows["sampling"]) == {0.5}
    # The same post is on the same side at each run.
    assert harm_rows(decisions)["split"].tolist() == rows["split"].tolist()


def test_they_are_learnt_beside_the_others(tmp_path: Path, decisions: Path) -> None:
    other = {
        "id": "r1",
        "source": "made_up",
        "text": "hello there",
        "policies_all": "none",
        "label_scope": "spam",
        "lang": "en",
        "split": "train",
        "weak_label": False,
        "license": "CC0-1.0",
    }
    pd.DataFrame([other]).to_parquet(tmp_path / "harm_posts.parquet")
    alone = load_harm_rows(tmp_path).frame
    together = load_harm_rows(tmp_path, decisions=decisions).frame
    assert len(alone) == 1
    learnt = together[together["source"] == "decisions"]
    assert 30 < len(learnt) <= 40
    assert set(learnt["spam"]) == {0.0, 1.0}
    # Nobody said hate of any of them: with a source that found breaches, that teaches nothing.
    assert learnt["hate"].isna().all()
