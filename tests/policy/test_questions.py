"""The four questions: earnest answers pass, empty and boilerplate ones are refused by name."""

from typing import Any

import pytest

from policy.boilerplate import check_answers
from policy.questions import Answer
from policy.words import Refusal

NAMES = ["purpose", "coordination", "harm", "risks", "people_affected", "lesser_measure"]


def test_earnest_answers_pass(make: Any) -> None:
    check_answers(make.questions())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("N/A", "is filler"),
        ("none", "is filler"),
        ("See above.", "is filler"),
        ("as stated in the other answer, see there", "is filler"),
        ("No known risks to speech were found here", "is filler"),
        ("TBD", "is filler"),
        ("It is very harmful.", "says too little"),
        ("bad bad bad bad bad bad bad bad", "says too little"),
        ("?????????????????????????????", "says too little"),
    ],
)
def test_empty_and_boilerplate_answers(make: Any, name: str, text: str, fault: str) -> None:
    questions = make.questions(**{name: Answer(text=text, evidence_ids=("f1",))})
    with pytest.raises(Refusal, match=f"{name}: {fault}") as refused:
        check_answers(questions)
    assert refused.value.rule == "designation.questions.v1"


@pytest.mark.parametrize(("name", "needed"), [(name, name in NAMES[:4]) for name in NAMES])
def test_the_four_questions_cite_evidence(make: Any, name: str, needed: bool) -> None:
    bare = getattr(make.questions(), name).model_copy(update={"evidence_ids": ()})
    questions = make.questions(**{name: bare})
    if needed:
        with pytest.raises(Refusal, match=f"{name}: cites no evidence"):
            check_answers(questions)
    else:
        check_answers(questions)


@pytest.mark.parametrize(
    "change", [lambda text: text, str.upper, lambda text: text + " Indeed!", lambda text: text[:-1]]
)
def test_one_answer_given_twice(make: Any, change: Any) -> None:
    twin = change(make.questions().purpose.text)
    questions = make.questions(risks=Answer(text=twin, evidence_ids=("f1",)))
    with pytest.raises(Refusal, match="risks: repeats the answer to purpose"):
        check_answers(questions)


def test_an_answer_copied_from_another_group(make: Any) -> None:
    questions = make.questions()
    with pytest.raises(Refusal, match="harm: repeats the answer to another group"):
        check_answers(questions, used_before=[questions.harm.text])


def test_every_fault_is_named_at_once(make: Any) -> None:
    empty = Answer(text="")
    with pytest.raises(Refusal) as refused:
        check_answers(make.questions(**dict.fromkeys(NAMES, empty)))
    assert all(f"{name}: is empty" in refused.value.reason for name in NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "この運動は地域の女性記者を職場から追い出すことを目的とする。",
        "该团体的目标是把一名女记者赶出她的工作岗位。",
        "تهدف هذه المجموعة إلى إخراج صحفية واحدة من عملها اليومي",
        "เป้าหมายของกลุ่มนี้คือการไล่นักข่าวหญิงออกจากงาน",
    ],
)
def test_answers_in_other_scripts_pass(make: Any, text: str) -> None:
    check_answers(make.questions(purpose=Answer(text=text, evidence_ids=("f1",))))
