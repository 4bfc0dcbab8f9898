"""Assessing a group: the rule of designation, the activism guard, conflicts of harms and rights."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.activism import guarded
from policy.assessment import Assessment, Outcome, rule_of
from policy.conflicts import RULINGS, rule_on
from policy.findings import Coordination
from policy.questions import Conflict, Right
from policy.words import Harm, Nature, Severity

L, M, H = Severity.LOW, Severity.MODERATE, Severity.HIGH


@pytest.mark.parametrize(
    ("levels", "rule"),
    [
        ((L, L, L), "designation.harm_too_low.v1"),
        ((M, L, L), "designation.harm_too_low.v1"),
        ((L, L, M), "designation.harm_too_low.v1"),
        ((M, M, L), "designation.several_moderate.v1"),
        ((L, M, M), "designation.several_moderate.v1"),
        ((M, M, M), "designation.several_moderate.v1"),
        ((H, L, L), "designation.one_high.v1"),
        ((L, L, H), "designation.one_high.v1"),
        ((M, H, M), "designation.one_high.v1"),
        ((H, H, H), "designation.one_high.v1"),
        ((), "designation.harm_too_low.v1"),
    ],
)
def test_rule_of_designation(levels: tuple[Severity, ...], rule: str) -> None:
    assert rule_of(dict(zip(Harm, levels, strict=False))) == rule


def moderate(make: Any, harm: Harm, **facts: Any) -> list[Any]:
    policy = {"physical": "violence", "psychological": "private_info", "informational": "spam"}
    return [make.incident(f"m-{harm}", harm=harm, policy=policy[harm], **facts)]


def test_one_high_is_proposed(make: Any) -> None:
    result = make.assessment()
    assert (result.outcome, result.rule) == ("designate", "designation.one_high.v1")
    assert result.clause == "designation.rule"
    assert result.severities == {Harm.PHYSICAL: L, Harm.PSYCHOLOGICAL: H, Harm.INFORMATIONAL: L}
    assert result.missing == ("questions: a person has not answered the four questions yet",)


def test_several_moderate_are_proposed_and_one_is_not(make: Any) -> None:
    physical, mental = moderate(make, Harm.PHYSICAL), moderate(make, Harm.PSYCHOLOGICAL)
    several = make.assessment(incidents=[*physical, *mental])
    assert (several.outcome, several.rule) == ("designate", "designation.several_moderate.v1")
    one = make.assessment(incidents=physical)
    assert (one.outcome, one.rule) == ("do_not_designate", "designation.harm_too_low.v1")
    assert "physical harm is moderate: all three tests are moderate" in one.missing[0]


@pytest.mark.parametrize(
    "findings", [[], [{"kind": "insufficient_data"}], [{"group_id": "other"}], [{"post_pairs": ()}]]
)
def test_harm_without_coordination_is_not_proposed(make: Any, findings: Any) -> None:
    result = make.assessment(findings=[make.finding(**one) for one in findings])
    assert (result.outcome, result.rule) == ("do_not_designate", "coordination.none.v1")
    assert result.missing[0].startswith("coordination: a finding")


def test_coordination_without_harm_is_not_proposed(make: Any) -> None:
    result = make.assessment(incidents=[])
    assert (result.outcome, result.rule) == ("do_not_designate", "designation.harm_too_low.v1")


def test_both_without_their_link_are_not_proposed(make: Any) -> None:
    unlinked = [one.model_copy(update={"finding_ids": ("f9",)}) for one in make.grave()]
    result = make.assessment(incidents=unlinked)
    assert result.outcome == "do_not_designate"
    assert sum("incident.no_link.v1" in one for one in result.missing) == 3


def test_technical_or_social_on_or_off_the_platform(make: Any) -> None:
    for finding in (
        make.finding(),
        make.technical("f1"),
        make.finding(origin="person", on_platform=False, sources=("chat log",)),
    ):
        assert make.assessment(findings=[finding]).outcome == "designate"


def test_incidents_and_findings_of_others_are_passed_over(make: Any) -> None:
    others = [one.model_copy(update={"group_id": "other"}) for one in make.grave()]
    result = make.assessment(incidents=others)
    assert [one.incident_ids for one in result.harms] == [(), (), ()]


def test_incidents_without_a_place_are_asked_about(make: Any) -> None:
    result = make.assessment(incidents=make.grave(where=""))
    assert any(one.endswith("[designation.context]") for one in result.missing)


def test_an_assessment_that_carries_nothing_cannot_be_built(make: Any) -> None:
    nothing = make.assessment(incidents=[])
    with pytest.raises(ValidationError, match="coordination, harm and their link"):
        Assessment.model_validate({**nothing.model_dump(), "outcome": Outcome.DESIGNATE})
    full = make.assessment()
    without = full.coordination.model_copy(update={"found": False})
    with pytest.raises(ValidationError, match="coordination, harm and their link"):
        Assessment.model_validate({**full.model_dump(), "coordination": without.model_dump()})
    barred = full.guard.model_copy(update={"applies": True, "passed": False})
    with pytest.raises(ValidationError, match="coordination, harm and their link"):
        Assessment.model_validate({**full.model_dump(), "guard": barred.model_dump()})
    with pytest.raises(ValidationError, match="in order"):
        Assessment.model_validate({**full.model_dump(), "harms": full.model_dump()["harms"][::-1]})


def test_an_assessment_survives_json(make: Any) -> None:
    result = make.assessment()
    assert Assessment.model_validate_json(result.model_dump_json()) == result


# The guard of activism


@pytest.mark.parametrize(
    ("nature", "applies"),
    [
        (None, True),
        ("activism", True),
        ("awareness", True),
        ("speaking_truth_to_power", True),
        ("similar", True),
        ("other", False),
    ],
)
def test_whom_the_guard_is_for(make: Any, nature: str | None, applies: bool) -> None:
    hangers_on = make.grave(actors="member")
    result = make.assessment(group=make.group(nature=nature), incidents=hangers_on)
    assert result.guard.applies is applies
    assert result.outcome == ("do_not_designate" if applies else "designate")
    assert result.rule == ("activism.guard.v1" if applies else "designation.one_high.v1")


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, "designate"),  # organisers, two independent papers each
        ({"actors": "member"}, "do_not_designate"),  # a movement with violent hangers-on
        ({"actors": "unclear"}, "do_not_designate"),
        ({"hostile": True}, "do_not_designate"),  # hostile allegations only
        ({"one_paper": True}, "do_not_designate"),
        ({"own_voice": True}, "do_not_designate"),
        ({"copies": True}, "do_not_designate"),
    ],
)
def test_activism_is_designated_only_on_harm_by_organisers(
    make: Any, facts: dict[str, Any], outcome: str
) -> None:
    incidents = []
    for number, one in enumerate(make.grave(actors=facts.get("actors", "organiser"))):
        papers = list(one.sources)
        if facts.get("hostile"):
            papers = [paper.model_copy(update={"hostile": True}) for paper in papers]
        if facts.get("one_paper"):
            papers = papers[:1]
        if facts.get("own_voice"):
            papers = [papers[0], make.source(99, publisher="Ministry")]
        if facts.get("copies"):
            papers = [papers[0], papers[1].model_copy(update={"copy_of": papers[0].url})]
        incidents.append(
            one.model_copy(
                update={
                    "sources": tuple(papers),
                    "submitted_by": "Ministry",
                    "interest": "government" if number else "none",
                }
            )
        )
    group = make.group(nature=Nature.ACTIVISM)
    assert make.assessment(group=group, incidents=incidents).outcome == outcome


def test_hangers_on_stay_in_view_and_are_told_from_organisers(make: Any) -> None:
    group = make.group(nature=Nature.ACTIVISM)
    result = make.assessment(group=group, incidents=make.grave(actors="member"))
    (mental,) = (one for one in result.harms if one.harm is Harm.PSYCHOLOGICAL)
    assert [one.rule for one in mental.left_out] == ["activism.guard.v1"] * 3
    assert "not attributed to organisers" in mental.left_out[0].why
    assert any(one.startswith("activism:") for one in result.missing)


def test_organisers_harm_counts_hangers_on_do_not_add_to_it(make: Any) -> None:
    by_organisers = moderate(make, Harm.PHYSICAL)
    result = make.assessment(
        group=make.group(nature=Nature.ACTIVISM),
        incidents=[*by_organisers, *make.grave(actors="member")],
    )
    assert result.severities[Harm.PHYSICAL] == M
    assert result.rule == "activism.guard.v1"


def test_the_answers_say_what_the_group_is_for(make: Any) -> None:
    result = make.assessment(
        group=make.group(nature=None),
        incidents=make.grave(actors="member"),
        questions=make.questions(nature=Nature.OTHER),
    )
    assert (result.outcome, result.missing) == ("designate", ())


# Conflicts


@pytest.mark.parametrize(
    ("prevents", "endangers", "ruling"),
    [
        ("physical", "physical", "weigh"),
        ("physical", "psychological", "weigh"),
        ("physical", "informational", "act"),
        ("physical", "speech", "act"),
        ("physical", "association", "act"),
        ("physical", "information", "act"),
        ("physical", "other", "act"),
        ("psychological", "physical", "weigh"),
        ("psychological", "psychological", "weigh"),
        ("psychological", "informational", "act"),
        ("psychological", "speech", "act"),
        ("psychological", "association", "act"),
        ("psychological", "information", "act"),
        ("psychological", "other", "act"),
        ("informational", "physical", "refrain"),
        ("informational", "psychological", "refrain"),
        ("informational", "informational", "weigh"),
        ("informational", "speech", "refrain"),
        ("informational", "association", "refrain"),
        ("informational", "information", "refrain"),
        ("informational", "other", "refrain"),
    ],
)
def test_safety_first(prevents: str, endangers: str, ruling: str) -> None:
    conflict = Conflict(prevents=Harm(prevents), endangers=endangers, weighing="weighed")
    result = rule_on(conflict, M)
    assert (result.ruling, result.rule) == (ruling, "designation.conflict.v1")
    assert len(RULINGS) == 21


@pytest.mark.parametrize(
    ("endangers", "severity", "ruling"),
    [
        ("speech", "low", "refrain"),
        ("speech", "moderate", "refrain"),
        ("speech", "high", "weigh"),
        ("physical", "high", "refrain"),
    ],
)
def test_high_informational_harm_is_weighed_against_rights_never_against_safety(
    endangers: str, severity: str, ruling: str
) -> None:
    conflict = Conflict(prevents=Harm.INFORMATIONAL, endangers=endangers, weighing="weighed")
    assert rule_on(conflict, Severity(severity)).ruling == ruling


@pytest.mark.parametrize(
    ("harms", "endangers", "rule"),
    [
        (["physical", "informational"], Right.SPEECH, "designation.conflict.v1"),
        (["physical", "informational"], None, "designation.several_moderate.v1"),
        (
            ["physical", "psychological", "informational"],
            Right.SPEECH,
            "designation.several_moderate.v1",
        ),
    ],
)
def test_a_harm_that_yields_carries_no_proposal(
    make: Any, harms: list[str], endangers: Right | None, rule: str
) -> None:
    conflicts = (
        (Conflict(prevents=Harm.INFORMATIONAL, endangers=endangers, weighing="press at stake"),)
        if endangers
        else ()
    )
    result = make.assessment(
        incidents=[one for harm in harms for one in moderate(make, Harm(harm))],
        questions=make.questions(conflicts=conflicts),
    )
    assert result.rule == rule


# Never designated without both findings and their link


@given(
    kinds=st.lists(st.sampled_from(list(Coordination)), max_size=3),
    harms=st.lists(st.sampled_from(list(Harm)), max_size=3),
    cited=st.sampled_from(["f0", "f1", "f2", "f9"]),
    actors=st.sampled_from(["organiser", "member", "unclear"]),
    nature=st.sampled_from([None, *Nature]),
    retract=st.booleans(),
)
def test_never_proposed_without_both_findings_and_their_link(
    *,
    make: Any,
    kinds: list[Coordination],
    harms: list[Harm],
    cited: str,
    actors: str,
    nature: Nature | None,
    retract: bool,
) -> None:
    findings = [make.finding(f"f{n}", kind=kind) for n, kind in enumerate(kinds)]
    incidents = [
        one.model_copy(update={"finding_ids": (cited,), "id": f"{n}-{one.id}"})
        for n, harm in enumerate(harms)
        for one in make.grave(harm, actors=actors)
    ]
    if retract:
        incidents = [one.retract(at=make.now, why="taken back") for one in incidents]
    result = make.assessment(
        group=make.group(nature=nature), findings=findings, incidents=incidents
    )
    coordinated = {
        one.id for one in findings if one.kind in (Coordination.TECHNICAL, Coordination.SOCIAL)
    }
    plain = (
        cited in coordinated
        and bool(harms)
        and not retract
        and (actors == "organiser" or (actors == "member" and nature is Nature.OTHER))
    )
    assert (result.outcome is Outcome.DESIGNATE) is plain


@pytest.mark.parametrize(
    ("facts", "papers", "counts"),
    [
        ({}, [{}, {}], True),
        ({}, [{}], False),
        ({}, [{}, {"hostile": True}], False),
        ({}, [{}, {}, {"hostile": True}], True),
        ({}, [{"hostile": True}, {"hostile": True}, {"hostile": True}], False),
        ({}, [{}, {"copy_of": "https://paper0.example/story"}], False),
        ({}, [{}, {"publisher": "Paper 0"}], False),
        ({}, [{}, {"credibility": "C4"}], False),
        ({"submitted_by": "Paper 1"}, [{}, {}], False),
        ({"interest": "rival"}, [{}, {}], True),
        ({"actors": "member"}, [{}, {}], False),
        ({"actors": "unclear"}, [{}, {}], False),
    ],
)
def test_two_independent_sources_attribute_each_incident_to_organisers(
    make: Any, facts: Any, papers: list[dict[str, Any]], *, counts: bool
) -> None:
    sources = tuple(make.source(number, **paper) for number, paper in enumerate(papers))
    kept, left_out = guarded([make.incident(sources=sources, **facts)])
    assert (len(kept), len(left_out)) == ((1, 0) if counts else (0, 1))
    assert all(not source.hostile for one in kept for source in one.sources)
    assert all(one.rule == "activism.guard.v1" for one in left_out)
