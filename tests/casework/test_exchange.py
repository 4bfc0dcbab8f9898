"""Dossiers that travel: out whole, in without weight, as JSON and as STIX 2.1."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stix2

from casework import exchange, stix
from casework.assess import assess
from casework.exchange import Dossier
from casework.office import Office
from policy.assessment import Outcome
from policy.words import Refusal
from tests.life import world as worlds
from tests.life.world import GROUP, World, questions

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("exchange")
    made = worlds.made(home, f"sqlite:///{home / 'concert.db'}")
    made.assess()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dossier(world: World) -> Dossier:
    with world.office.store.reading() as work:
        found = exchange.read_dossier(work, GROUP)
    group = found.group.model_copy(
        update={
            "members": (
                worlds.Group.model_validate({"id": "x", "name": "x", "members": ["a1"]}).members[0],
            ),
            "hashtags": ("quaywatch",),
            "domains": ("quay.example",),
        }
    )
    findings = tuple(one.model_copy(update={"techniques": ("T0049",)}) for one in found.findings)
    return found.model_copy(update={"group": group, "findings": findings})


@pytest.fixture
def there(tmp_path: Path) -> Any:
    """Another installation."""
    made = worlds.made(tmp_path, f"sqlite:///{tmp_path / 'concert.db'}")
    yield made.office
    made.close()


def take(office: Office, dossier: Dossier) -> exchange.Imported:
    theirs = exchange.as_imported(dossier, source="Ministry of Quays", interest="sued the group")
    return exchange.save_imported(office, theirs, actor="person:ana")


def test_a_dossier_bears_its_history(world: World) -> None:
    with world.office.store.reading() as work:
        found = exchange.read_dossier(work, GROUP)
    assert {(one.about, one.what) for one in found.history} >= {
        (GROUP, "group.saved"),
        ("f1", "finding.saved"),
        ("i1-0", "incident.saved"),
    }
    assert exchange.parse_dossier(exchange.to_json(found)) == found


@pytest.mark.parametrize("form", ["json", "stix"])
def test_what_comes_in_counts_for_nothing_until_it_is_corroborated(
    dossier: Dossier, there: Office, form: str
) -> None:
    if form == "stix":
        [given], left_out = stix.from_bundle(stix.to_bundle(dossier, NOW), NOW)
        assert left_out == ()
    else:
        given = exchange.parse_dossier(exchange.to_json(dossier))
    made = take(there, given)
    assert made.changed == 1 + len(dossier.findings) + len(dossier.incidents)
    assert take(there, given).changed == 0

    group_id = made.group_id
    assert group_id == f"ministry-of-quays.{GROUP}"
    with there.store.reading() as work:
        group = work.groups.need(group_id)
        [finding] = work.findings.find(group_id=group_id)
        incidents = work.incidents.find(group_id=group_id)
    assert [one.account_id for one in group.members] == ["a1"]
    assert group.seeds == ()
    assert (group.hashtags, group.domains) == (("quaywatch",), ("quay.example",))
    assert finding.techniques == ("T0049",)
    assert {one.interest for one in incidents} == {"sued the group"}
    assert not any(one.corroborated for one in incidents)

    poor = assess(there, group_id, actor="person:ana", questions=questions())
    assert poor.outcome is Outcome.NOT
    assert not poor.coordination.found
    exchange.confirm_finding(
        there, finding.id, by="person:ana", source="https://court.example/file/9"
    )
    better = assess(there, group_id, actor="person:ana", questions=questions())
    assert better.coordination.found
    # Their sources are still nobody's here.
    assert better.outcome is Outcome.NOT


def test_a_bundle_is_stix_that_others_take(dossier: Dossier) -> None:
    text = stix.to_bundle(dossier, NOW)
    assert text == stix.to_bundle(dossier, NOW)
    # Strictly: without custom content, as other tools parse it.
    bundle = stix2.parse(text, allow_custom=False)
    kinds = [one.type for one in bundle.objects]
    assert {
        "identity",
        "intrusion-set",
        "attack-pattern",
        "sighting",
        "incident",
        "user-account",
        "domain-name",
        "relationship",
    } == set(kinds)
    [pattern] = [one for one in bundle.objects if one.type == "attack-pattern"]
    assert pattern.external_references[0].external_id == "T0049"
    assert len({one.id for one in bundle.objects}) == len(kinds)


def test_a_bundle_of_others_is_read_as_far_as_it_says() -> None:
    campaign = stix2.v21.Campaign(
        name="Tide", objective="Flood the harbour's press", allow_custom=True
    )
    pattern = stix2.v21.AttackPattern(
        name="Flooding", external_references=[{"source_name": "DISARM", "external_id": "T0049.001"}]
    )
    uses = stix2.v21.Relationship(campaign, "uses", pattern)
    harm = stix2.v21.Incident(name="A reporter was hounded")
    by = stix2.v21.Relationship(harm, "attributed-to", campaign)
    seen = stix2.v21.Sighting(
        sighting_of_ref=pattern.id,
        description="Seen in March",
        external_references=[{"source_name": "Lab", "url": "https://lab.example/1"}],
    )
    text = stix2.v21.Bundle(campaign, pattern, uses, harm, by, seen).serialize()
    [found], left_out = stix.from_bundle(text, NOW)
    assert (found.group.kind, found.group.purpose) == ("campaign", "Flood the harbour's press")
    [finding] = found.findings
    assert finding.techniques == ("T0049.001",)
    assert finding.sources == ("https://lab.example/1",)
    [said] = left_out
    assert "severity" in said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type": "bundle"}',
        json.dumps({"type": "bundle", "id": "bundle--1", "objects": [{"type": "x"}]}),
        stix2.v21.Bundle(stix2.v21.Identity(name="nobody", identity_class="group")).serialize(),
    ],
)
def test_what_is_no_bundle_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refusal, match=r"\[dossier\.imported\.v1\]"):
        stix.from_bundle(text, NOW)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other", "group": {}}'])
def test_what_is_no_dossier_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refusal, match=r"\[dossier\.imported\.v1\]"):
        exchange.parse_dossier(text)
