"""How many answers a case needs and what they come to, held against a plain reference."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.cases import Case, CaseKind
from policy.opinions import Asks, Said, Settled, agree, is_blind, merged, sampled, settle
from policy.verdicts import (
    AssociationVerdict,
    CoordinationVerdict,
    PostHarmVerdict,
    SecondLookVerdict,
    SupportVerdict,
    Verdict,
)
from policy.words import Policy, Refusal, Severity, SubjectKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = ("person:ana", "person:ben", "person:cleo")


def case(kind: CaseKind, id_: str = "case_1", **changes: Any) -> Case:
    asked = {
        "id": id_,
        "kind": kind,
        "subject_kind": SubjectKind.ACCOUNT,
        "subject_id": "a1",
        "opened_at": NOW,
        "lapses_at": NOW + timedelta(days=7),
        "rule": "test.rule.v1",
    }
    return Case(**(asked | changes))


def tie(choice: str, use: str = "no") -> AssociationVerdict:
    if choice == "associated":
        return AssociationVerdict(association=choice, primary_use=use, reason="it floods")
    return AssociationVerdict(association=choice)


def post(action: str = "none", **policies: str) -> PostHarmVerdict:
    return PostHarmVerdict(policies=policies, action=action, reason="it breaks it")


def look(kind: CaseKind, decision: str) -> SecondLookVerdict:
    return SecondLookVerdict(kind=kind, decision=decision, reason="as it seems to me")


def ruled(
    kind: CaseKind, *verdicts: Verdict, protected: bool = False, share: float = 0.0
) -> Settled | Asks:
    said = [
        Said(round=at, by=by, verdict=verdict)
        for at, (by, verdict) in enumerate(zip(PEOPLE, verdicts, strict=False), start=1)
    ]
    return settle(case(kind), said, protected=protected, share=share)


S, A, P, D = CaseKind.SUSPENSION, CaseKind.ASSOCIATION, CaseKind.POST_HARM, CaseKind.DESIGNATION
UP, NO, UNSURE = (look(S, word) for word in ("uphold", "reject", "cannot_tell"))
REMOVE = post("require_removal", abuse="high")


@pytest.mark.parametrize(
    ("kind", "verdicts", "protected", "expected"),
    [
        (A, [tie("associated")], False, "one.v1"),
        (A, [tie("not_associated")], True, "one.v1"),
        (A, [tie("associated")], True, "asks 2 two_protected.v1"),
        (A, [tie("associated")] * 2, True, "two_protected.v1"),
        (P, [post()], False, "one.v1"),
        (P, [REMOVE], False, "asks 2 two_removal.v1"),
        (P, [REMOVE, REMOVE], False, "two_removal.v1"),
        (P, [REMOVE, post()], False, "asks 3 third_lead.v1"),
        (P, [REMOVE, post("require_removal", spam="low")], False, "asks 3 third_lead.v1"),
        (S, [UP], False, "asks 2 two_always.v1"),
        (S, [NO], False, "asks 2 two_always.v1"),
        (S, [UP, UP], False, "two_always.v1"),
        (S, [UP, NO], False, "asks 3 third_lead.v1"),
        (S, [UP, NO, UP], False, "third_lead.v1"),
        (S, [UNSURE, NO, UP], False, "undecided lone_voice.v1"),
        (S, [UNSURE, UP, NO], False, "third_lead.v1"),
        (D, [look(D, "uphold")], False, "asks 2 two_always.v1"),
        (CaseKind.APPEAL, [look(CaseKind.APPEAL, "uphold")], True, "one.v1"),
        (CaseKind.SUPPORT, [SupportVerdict(support="urgent")], False, "one.v1"),
    ],
)
def test_what_answers_come_to(
    kind: CaseKind, verdicts: list[Verdict], *, protected: bool, expected: str
) -> None:
    found = ruled(kind, *verdicts, protected=protected)
    said = f"asks {found.round} " if isinstance(found, Asks) else ""
    said += "undecided " if isinstance(found, Settled) and found.undecided else ""
    assert said + found.rule.removeprefix("opinions.") == expected


def test_of_the_rest_a_share_is_asked_twice_and_support_never() -> None:
    assert ruled(A, tie("not_associated"), share=1.0) == Asks(
        round=2, rule="opinions.two_sampled.v1"
    )
    calm = SupportVerdict(support="no_sign")
    assert isinstance(ruled(CaseKind.SUPPORT, calm, share=1.0), Settled)
    gold = case(S, gold="gold_1")
    first = [Said(round=1, by="person:ana", verdict=UP)]
    assert isinstance(settle(gold, first, protected=True, share=1.0), Settled)


def test_the_draw_is_by_the_id_alone_and_near_its_share() -> None:
    drawn = [sampled(f"case_{n}", 0.1) for n in range(5000)]
    assert drawn == [sampled(f"case_{n}", 0.1) for n in range(5000)]
    assert 0.08 < sum(drawn) / len(drawn) < 0.12
    assert not any(sampled(f"case_{n}", 0.0) for n in range(100))
    assert all(sampled(f"case_{n}", 1.0) for n in range(100))
    # Whoever is in a small share is in every larger one.
    assert all(sampled(f"case_{n}", 0.3) for n in range(500) if sampled(f"case_{n}", 0.1))


def test_merged_is_no_more_than_both_said() -> None:
    one = post("require_removal", abuse="high", hate="low", spam="high")
    other = post("require_removal", abuse="moderate", hate="high")
    both = merged(one, other)
    assert isinstance(both, PostHarmVerdict)
    assert both.policies == {Policy.ABUSE: Severity.MODERATE, Policy.HATE: Severity.LOW}
    assert merged(tie("associated", "yes"), tie("associated", "no")).primary_use == "unclear"
    assert merged(tie("associated", "yes"), tie("associated", "yes")).primary_use == "yes"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ([(1, "person:ana"), (2, "Person:Ana")], "another person's"),
        ([(2, "person:ana")], "from the first on"),
        ([], "from the first on"),
        ([(at, f"person:{at}") for at in range(1, 5)], "rounds at the most"),
    ],
)
def test_what_cannot_be_counted_is_refused(said: list[tuple[int, str]], says: str) -> None:
    given_ = [Said(round=round_, by=by, verdict=UP) for round_, by in said]
    with pytest.raises(Refusal, match=says):
        settle(case(S), given_, protected=False, share=0.0)


@pytest.mark.parametrize(
    ("kind", "round_", "blind", "expected"),
    [
        (A, 1, False, False),
        (A, 1, True, True),
        (A, 2, False, True),
        (A, 3, False, False),
        (S, 1, False, True),
        (D, 2, False, True),
    ],
)
def test_who_is_blind(kind: CaseKind, round_: int, *, blind: bool, expected: bool) -> None:
    assert is_blind(case(kind, round=round_, blind=blind)) is expected


VERDICTS: dict[CaseKind, list[Verdict]] = {
    A: [tie("associated", "yes"), tie("associated"), tie("not_associated"), tie("cannot_tell")],
    P: [post(), post(abuse="low"), REMOVE, post("require_removal", hate="low")],
    S: [UP, NO, UNSURE],
    CaseKind.COORDINATION: [
        CoordinationVerdict(coordination="none"),
        CoordinationVerdict(coordination="social", reason="they planned it"),
    ],
}


def plainly(
    kind: CaseKind, verdicts: tuple[Verdict, ...], *, protected: bool, twice: bool
) -> tuple[str, object]:
    """The same in the words of the issue, with nothing of the code under test but `agree`."""
    first = verdicts[0]
    removes = isinstance(first, PostHarmVerdict) and first.action == "require_removal"
    limits = removes or (isinstance(first, AssociationVerdict) and first.primary_use is not None)
    two = kind is S or removes or (protected and limits) or twice
    if len(verdicts) == 1:
        return ("ask", 2) if two else ("done", first)
    if len(verdicts) == 2:
        return ("done", "both") if agree(*verdicts) else ("ask", 3)
    lead = verdicts[2]
    if any(agree(one, lead) for one in verdicts[:2]):
        return ("done", "lead")
    harsh = (
        (isinstance(lead, AssociationVerdict) and lead.association == "associated")
        or (isinstance(lead, PostHarmVerdict) and lead.action == "require_removal")
        or (isinstance(lead, SecondLookVerdict) and lead.decision == "uphold")
    )
    return ("nothing", None) if harsh else ("done", "lead")


@pytest.mark.parametrize("kind", VERDICTS, ids=str)
@given(data=st.data(), protected=st.booleans(), twice=st.booleans())
def test_the_rules_are_the_plain_ones(
    *, kind: CaseKind, data: st.DataObject, protected: bool, twice: bool
) -> None:
    verdicts = tuple(data.draw(st.lists(st.sampled_from(VERDICTS[kind]), min_size=1, max_size=3)))
    found = ruled(kind, *verdicts, protected=protected, share=1.0 if twice else 0.0)
    what, which = plainly(kind, verdicts, protected=protected, twice=twice)
    match found:
        case Asks(round=round_):
            assert (what, which) == ("ask", round_)
        case Settled(undecided=True):
            assert what == "nothing"
        case Settled(by=by, seconded_by=second):
            assert what == "done"
            assert by == PEOPLE[len(verdicts) - 1]
            assert second is None or second != by


@pytest.mark.parametrize("kind", VERDICTS, ids=str)
def test_agreeing_is_mutual_and_one_agrees_with_oneself(kind: CaseKind) -> None:
    for one, other in product(VERDICTS[kind], repeat=2):
        assert agree(one, other) == agree(other, one)
    assert all(agree(one, one) for one in VERDICTS[kind])
