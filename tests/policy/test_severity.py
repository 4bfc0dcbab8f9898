"""Severity: the table of 27, the three tests, and that more evidence never lowers it."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.incidents import Incident
from policy.severity import HarmAssessment, Outlook, assess
from policy.severity_table import TABLE, clause_of
from policy.words import Harm, Policy, Refusal, Severity

L, M, H = "low", "moderate", "high"

EXPECTED = {
    # documented, sources, likelihood: severity
    (L, L, L): L,
    (L, L, M): L,
    (L, L, H): L,
    (L, M, L): L,
    (L, M, M): L,
    (L, M, H): L,
    (L, H, L): L,
    (L, H, M): L,
    (L, H, H): M,
    (M, L, L): L,
    (M, L, M): L,
    (M, L, H): L,
    (M, M, L): L,
    (M, M, M): M,
    (M, M, H): M,
    (M, H, L): L,
    (M, H, M): M,
    (M, H, H): M,
    (H, L, L): L,
    (H, L, M): L,
    (H, L, H): L,
    (H, M, L): M,
    (H, M, M): M,
    (H, M, H): M,
    (H, H, L): M,
    (H, H, M): H,
    (H, H, H): H,
}


@pytest.mark.parametrize(("tests", "severity"), EXPECTED.items())
def test_table(tests: tuple[str, str, str], severity: str) -> None:
    d, s, k = (Severity(one) for one in tests)
    level, why = TABLE[d, s, k]
    assert level == severity
    assert clause_of(level) == f"severity.{severity}"
    assert why


def test_the_table_is_whole_its_reasons_differ_and_no_test_works_backwards() -> None:
    assert set(TABLE) == set(itertools.product(Severity, repeat=3))
    assert len({why for _, why in TABLE.values()}) == 27
    for one, other in itertools.product(TABLE, repeat=2):
        if all(a.rank <= b.rank for a, b in zip(one, other, strict=True)):
            assert TABLE[one][0].rank <= TABLE[other][0].rank


def run(make: Any, incidents: list[Incident], **facts: Any) -> HarmAssessment:
    findings = {"f1": make.finding()}
    return assess(Harm.PSYCHOLOGICAL, incidents, make.now, findings=findings, **facts)


def levels(result: HarmAssessment) -> tuple[str, str, str]:
    return (result.documented.level, result.sources.level, result.likelihood.level)


@pytest.mark.parametrize(
    ("gravities", "level"),
    [
        ([], L),
        ([L], L),
        ([L, L], L),
        ([L, L, L], M),
        ([M], M),
        ([M] * 9, M),
        ([L] * 10, H),
        ([H], H),
        ([L, M, H], H),
    ],
)
def test_documented_by_number_or_gravity(make: Any, gravities: list[str], level: str) -> None:
    incidents = [make.incident(f"i{n}", severity=one) for n, one in enumerate(gravities)]
    result = run(make, incidents)
    assert result.documented.level == level
    assert result.documented.rule == "severity.documented.v1"


@pytest.mark.parametrize(
    ("incidents", "level"),
    [
        ([], L),
        ([(M, [1])], L),
        ([(M, [1, 2])], M),
        ([(M, [1]), (M, [1])], L),  # one paper twice is one source
        ([(M, [1]), (M, [2])], M),
        ([(M, [1, 2, 3]), (M, [4, 5, 6]), (M, [7])], M),  # many, but not of extreme harm
        ([(H, [1, 2, 3, 4, 5])], M),  # numerous sources, one example
        ([(H, [1, 2, 3, 4]), (L, [1]), (L, [2])], M),  # four sources
        ([(H, [1, 2, 3, 4, 5]), (L, [1]), (L, [2])], H),
        (
            [(H, [1]), (L, [2, 3, 4, 5]), (L, [6])],
            M,
        ),  # the slight ones are well told, not the grave
        ([(L, [1, 2, 3])] * 10, M),
        ([(L, [1, 2, 3, 4, 5])] * 10, H),  # extreme by number
    ],
)
def test_sources(make: Any, incidents: list[tuple[str, list[int]]], level: str) -> None:
    listed = [
        make.incident(f"i{n}", severity=gravity, sources=make.sources(*papers))
        for n, (gravity, papers) in enumerate(incidents)
    ]
    assert run(make, listed).sources.level == level


@pytest.mark.parametrize(
    ("ages", "level"),
    [
        ([], L),
        ([366], L),
        ([365], M),
        ([1], M),
        ([1, 2], M),
        ([1, 2, 181], M),
        ([1, 2, 180], H),
        ([400, 401, 402, 403], L),
    ],
)
def test_likelihood_by_recurrence(make: Any, ages: list[int], level: str) -> None:
    listed = [
        make.incident(f"i{n}", when=make.now - timedelta(days=age)) for n, age in enumerate(ages)
    ]
    assert run(make, listed).likelihood.level == level


def test_one_event_told_twice_is_one_event(make: Any) -> None:
    same = [make.incident(f"i{n}", where="Oslo", severity=L) for n in range(5)]
    assert levels(run(make, same)) == (L, M, M)


@pytest.mark.parametrize("level", list(Severity))
def test_a_persons_outlook_replaces_the_count(make: Any, level: Severity) -> None:
    outlook = Outlook(
        harm=Harm.PSYCHOLOGICAL, level=level, by="person:lea", reason="the hosts are in prison"
    )
    result = run(make, make.grave(), outlook=outlook)
    assert (result.likelihood.level, result.likelihood.rule) == (level, "severity.outlook.v1")
    assert result.severity == EXPECTED[H, H, level.value]


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"by": "model:x"}, "severity.outlook.v1"),
        ({"by": "person: "}, "severity.outlook.v1"),
        ({"reason": ""}, "person.reason.v1"),
        ({"harm": Harm.PHYSICAL}, "severity.outlook.v1"),
    ],
)
def test_an_outlook_is_a_persons_with_a_reason(make: Any, facts: Any, rule: str) -> None:
    given = {
        "harm": Harm.PSYCHOLOGICAL,
        "level": Severity.LOW,
        "by": "person:lea",
        "reason": "they gave up",
    }
    with pytest.raises(Refusal) as refused:
        run(make, make.grave(), outlook=Outlook(**{**given, **facts}))
    assert refused.value.rule == rule


def test_the_result_cites_incidents_findings_places_and_clauses(make: Any) -> None:
    result = run(make, make.grave())
    assert result.severity == "high"
    assert len(result.incident_ids) == 3
    assert result.finding_ids == ("f1",)
    assert result.independent_sources == 6
    assert len(result.places) == 3
    assert (result.rule, result.clause) == ("severity.table.v1", "severity.high")
    assert result.harm_clause == "harm.psychological"


@pytest.mark.parametrize("step", ["retract", "disprove"])
def test_retraction_and_disproof_lower(make: Any, step: str) -> None:
    first, *rest = make.grave()
    fallen = getattr(first, step)(at=make.now, why="shown to be false")
    result = run(make, [fallen, *rest])
    assert result.severity == "moderate"
    assert [(one.incident_id, one.rule) for one in result.left_out] == [
        (first.id, "incident.fallen.v1")
    ]


def test_a_source_that_takes_it_back_lowers(make: Any) -> None:
    taken_back = [
        one.model_copy(
            update={"sources": tuple(s.model_copy(update={"retracted": True}) for s in one.sources)}
        )
        for one in make.grave()
    ]
    assert run(make, taken_back).severity == "low"


def test_an_incident_of_another_harm_is_passed_over(make: Any) -> None:
    other = make.incident(harm="informational", policy="spam")
    result = run(make, [other])
    assert (result.incident_ids, result.left_out) == ((), ())


facts = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(list(Severity)),
        "age": st.integers(0, 400),
        "papers": st.lists(st.integers(0, 8), min_size=1, max_size=4),
        "origin": st.sampled_from(["", "", "agency", "bureau"]),
        "where": st.sampled_from(["Oslo", "Lima", ""]),
        "policy": st.sampled_from([Policy.ABUSE, Policy.HATE]),
    }
)


def built(make: Any, name: str, given: dict[str, Any]) -> Incident:
    incident: Incident = make.incident(
        name,
        severity=given["severity"],
        when=make.now - timedelta(days=given["age"]),
        sources=make.sources(*given["papers"], origin=given["origin"]),
        where=given["where"],
        policy=given["policy"],
    )
    return incident


@given(given_facts=st.lists(facts, max_size=14), more=facts)
def test_one_more_corroborated_incident_never_lowers_severity(
    make: Any, given_facts: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    incidents = [built(make, f"i{n}", one) for n, one in enumerate(given_facts)]
    before = run(make, incidents)
    after = run(make, [*incidents, built(make, "more", more)])
    assert before.severity.rank <= after.severity.rank
    for one, other in zip(levels(before), levels(after), strict=True):
        assert Severity(one).rank <= Severity(other).rank


@given(given_facts=st.lists(facts, min_size=1, max_size=14), data=st.data())
def test_a_retraction_never_raises_severity(
    make: Any, given_facts: list[dict[str, Any]], data: st.DataObject
) -> None:
    incidents = [built(make, f"i{n}", one) for n, one in enumerate(given_facts)]
    index = data.draw(st.integers(0, len(incidents) - 1))
    fallen = list(incidents)
    fallen[index] = fallen[index].retract(at=make.now, why="taken back")
    assert run(make, fallen).severity.rank <= run(make, incidents).severity.rank


@given(given_facts=st.lists(facts, max_size=10))
def test_order_does_not_matter(make: Any, given_facts: list[dict[str, Any]]) -> None:
    incidents = [built(make, f"i{n}", one) for n, one in enumerate(given_facts)]
    assert run(make, incidents) == run(make, incidents[::-1])
