"""What was filled in is checked again, whatever the page promised."""

from typing import Any

import pytest

from labeling.answers import AnswerError, prediction_of, read_answer
from labeling.configs import labeling_config, newest_version
from policy.cases import CaseKind
from tests.labeling.cases import ASSOCIATED, NOT_ASSOCIATED, choice, text

VIOLENT = [choice("policies", "violence"), choice("severity_violence", "high")]
REMOVE = choice("action", "require_removal")
NOTHING = choice("action", "none")
WHY = text("A threat with a place and a time.")
QUESTIONS = [
    text(f"On {name}: see finding 1.", name=name)
    for name in ("purpose", "coordination", "harm", "risks")
]


def levels_of(form: str, *levels: str) -> list[dict[str, Any]]:
    """The three tests of a form of harm."""
    names = ("documented", "sources", "likelihood")
    return [choice(f"{form}_{name}", level) for name, level in zip(names, levels, strict=True)]


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
        (
            CaseKind.DESIGNATION,
            [choice("decision", "reject"), WHY],
            {"decision": "reject", "reason": "A threat with a place and a time."},
        ),
        (
            CaseKind.REAPPLICATION,
            NOT_ASSOCIATED,
            {"association": "not_associated", "primary_use": None, "reason": ""},
        ),
        (
            CaseKind.ASSESSMENT,
            [
                choice("assessment", "coordinated_harm"),
                choice("nature", "other"),
                choice("harm_forms", "physical", "psychological"),
                *levels_of("physical", "high", "moderate", "high"),
                *levels_of("psychological", "low", "low", "moderate"),
                *QUESTIONS,
            ],
            {
                "assessment": "coordinated_harm",
                "nature": "other",
                "harms": {
                    "physical": {
                        "documented": "high",
                        "sources": "moderate",
                        "likelihood": "high",
                    },
                    "psychological": {
                        "documented": "low",
                        "sources": "low",
                        "likelihood": "moderate",
                    },
                },
                **{
                    name: f"On {name}: see finding 1."
                    for name in ("purpose", "coordination", "harm", "risks")
                },
                "reason": "",
            },
        ),
    ],
)
def test_a_sound_answer_is_read(
    kind: CaseKind, result: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    # Open tasks stay with the config that they were made with.
    for version in range(1, newest_version(kind) + 1):
        verdict = read_answer(labeling_config(kind, version), result)
        assert verdict.model_dump(mode="json") == {"kind": kind, **expected}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([choice("severity", "high")], {"violence": "high", "hate": "high"}),
        (
            [
                choice("severity", "differs"),
                choice("severity_violence", "high"),
                choice("severity_hate", "low"),
            ],
            {"violence": "high", "hate": "low"},
        ),
    ],
)
def test_one_severity_stands_for_all_policies_unless_they_differ(
    given: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    result = [choice("policies", "violence", "hate"), *given, REMOVE, WHY]
    verdict = read_answer(labeling_config(CaseKind.POST_HARM, 2), result)
    assert verdict.model_dump(mode="json")["policies"] == expected


@pytest.mark.parametrize(
    ("kind", "result", "problem"),
    [
        (
            CaseKind.POST_HARM,
            [*VIOLENT, choice("severity", "low"), REMOVE, WHY],
            "severity: one for all policies, or one for each, not both",
        ),
        (
            CaseKind.POST_HARM,
            [choice("policies", "none_of_these"), choice("severity", "low"), NOTHING],
            "severity: given, but no policy was chosen",
        ),
        (
            CaseKind.POST_HARM,
            [choice("policies", "hate"), choice("severity", "differs"), NOTHING, WHY],
            "hate: give its severity",
        ),
        (
            CaseKind.ASSESSMENT,
            [
                choice("assessment", "harm_only"),
                choice("harm_forms", "physical"),
                choice("physical_documented", "low"),
                *QUESTIONS,
            ],
            "physical harm, sources: no answer",
        ),
        (
            CaseKind.ASSESSMENT,
            [choice("assessment", "neither"), *levels_of("physical", "low", "low", "low")],
            "physical harm: has a test but was not chosen",
        ),
        (
            CaseKind.ASSESSMENT,
            [choice("assessment", "neither"), *QUESTIONS[:3]],
            "risks: answer the question",
        ),
        (
            CaseKind.ASSESSMENT,
            [choice("assessment", "harm_only"), *QUESTIONS],
            "harms: give the tests of each form of harm that was found, no other",
        ),
        (CaseKind.DESIGNATION, [choice("decision", "uphold")], "reason: no answer"),
    ],
)
def test_the_newest_questions_are_checked_too(
    kind: CaseKind, result: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(AnswerError) as refused:
        read_answer(labeling_config(kind, newest_version(kind)), result)
    assert any(problem in said for said in refused.value.problems), refused.value.problems


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
