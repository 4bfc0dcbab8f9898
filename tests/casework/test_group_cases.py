"""A signed designation goes to two reviewers, unless somebody seconds it another way."""

import pytest

from casework.designate import decline, designate, propose_designation, second
from casework.group_cases import ask_about_group
from casework.office import Office
from casework.standing import standing_of
from labeling.evidence import read_evidence
from policy.cases import Case, CaseKind, CaseState
from policy.designation import Designation
from policy.questions import FourQuestions
from policy.verdicts import SecondLook, SecondLookVerdict
from policy.words import Refusal
from store.work import Writing
from tests.casework.conftest import Desk
from tests.casework.test_decisions import GROUP, open_cases

SIGNER = "person:policy lead"


@pytest.fixture
def signed(office: Office) -> Designation:
    """The example's group, proposed anew and signed by one person."""
    with office.store.reading() as work:
        standing = standing_of(work, GROUP)
    assert standing is not None
    assert standing.questions is not None

    def forget(work: Writing) -> None:
        work.erase(Designation, standing.id, why="a test starts before it")

    office.store.transact(forget, actor="system:test", now=office.now())
    proposed = propose_designation(office, standing.assessment_id, actor="model:policy")
    questions: FourQuestions = standing.questions
    return designate(
        office, proposed.id, questions, by=SIGNER, reason="It floods a court with calls."
    )


def the_case(office: Office) -> Case:
    [case] = open_cases(office, kind=CaseKind.DESIGNATION.value)
    return case


def verdict(decision: SecondLook) -> SecondLookVerdict:
    return SecondLookVerdict(
        kind=CaseKind.DESIGNATION, decision=decision, reason="The sources say the same."
    )


def test_two_others_put_it_in_force(office: Office, desk: Desk, signed: Designation) -> None:
    case = the_case(office)
    assert read_evidence(case.kind, case.evidence).answers
    uphold = verdict(SecondLook.UPHOLD)
    with pytest.raises(Refusal):
        desk.answer(case, uphold, by=SIGNER)
    desk.answer(case, uphold, by="person:second")
    with office.store.reading() as work:
        assert standing_of(work, GROUP) is None
    desk.answer(the_case(office), uphold, by="person:third")
    with office.store.reading() as work:
        standing = standing_of(work, GROUP)
    assert standing is not None
    assert standing.history[-1].seconded_by == "person:third"


def test_two_others_turn_it_down(office: Office, desk: Desk, signed: Designation) -> None:
    for by in ("person:second", "person:third"):
        desk.answer(the_case(office), verdict(SecondLook.REJECT), by=by)
    with office.store.reading() as work:
        assert work.designations.need(signed.id).state == "withdrawn"


@pytest.mark.parametrize("way", [second, decline])
def test_another_way_closes_the_question(office: Office, signed: Designation, way: object) -> None:
    case = the_case(office)
    way(office, signed.id, by="person:second", reason="I looked at all of it.")  # type: ignore[operator]
    with office.store.reading() as work:
        assert work.cases.need(case.id).state is CaseState.CLOSED


def test_a_group_is_put_before_a_person_with_its_dossier(office: Office) -> None:
    case = ask_about_group(office, GROUP, actor="person:policy lead")
    assert ask_about_group(office, GROUP, actor="person:policy lead").id == case.id
    shown = read_evidence(case.kind, case.evidence)
    assert shown.incidents
    assert shown.harms
    assert int(case.priority) == 2
