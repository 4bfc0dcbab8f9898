"""People at risk: the support lane, the sealed lane, and what goes first."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.at_risk import harm_done, priority, safety_lane, shown_to_reviewers
from policy.cases import Case, CaseKind
from policy.words import Harm, Policy, Refusal, Severity

P = Policy


@pytest.mark.parametrize(
    ("likelihoods", "about_author", "rule"),
    [
        ({}, True, None),
        ({P.SELF_HARM: 0.9}, True, "at_risk.support.v1"),
        ({P.SELF_HARM: 0.5}, True, "at_risk.support.v1"),
        ({P.SELF_HARM: 0.49}, True, None),
        ({P.SELF_HARM: 0.9}, False, None),  # urging others to it is harm done
        ({P.CHILD_EXPLOITATION: 0.5}, False, "at_risk.legal.v1"),
        ({P.CHILD_EXPLOITATION: 0.49}, False, None),
        ({P.CHILD_EXPLOITATION: 0.6, P.SELF_HARM: 0.99}, True, "at_risk.legal.v1"),
        ({P.VIOLENCE: 0.99}, True, None),
    ],
)
def test_safety_lane(likelihoods: Any, rule: str | None, *, about_author: bool) -> None:
    safety = safety_lane(likelihoods, about_author=about_author)
    assert (safety.rule if safety else None) == rule
    if safety:
        assert safety.case_kind == {"at_risk.support.v1": "support"}.get(safety.rule, "legal")


@pytest.mark.parametrize(
    ("likelihoods", "about_author", "harms"),
    [
        ({}, False, (0.0, 0.0, 0.0)),
        ({P.SELF_HARM: 0.9}, True, (0.0, 0.0, 0.0)),
        ({P.SELF_HARM: 0.9}, False, (0.9, 0.9, 0.0)),
        ({P.SELF_HARM: 0.9, P.ABUSE: 0.3}, True, (0.3, 0.3, 0.0)),
        ({P.VIOLENCE: 0.7, P.PRIVATE_INFO: 0.6, P.SPAM: 0.5}, False, (0.7, 0.6, 0.5)),
    ],
)
def test_ones_own_crisis_is_never_harm_done(
    likelihoods: Any, harms: tuple[float, ...], *, about_author: bool
) -> None:
    assert tuple(harm_done(likelihoods, about_author=about_author).values()) == harms


@pytest.mark.parametrize("kind", list(CaseKind))
def test_sealed_content_is_never_shown_to_ordinary_reviewers(make: Any, kind: CaseKind) -> None:
    case = Case(
        id="c1",
        kind=kind,
        subject_kind="post",
        subject_id="p1",
        opened_at=make.now,
        lapses_at=make.now + make.days(1),
        rule="at_risk.legal.v1",
        evidence={"text": "sealed"},
    )
    if kind is CaseKind.LEGAL:
        with pytest.raises(Refusal) as refused:
            shown_to_reviewers(case)
        assert refused.value.rule == "at_risk.sealed.v1"
        assert "sealed" in refused.value.reason
    else:
        assert shown_to_reviewers(case) == {"text": "sealed"}


ORDER: list[dict[str, Any]] = [
    {"kind": CaseKind.POST_HARM, "imminent_threat": True},
    {"kind": CaseKind.LEGAL},
    {"kind": CaseKind.SUPPORT},
    {"kind": CaseKind.POST_HARM, "harm": Harm.PHYSICAL, "severity": Severity.HIGH},
    {
        "kind": CaseKind.POST_HARM,
        "harm": Harm.PSYCHOLOGICAL,
        "severity": Severity.MODERATE,
        "likelihood": 0.9,
    },
    {"kind": CaseKind.POST_HARM, "harm": Harm.PHYSICAL, "severity": Severity.MODERATE},
    {"kind": CaseKind.POST_HARM, "harm": Harm.PSYCHOLOGICAL, "likelihood": 0.2},
    {
        "kind": CaseKind.POST_HARM,
        "harm": Harm.INFORMATIONAL,
        "severity": Severity.HIGH,
        "likelihood": 1.0,
    },
    {"kind": CaseKind.POST_HARM, "harm": Harm.INFORMATIONAL},
    {"kind": CaseKind.ASSOCIATION, "likelihood": 0.99},
    {"kind": CaseKind.ASSOCIATION, "likelihood": 0.1},
]


@pytest.mark.parametrize(("earlier", "later"), list(itertools.pairwise(ORDER)))
def test_the_right_case_first(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    assert priority(**earlier).value > priority(**later).value


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (ORDER[0], "at_risk.life_first.v1"),
        (ORDER[1], "at_risk.legal.v1"),
        (ORDER[2], "at_risk.support.v1"),
        (ORDER[3], "at_risk.safety_first.v1"),
    ],
)
def test_priority_names_its_rule(facts: dict[str, Any], rule: str) -> None:
    assert priority(**facts).rule == rule


@given(
    kind=st.sampled_from(list(CaseKind)),
    harm=st.none() | st.sampled_from(list(Harm)),
    severity=st.sampled_from(list(Severity)),
    likelihood=st.floats(0, 1),
)
def test_a_threat_to_life_goes_before_anything_else(
    kind: CaseKind, harm: Harm | None, severity: Severity, likelihood: float
) -> None:
    ordinary = priority(kind=kind, harm=harm, severity=severity, likelihood=likelihood)
    assert priority(kind=CaseKind.ASSOCIATION, imminent_threat=True).value > ordinary.value


@given(severity=st.sampled_from(list(Severity)), likelihood=st.floats(0, 1))
def test_safety_goes_before_information(severity: Severity, likelihood: float) -> None:
    information = priority(
        kind=CaseKind.POST_HARM,
        harm=Harm.INFORMATIONAL,
        severity=severity,
        likelihood=likelihood,
    )
    for harm in (Harm.PHYSICAL, Harm.PSYCHOLOGICAL):
        assert priority(kind=CaseKind.POST_HARM, harm=harm).value > information.value
