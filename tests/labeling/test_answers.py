"""What was filled in is checked again, whatever the page promised."""

from typing import Any

import pytest

from labeling.answers import AnswerError, prediction_of, read_answer
from labeling.configs import labeling_config
from policy.cases import CaseKind
from tests.labeling.cases import ASSOCIATED, NOT_ASSOCIATED, choice, text

VIOLENT = [choice("policies", "violence"), choice("severity_violence", "high")]
REMOVE = choice("action", "require_removal")
NOTHING = choice("action", "none")
WHY = text("A threat with a place and a time.")


@pytest.mark.parametrize(
    ("kind", "result", "expected"),
    [
        (
            CaseKind.ASSOCIATION,
            ASSOCIATED,
            {
                "association": "associated",
                "primary_use": "yes",
                "reason": "It calls others to the pile-on.",
            },
        ),
        (
            CaseKind.ASSOCIATION,
            NOT_ASSOCIATED,
            {"association": "not_associated", "primary_use": None, "reason": ""},
        ),
        (
            CaseKind.POST_HARM,
            [*VIOLENT, REMOVE, choice("author", "needs_support"), WHY],
            {
                "policies": {"violence": "high"},
                "action": "require_removal",
                "author_needs_support": True,
                "reason": "A threat with a place and a time.",
            },
        ),
        (
            CaseKind.POST_HARM,
            [choice("policies", "none_of_these"), NOTHING],
            {"policies": {}, "action": "none", "author_needs_support": False, "reason": ""},
        ),
        (
            CaseKind.SUSPENSION,
            [choice("decision", "uphold"), text("Two lines", "of reason")],
            {"decision": "uphold", "reason": "Two lines\nof reason"},
        ),
        (
            CaseKind.COORDINATION,
            [choice("coordination", "none")],
            {"coordination": "none", "reason": ""},
        ),
        (CaseKind.SUPPORT, [choice("support", "urgent")], {"support": "urgent", "reason": ""}),
    ],
)
def test_a_sound_answer_is_read(
    kind: CaseKind, result: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    verdict = read_answer(labeling_config(kind, 1), result)
    assert verdict.model_dump(mode="json") == {"kind": kind, **expected}


@pytest.mark.parametrize(
    ("kind", "result", "problem"),
    [
        (CaseKind.ASSOCIATION, [], "the answer is empty"),
        (CaseKind.ASSOCIATION, [text("Only words")], "association: no answer"),
        (CaseKind.ASSOCIATION, [choice("association")], "association: no answer"),
        (
            CaseKind.ASSOCIATION,
            [choice("association", "associated"), text("Why")],
            "say whether the account's primary use propagates the harm",
        ),
        (
            CaseKind.ASSOCIATION,
            [choice("association", "associated"), choice("primary_use", "no"), text("  ")],
            "give a reason: this answer can limit an account",
        ),
        (
            CaseKind.ASSOCIATION,
            [choice("association", "associated", "not_associated")],
            "association: one answer only, not 2",
        ),
        (
            CaseKind.ASSOCIATION,
            [*NOT_ASSOCIATED, choice("association", "associated")],
            "association: one answer only, not 2",
        ),
        (CaseKind.ASSOCIATION, [choice("mood", "good")], "unknown question 'mood'"),
        # The text that the page shows is no machine value.
        (
            CaseKind.ASSOCIATION,
            [choice("association", "Associated")],
            "association: unknown choice 'Associated'",
        ),
        (CaseKind.ASSOCIATION, [{"from_name": 3}], "a part of the answer names no question"),
        (CaseKind.POST_HARM, [NOTHING], "policies: choose at least one, or none of these"),
        (
            CaseKind.POST_HARM,
            [choice("policies", "none_of_these", "hate"), choice("severity_hate", "low"), NOTHING],
            "policies: none of these cannot stand beside a policy",
        ),
        (CaseKind.POST_HARM, [choice("policies", "hate"), NOTHING], "hate: give its severity"),
        (
            CaseKind.POST_HARM,
            [*VIOLENT, choice("severity_hate", "low"), NOTHING],
            "hate: has a severity but was not chosen",
        ),
        (CaseKind.POST_HARM, [*VIOLENT, WHY], "action: say what is to be done about the post"),
        (
            CaseKind.POST_HARM,
            [choice("policies", "none_of_these"), REMOVE],
            "a removal must cite the rule that the post breaks",
        ),
        (
            CaseKind.POST_HARM,
            [*VIOLENT, NOTHING],
            "give a reason: this answer says that the post breaks a rule",
        ),
        (CaseKind.SUSPENSION, [choice("decision", "uphold")], "reason: no answer"),
        (
            CaseKind.COORDINATION,
            [choice("coordination", "technical_proven")],
            "give a reason: this answer finds coordination",
        ),
    ],
)
def test_an_answer_that_cannot_count_says_why(
    kind: CaseKind, result: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(AnswerError) as refused:
        read_answer(labeling_config(kind, 1), result)
    assert any(problem in said for said in refused.value.problems), refused.value.problems


def test_a_prediction_is_checked_before_the_server_would_take_anything() -> None:
    config = labeling_config(CaseKind.ASSOCIATION, 1)
    made = prediction_of(config, {"association": "associated"}, score=0.7, model="m1")
    assert (made["score"], made["model_version"]) == (0.7, "m1")
    for wrong in ({"association": "Associated"}, {"mood": "good"}):
        with pytest.raises(AnswerError):
            prediction_of(config, wrong, score=0.7, model="m1")
