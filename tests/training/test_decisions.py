"""People's decisions as rows to learn from, beside those of a data folder."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from policy.words import Policy
from training.association import fit
from training.decisions import (
    ASKED,
    MOST_WEIGHT,
    decided_accounts,
    harm_rows,
    weight_of,
    without_mistaken,
)
from training.episodes import Episode
from training.lessons import lessons_of
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
        "rule": "routing.harm.review.v1",
        "ref": None,
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
    assert set(rows["weight"]) == {2.0}
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
    _, weight = lessons_of(Policy.SPAM, together.assign(described=False, post=False))
    assert set(weight[together["source"] == "decisions"]) == {2.0}
    assert set(weight[together["source"] != "decisions"]) == {1.0}


@pytest.mark.parametrize(
    ("sampling", "weight"),
    [(1.0, 1.0), (0.5, 2.0), (0.1, 10.0), (0.001, MOST_WEIGHT), (0.0, 1.0), (float("nan"), 1.0)],
)
def test_an_answer_counts_one_over_its_chance_up_to_a_level(sampling: float, weight: float) -> None:
    assert weight_of(sampling) == pytest.approx(weight)


def tie(n: int, chance: float, settled: str = "associated") -> dict[str, object]:
    about = {"kind": "association", "group_id": "g1", "sampling": chance}
    return answer(n, 1, {}, settled) | about | {"details": "{}"}


def test_a_rare_audit_of_an_account_stands_for_those_nobody_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "decisions.parquet"
    pd.DataFrame([tie(1, 1.0), tie(2, 0.1), tie(3, 0.01)]).to_parquet(path)
    assert [one.weight for one in decided_accounts(path)] == pytest.approx([1, 10, MOST_WEIGHT])


def test_the_second_look_at_a_mistaken_answer_stands_in_its_place(tmp_path: Path) -> None:
    again = {"rule": "review.label_error.v1", "ref": "decision_case_0_1"}
    rows = [answer(0, 1, {}, "none"), answer(1, 1, {}, "none")]
    path = tmp_path / "decisions.parquet"
    pd.DataFrame([*rows, answer(2, 1, {"hate": "low"}, "none") | again]).to_parquet(path)
    kept = harm_rows(path)
    assert kept["id"].tolist() == ["decision_case_1_1", "decision_case_2_1"]
    assert kept["policies_all"].tolist() == ["none", "hate"]
    # While nobody has answered the second look, the first answer stands.
    frame = pd.DataFrame(rows)
    assert without_mistaken(frame)["decision_id"].tolist() == frame["decision_id"].tolist()


def test_what_counts_more_moves_the_fit_more() -> None:
    plain, counted = (fit([episode(np.array([1.0, 1.0, 1.0, most]))]) for most in (1.0, 10.0))
    here = np.array([[1.0]])
    assert counted.log_odds(here)[0] < plain.log_odds(here)[0] - 0.5


def episode(weight: NDArray[np.float64]) -> Episode:
    """Two accounts like the group's, of which the second is none of it, and two unlike."""
    features = np.array([[0.0], [0.0], [1.0], [1.0]])
    member = np.array([False, False, True, False])
    ids = np.arange(4)
    return Episode(
        group="g1", seeds=3, features=features, member=member, account=ids, weight=weight,
        posts=ids, whole=features, floor=weight, post_features=features, post_member=member,
        post_account=ids, post_weight=weight,
    )  # fmt: skip
