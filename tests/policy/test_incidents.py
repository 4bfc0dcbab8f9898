"""Incidents: the contract's JSON, corroboration, two harms, retraction and disproof."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from policy.incidents import Actors, Incident, IncidentStatus
from policy.words import Harm, Policy, Refusal

CONTRACT: dict[str, Any] = {
    "id": "i1",
    "group_id": "g1",
    "when": "2026-02-01T10:00:00+02:00",
    "where": "Oslo",
    "on_platform": False,
    "harm": "physical",
    "policy": "abuse",
    "severity": "moderate",
    "effects": "a broken arm",
    "finding_ids": ["f1"],
    "actors": "organiser",
    "sources": [{"url": "https://a.example/1", "publisher": "A", "credibility": "b2"}],
    "submitted_by": "ana",
    "interest": "none",
}


def test_the_contract_is_read_and_comes_back() -> None:
    incident = Incident.model_validate(CONTRACT)
    assert incident.when == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert incident.effects == {Harm.PHYSICAL: "a broken arm"}
    assert incident.sources[0].credibility == "B2"
    assert Incident.model_validate_json(incident.model_dump_json()) == incident


def test_a_day_alone_is_its_first_moment_in_utc() -> None:
    incident = Incident.model_validate({**CONTRACT, "when": "2026-02-01"})
    assert incident.when == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("effects", "kept"),
    [
        ("hurt", {"physical": "hurt"}),
        (["hurt", "afraid"], {"physical": "hurt; afraid"}),
        ({"physical": "hurt", "psychological": "afraid"}, None),
        ("", {}),
        (None, {}),
    ],
)
def test_effects_may_be_a_text_a_list_or_by_harm(effects: Any, kept: Any) -> None:
    incident = Incident.model_validate({**CONTRACT, "effects": effects})
    assert incident.effects == (effects if kept is None else kept)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("group_id", None),
        ("when", "2026-02-01T10:00:00"),
        # No year of UTC.
        ("when", "0001-01-01T00:00:00+03:06"),
        ("when", "9999-12-31T23:59:59-01:00"),
        ("when", "yesterday"),
        ("harm", "moral"),
        ("policy", "rudeness"),
        ("severity", "extreme"),
        ("actors", "everybody"),
        ("submitted_by", ""),
        ("sources", [{"url": "https://a.example", "credibility": "Z9"}]),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        Incident.model_validate({**CONTRACT, field: value})


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("harm", list(Harm))
def test_policy_must_stand_under_the_harm(policy: Policy, harm: Harm) -> None:
    under = {
        "physical": "violence extremism child_exploitation abuse hate self_harm",
        "psychological": "abuse hate self_harm private_info nonconsensual_nudity",
        "informational": "civic_integrity synthetic_media spam covid_misinfo",
    }
    facts = {**CONTRACT, "harm": harm, "policy": policy, "effects": ""}
    if policy in under[harm].split():
        assert Incident.model_validate(facts).harm is harm
    else:
        with pytest.raises(ValidationError, match="does not stand under"):
            Incident.model_validate(facts)


def test_a_second_harm_needs_a_policy_that_stands_under_it_too() -> None:
    effects = {"physical": "hurt", "psychological": "afraid"}
    with pytest.raises(ValidationError, match="violence does not stand under psychological"):
        Incident.model_validate({**CONTRACT, "policy": "violence", "effects": effects})


@pytest.mark.parametrize(
    ("effects", "counts"),
    [
        ({"physical": "a broken arm"}, False),
        ({"physical": "a broken arm", "psychological": ""}, False),
        ({"physical": "a broken arm", "psychological": "A broken arm!"}, False),
        ({"psychological": "cannot sleep"}, False),  # its own effect is not stated
        ({"physical": "a broken arm", "psychological": "cannot sleep"}, True),
    ],
)
def test_counts_under_two_harms_only_with_distinct_stated_effects(
    effects: dict[str, str], counts: bool
) -> None:
    incident = Incident.model_validate({**CONTRACT, "effects": effects})
    assert incident.counts_under(Harm.PHYSICAL)
    assert incident.counts_under(Harm.PSYCHOLOGICAL) is counts


def paper(name: str, **facts: Any) -> dict[str, Any]:
    return {"url": f"https://{name}.example", "publisher": name, "credibility": "B2", **facts}


@pytest.mark.parametrize(
    ("sources", "interest", "by", "corroborated"),
    [
        ([], "none", "ana", False),
        ([paper("a")], "none", "ana", True),
        ([paper("a")], "", "ana", True),
        ([paper("a", credibility="F6")], "none", "ana", False),
        ([paper("a", credibility="D2")], "none", "ana", False),
        ([paper("a", credibility="B4")], "none", "ana", False),
        ([paper("a", retracted=True)], "none", "ana", False),
        ([paper("ministry")], "none", "Ministry", False),  # the submitter's own voice
        ([paper("ministry")], "none", "person:ministry", False),
        ([paper("ministry"), paper("a")], "government", "Ministry", False),
        ([paper("a"), paper("b")], "government", "Ministry", True),
        ([paper("a"), paper("b", copy_of="https://a.example")], "rival", "Ministry", False),
    ],
)
def test_what_is_only_submitted_counts_for_nothing(
    sources: list[dict[str, Any]], interest: str, by: str, corroborated: bool
) -> None:
    facts = {"sources": sources, "interest": interest, "submitted_by": by}
    assert Incident.model_validate({**CONTRACT, **facts}).corroborated is corroborated


def test_actors_are_unclear_until_somebody_says() -> None:
    given = {key: value for key, value in CONTRACT.items() if key != "actors"}
    assert Incident.model_validate(given).actors is Actors.UNCLEAR


NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        (["retract"], "retracted"),
        (["disprove"], "disproved"),
        (["retract", "disprove"], "disproved"),
        (["retract", "retract"], None),
        (["disprove", "retract"], None),
        (["disprove", "disprove"], None),
    ],
)
def test_the_ways_an_incident_falls(steps: list[str], end: str | None) -> None:
    incident = Incident.model_validate(CONTRACT)
    for step in steps[:-1]:
        incident = getattr(incident, step)(at=NOW, why="the paper took it back")
    if end is None:
        with pytest.raises(Refusal) as refused:
            getattr(incident, steps[-1])(at=NOW, why="again")
        assert refused.value.rule == "incident.status.v1"
    else:
        fallen = getattr(incident, steps[-1])(at=NOW, why="the paper took it back")
        assert (fallen.status, fallen.status_at) == (IncidentStatus(end), NOW)


def test_a_fall_needs_a_reason() -> None:
    with pytest.raises(Refusal, match="why"):
        Incident.model_validate(CONTRACT).retract(at=NOW, why=" ")
