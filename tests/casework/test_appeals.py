"""Appeals: opened in time, decided by another person, and won ones lift at once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from casework import enforce
from casework.appeal import add_to_appeal, appeal
from casework.office import Office
from policy.appeals import AppealState
from policy.cases import Case, CaseKind, CaseState
from policy.restrictions import Restriction
from policy.rules import Rule
from policy.verdicts import SecondLook, SecondLookVerdict
from policy.words import Refusal, SubjectKind
from tests.casework.conftest import Desk, TurnedClock
from tests.casework.test_decisions import MEMBER, YES, standing

Ask = Callable[..., Case]


def verdict(decision: SecondLook) -> SecondLookVerdict:
    return SecondLookVerdict(
        kind=CaseKind.APPEAL, decision=decision, reason="The posts quote others."
    )


@pytest.fixture
def laid(office: Office, desk: Desk, ask: Ask) -> list[Restriction]:
    desk.answer(ask(MEMBER), YES)
    return standing(office, MEMBER)


def the_case(office: Office) -> Case:
    with office.store.reading() as work:
        [case] = work.cases.find(kind=CaseKind.APPEAL.value, state=CaseState.OPEN.value)
    return case


def test_a_won_appeal_lifts_at_once_and_shields(
    office: Office, desk: Desk, laid: list[Restriction]
) -> None:
    opened = appeal(office, laid[0].id, "I only asked a question.", actor="person:affected")
    desk.answer(the_case(office), verdict(SecondLook.REJECT), by="person:second reviewer")
    assert laid[0].id not in {one.id for one in standing(office, MEMBER)}
    with office.store.reading() as work:
        assert work.appeals.need(opened.id).state is AppealState.OVERTURNED
        [shield] = work.shields.find(account_id=MEMBER)
        assert enforce.on_subject(work, SubjectKind.ACCOUNT, MEMBER)
    assert shield.covers(MEMBER, "weigh-it-again", office.now())


def test_an_upheld_one_leaves_it(office: Office, desk: Desk, laid: list[Restriction]) -> None:
    appeal(office, laid[0].id, "I only asked a question.", actor="person:affected")
    desk.answer(the_case(office), verdict(SecondLook.UPHOLD), by="person:second reviewer")
    assert laid[0].id in {one.id for one in standing(office, MEMBER)}


def test_who_decided_first_does_not_decide_the_appeal(
    office: Office, desk: Desk, laid: list[Restriction]
) -> None:
    appeal(office, laid[0].id, "I only asked a question.", actor="person:affected")
    with pytest.raises(Refusal) as refused:
        desk.answer(the_case(office), verdict(SecondLook.UPHOLD))
    assert refused.value.rule == Rule.APPEAL_OTHER


def test_one_at_a_time_and_in_time(
    office: Office, laid: list[Restriction], clock: TurnedClock
) -> None:
    opened = appeal(office, laid[0].id, "I only asked a question.", actor="person:affected")
    with pytest.raises(Refusal) as refused:
        appeal(office, laid[0].id, "Again.", actor="person:affected")
    assert refused.value.rule == Rule.APPEAL_STEP
    assert add_to_appeal(office, opened.id, "And more.", actor="person:affected").further

    clock.turn(days=185)
    with pytest.raises(Refusal) as late:
        appeal(office, laid[1].id, "Too late.", actor="person:affected")
    assert late.value.rule == Rule.APPEAL_OPEN


def test_a_limit_lifts_where_nobody_decides_in_time(
    office: Office, desk: Desk, laid: list[Restriction], clock: TurnedClock
) -> None:
    """Read from the clock: no sweeper runs between the appeal and the look-up."""
    appeal(office, laid[0].id, "I only asked a question.", actor="person:affected")
    due = office.now() + timedelta(days=office.settings.appeal_days)

    def found(at: datetime) -> set[str]:
        return {one.id for one in office.store.lookups.one(SubjectKind.ACCOUNT, MEMBER, at)}

    assert laid[0].id in found(due - timedelta(seconds=1))
    # The others were not appealed against: they run to their own end.
    assert found(due) == {one.id for one in laid[1:]}
    clock.turn(days=office.settings.appeal_days)
    assert standing(office, MEMBER) == laid[1:]
    # Decided late: what has ended stays ended.
    desk.answer(the_case(office), verdict(SecondLook.UPHOLD), by="person:second reviewer")
    assert standing(office, MEMBER) == laid[1:]


def test_decided_in_time_it_runs_to_its_own_end(
    office: Office, desk: Desk, laid: list[Restriction], clock: TurnedClock
) -> None:
    appeal(office, laid[0].id, "I only asked a question.", actor="person:affected")
    desk.answer(the_case(office), verdict(SecondLook.UPHOLD), by="person:second reviewer")
    clock.turn(days=office.settings.appeal_days)
    assert laid[0].id in {one.id for one in standing(office, MEMBER)}
    with office.store.reading() as work:
        told = [one.body for one in work.events.after(0, limit=1000) if "appeal_id" in one.body]
    assert [one["outcome"] for one in told] == ["upheld"]
    assert "The posts quote others." in told[0]["text"]
