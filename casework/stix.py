"""A dossier as a STIX 2.1 bundle, out and in, by the stix2 library.

The group is an intrusion-set or a campaign, DISARM techniques are attack-patterns that it uses,
findings are sightings, documented harms are incidents attributed to it, members are user accounts.
What STIX has no words for travels in a property extension, as the standard foresees, so that a
bundle of ours comes back whole; a bundle of others comes in as far as it can be told.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from stix2 import parse, v21
from stix2.exceptions import STIXError

from casework.exchange import Dossier
from policy.findings import Coordination, Finding
from policy.groups import Group
from policy.incidents import Incident
from policy.life_rules import LifeRule
from policy.words import GroupKind, Refusal, UtcDatetime

EXTENSION = "extension-definition--6f3b5f6e-6d0f-4a5e-8f38-2a5d0f3f2c11"
"""Ours: a property extension that holds the dossier's own words beside STIX's."""
DISARM = "DISARM"
_SPACE = uuid.UUID("8c1f7c56-0a0c-4b9c-9e57-3a1d5a0f7a90")
_ACTORS = ("intrusion-set", "campaign", "threat-actor")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")


def to_bundle(dossier: Dossier, now: UtcDatetime) -> str:
    """The bundle's JSON. The same dossier at the same moment gives the same bundle."""
    group = dossier.group
    maker = v21.Identity(
        id=_id("identity", "concert"),
        name="Concert",
        identity_class="system",
        created=now,
        modified=now,
    )
    given: dict[str, Any] = {"created": now, "modified": now, "created_by_ref": maker.id}
    actor = _actor(group, given)
    objects: list[Any] = [maker, actor]
    patterns: dict[str, Any] = {}
    for finding in dossier.findings:
        objects.extend(_finding(finding, actor, patterns, given))
    for incident in dossier.incidents:
        objects.extend(_incident(incident, actor, given))
    for member in group.members:
        account = v21.UserAccount(user_id=member.account_id)
        objects += [account, _related(account, "related-to", actor, given)]
    for domain in group.domains:
        name = v21.DomainName(value=domain)
        objects += [name, _related(name, "related-to", actor, given)]
    bundle = v21.Bundle(objects=objects, id=_id("bundle", group.id, now.isoformat()))
    return str(bundle.serialize(pretty=True)) + "\n"


def from_bundle(text: str, now: UtcDatetime) -> tuple[list[Dossier], tuple[str, ...]]:
    """The dossiers in a bundle, and what could not be taken, with the reason.

    Raises:
        Refusal: it is no STIX 2.1 bundle, or names no group.
    """
    objects = _parsed(text)
    by_id = {one["id"]: one for one in objects}
    links = [one for one in objects if one["type"] == "relationship"]
    left_out: list[str] = []
    dossiers = [
        _dossier(one, by_id, links, now, left_out) for one in objects if one["type"] in _ACTORS
    ]
    if not dossiers:
        raise Refusal(
            LifeRule.IMPORTED, "objects: the bundle names no intrusion-set, campaign or actor"
        )
    return dossiers, tuple(left_out)


def _actor(group: Group, given: Mapping[str, Any]) -> Any:
    told = group.model_dump(
        mode="json", include={"id", "kind", "purpose", "narratives", "hashtags", "domains"}
    )
    kept = {"extensions": _extension(group=told)}
    description = "\n\n".join(part for part in (group.purpose, group.description) if part)
    if group.kind is GroupKind.CAMPAIGN:
        return v21.Campaign(
            id=_id("campaign", group.id),
            name=group.name,
            description=description or group.name,
            objective=group.purpose or group.name,
            **kept,
            **given,
        )
    return v21.IntrusionSet(
        id=_id("intrusion-set", group.id),
        name=group.name,
        description=description or group.name,
        goals=[group.purpose or group.name],
        **kept,
        **given,
    )


def _finding(
    finding: Finding, actor: Any, patterns: dict[str, Any], given: Mapping[str, Any]
) -> Iterator[Any]:
    for technique in finding.techniques:
        if technique not in patterns:
            pattern = v21.AttackPattern(
                id=_id("attack-pattern", technique),
                name=f"DISARM {technique}",
                external_references=[{"source_name": DISARM, "external_id": technique}],
                **given,
            )
            patterns[technique] = pattern
            yield pattern
            yield _related(actor, "uses", pattern, given)
    seen = [one for one in (finding.started_at, finding.ended_at) if one is not None]
    yield v21.Sighting(
        id=_id("sighting", finding.id),
        sighting_of_ref=actor.id,
        description=finding.summary,
        count=max(1, len(finding.account_ids)),
        first_seen=min(seen, default=finding.found_at),
        # STIX wants the last moment after the first one.
        last_seen=max([*seen, finding.found_at]),
        external_references=[_reference(one) for one in finding.sources] or None,
        extensions=_extension(finding=finding.model_dump(mode="json")),
        **given,
    )


def _incident(incident: Incident, actor: Any, given: Mapping[str, Any]) -> Iterator[Any]:
    told = v21.Incident(
        id=_id("incident", incident.id),
        name=f"{incident.policy} ({incident.harm} harm), {incident.when:%Y-%m-%d}",
        description="; ".join(incident.effects.values()) or f"{incident.harm} harm",
        external_references=[
            _reference(one.url or one.publisher, one.publisher) for one in incident.sources
        ]
        or None,
        extensions=_extension(incident=incident.model_dump(mode="json")),
        **given,
    )
    yield told
    yield _related(told, "attributed-to", actor, given)


def _reference(told: str, name: str = "") -> dict[str, str]:
    if told.startswith(("http://", "https://")):
        return {"source_name": name or "source", "url": told}
    return {"source_name": name or "source", "description": told}


def _related(source: Any, kind: str, target: Any, given: Mapping[str, Any]) -> Any:
    return v21.Relationship(
        id=_id("relationship", source["id"], kind, target["id"]),
        source_ref=source["id"],
        relationship_type=kind,
        target_ref=target["id"],
        **given,
    )


def _id(type_: str, *parts: str) -> str:
    return f"{type_}--{uuid.uuid5(_SPACE, '|'.join((type_, *parts)))}"


def _extension(**told: Any) -> dict[str, Any]:
    return {EXTENSION: {"extension_type": "property-extension", **told}}


def _own(one: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What our own extension says of an object; empty where there is none."""
    told = one.get("extensions", {}).get(EXTENSION, {}).get(name)
    return dict(told) if isinstance(told, Mapping) else {}


def _parsed(text: str) -> list[dict[str, Any]]:
    try:
        bundle = parse(text, allow_custom=True)
        # Through its own text, so that every object is plain JSON, of whichever version it was.
        told = json.loads(bundle.serialize())
    except (STIXError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(LifeRule.IMPORTED, f"this is no STIX 2.1 bundle: {error}") from None
    if told.get("type") != "bundle" or not isinstance(told.get("objects"), list):
        raise Refusal(LifeRule.IMPORTED, "this is no STIX 2.1 bundle: it holds no objects")
    objects: list[dict[str, Any]] = told["objects"]
    return objects


def _dossier(
    actor: dict[str, Any],
    by_id: Mapping[str, dict[str, Any]],
    links: Sequence[dict[str, Any]],
    now: UtcDatetime,
    left_out: list[str],
) -> Dossier:
    own = _own(actor, "group")
    group_id = str(own.get("id") or actor["id"])
    around = [
        (link["relationship_type"], by_id.get(other, {}))
        for link in links
        if actor["id"] in (link["source_ref"], link["target_ref"])
        for other in (link["source_ref"], link["target_ref"])
        if other != actor["id"]
    ]
    near = [one for _, one in around]
    goals = [actor.get("objective"), *actor.get("goals", ())]
    group = Group(
        id=group_id,
        name=actor["name"],
        kind=_kind(actor, own),
        purpose=str(own.get("purpose") or next((one for one in goals if one), "")),
        description=actor.get("description", ""),
        members=tuple(
            str(one.get("user_id") or one.get("account_login"))
            for one in near
            if one.get("type") == "user-account"
            and (one.get("user_id") or one.get("account_login"))
        ),
        narratives=tuple(own.get("narratives", ())),
        hashtags=tuple(own.get("hashtags", ())),
        domains=tuple(one["value"] for one in near if one.get("type") == "domain-name"),
    )
    findings = list(_findings(actor, by_id, near, group_id, now))
    incidents = list(_incidents(near, group_id, left_out))
    return Dossier(group=group, findings=tuple(findings), incidents=tuple(incidents))


def _kind(actor: Mapping[str, Any], own: Mapping[str, Any]) -> GroupKind:
    if own.get("kind") in set(GroupKind):
        return GroupKind(own["kind"])
    return GroupKind.CAMPAIGN if actor["type"] == "campaign" else GroupKind.GROUP


def _findings(
    actor: dict[str, Any],
    by_id: Mapping[str, dict[str, Any]],
    near: Sequence[dict[str, Any]],
    group_id: str,
    now: UtcDatetime,
) -> Iterator[Finding]:
    patterns = [one for one in near if one.get("type") == "attack-pattern"]
    techniques = tuple(dict.fromkeys(_technique(one) for one in patterns))
    sightings = [
        one
        for one in by_id.values()
        if one["type"] == "sighting"
        and one["sighting_of_ref"] in {actor["id"], *(each["id"] for each in patterns)}
    ]
    told = False
    for sighting in sightings:
        own = _own(sighting, "finding")
        told = True
        try:
            yield Finding.model_validate(own | {"group_id": group_id})
        except ValidationError:
            yield _seen(sighting, techniques, group_id, now)
    if techniques and not told:
        # Techniques without a sighting are a claim all the same, and wait like one.
        yield _seen({"id": f"uses-{actor['id']}"}, techniques, group_id, now)


def _seen(
    sighting: Mapping[str, Any], techniques: tuple[str, ...], group_id: str, now: UtcDatetime
) -> Finding:
    started = sighting.get("first_seen")
    return Finding(
        id=sighting["id"],
        group_id=group_id,
        kind=Coordination.SOCIAL,
        summary=sighting.get("description") or "Coordination that another organisation reports.",
        sources=tuple(
            str(one.get("url") or one.get("description") or one["source_name"])
            for one in sighting.get("external_references", ())
        ),
        techniques=techniques,
        started_at=datetime.fromisoformat(started) if started else None,
        found_at=now,
        found_by="import:stix",
        origin="person",
        rule="imported.stix.v1",
    )


def _technique(pattern: Mapping[str, Any]) -> str:
    for one in pattern.get("external_references", ()):
        told = str(one.get("external_id", ""))
        if _TECHNIQUE.fullmatch(told):
            return told
    return str(pattern["name"])


def _incidents(
    near: Sequence[dict[str, Any]], group_id: str, left_out: list[str]
) -> Iterator[Incident]:
    for one in near:
        if one.get("type") != "incident":
            continue
        own = _own(one, "incident")
        try:
            yield Incident.model_validate(own | {"group_id": group_id})
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
            left_out.append(
                f"{one['id']}: it does not say {fields}; enter it by hand, with its sources"
            )
