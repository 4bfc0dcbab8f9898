"""Dossiers that travel: out as they are, in as what others say.

Source: what is submitted or imported, by governments too, counts for nothing until it is
independently corroborated. So whatever comes in keeps its words and loses its weight: sources are
unjudged, members unconfirmed, findings wait for a person here.
"""

import hashlib
import json
import re
from typing import Any, Literal

from pydantic import Field, ValidationError

from casework.dossier import save_findings, save_groups, save_incidents
from casework.office import Office
from casework.steps import step
from policy.findings import Finding
from policy.groups import Group
from policy.incidents import Incident
from policy.life_rules import LifeRule
from policy.words import Refusal, UtcDatetime, Value
from store import shelves
from store.work import Reading

FORMAT: Literal["concert.dossier.v1"] = "concert.dossier.v1"


class Change(Value):
    """One step in a dossier's history."""

    at: UtcDatetime
    by: str
    what: str
    about: str
    why: str = ""


class Dossier(Value):
    """All that is known of one group, as one file."""

    format: Literal["concert.dossier.v1"] = FORMAT
    group: Group
    findings: tuple[Finding, ...] = ()
    incidents: tuple[Incident, ...] = ()
    history: tuple[Change, ...] = ()
    """Who wrote what when; for reading, never brought in."""


class Imported(Value):
    """What an import brought."""

    group_id: str
    findings: int = 0
    incidents: int = 0
    changed: int = 0
    """New or changed; the same file again changes nothing."""
    left_out: tuple[str, ...] = Field(default=())
    """What could not be taken, and why."""


def read_dossier(work: Reading, group_id: str) -> Dossier:
    """A group's dossier with its history.

    Raises:
        NotFound: there is no such group.
    """
    group = work.groups.need(group_id)
    findings = work.findings.find(group_id=group_id)
    incidents = work.incidents.find(group_id=group_id)
    parts: tuple[Group | Finding | Incident, ...] = (group, *findings, *incidents)
    changes = [
        Change(at=row.at, by=row.actor, what=row.action, about=value.id, why=row.why or "")
        for value in parts
        for row in work.history.of(type(value), value.id)
    ]
    return Dossier(
        group=group,
        findings=tuple(findings),
        incidents=tuple(incidents),
        history=tuple(sorted(changes, key=lambda one: (one.at, one.about))),
    )


def parse_dossier(text: str) -> Dossier:
    """A dossier out of its JSON.

    Raises:
        Refusal: it is none; names the field.
    """
    try:
        return Dossier.model_validate(json.loads(text))
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise Refusal(LifeRule.IMPORTED, f"{where}: {wrong['msg']}") from None
    except ValueError as error:
        raise Refusal(LifeRule.IMPORTED, f"the dossier is not JSON: {error}") from None


def as_imported(dossier: Dossier, *, source: str, interest: str) -> Dossier:
    """What another says, without the weight that it gave it.

    Args:
        dossier: as it came.
        source: who says so, such as the name of an authority or a platform.
        interest: what they have at stake with the group; kept with each incident.

    Raises:
        Refusal: nobody is named as the source.
    """
    if not source.strip():
        raise Refusal(LifeRule.IMPORTED, "source: say who this comes from")
    mark = _mark(source)

    def renamed(id_: str) -> str:
        # Their ids are not ours: what they call i1 must never replace what we call i1.
        return id_ if id_.startswith(f"{mark}.") else _short(f"{mark}.{id_}")

    group_id = renamed(dossier.group.id)
    members = tuple(
        member.model_copy(update={"source": f"imported from {source}", "confirmed_by": None})
        for member in dossier.group.members
    )
    findings = tuple(
        one.model_copy(
            update={
                "id": renamed(one.id),
                "group_id": group_id,
                "imported_from": source,
                "confirmed_by": None,
            }
        )
        for one in dossier.findings
    )
    incidents = tuple(
        one.model_copy(
            update={
                "id": renamed(one.id),
                "group_id": group_id,
                "finding_ids": tuple(map(renamed, one.finding_ids)),
                "sources": tuple(
                    each.model_copy(update={"credibility": "F6"}) for each in one.sources
                ),
                "submitted_by": source,
                "interest": interest or one.interest,
            }
        )
        for one in dossier.incidents
    )
    # Neither blind decisions nor a judgement of its nature are taken from elsewhere.
    group = dossier.group.model_copy(
        update={"id": group_id, "members": members, "decisions": (), "nature": None}
    )
    return Dossier(group=group, findings=findings, incidents=incidents)


def save_imported(
    office: Office, dossier: Dossier, *, actor: str, left_out: tuple[str, ...] = ()
) -> Imported:
    """Write what came in; what people here have corroborated since stays as they left it."""
    with office.store.reading() as work:
        known = work.groups.get(dossier.group.id)
        findings = work.findings.get_many([one.id for one in dossier.findings])
        incidents = work.incidents.get_many([one.id for one in dossier.incidents])
    changed = 0 if known else save_groups(office, [dossier.group], actor=actor)
    changed += save_findings(
        office, [one for one in dossier.findings if one.id not in findings], actor=actor
    )
    changed += save_incidents(
        office, [one for one in dossier.incidents if one.id not in incidents], actor=actor
    )
    return Imported(
        group_id=dossier.group.id,
        findings=len(dossier.findings),
        incidents=len(dossier.incidents),
        changed=changed,
        left_out=left_out,
    )


def confirm_finding(office: Office, finding_id: str, *, by: str, source: str) -> Finding:
    """Corroborate an imported finding, with a source of one's own.

    Raises:
        NotFound: there is no such finding.
        Refusal: it waits for no confirmation, or no person names another source.
    """

    return step(
        office,
        shelves.FINDINGS,
        finding_id,
        lambda one, _: one.confirm(by=by, source=source),
        by=by,
        action="finding.confirmed",
        reason=source,
    )


def _mark(source: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", source.casefold()).strip("-")
    return plain[:40] or hashlib.sha256(source.encode()).hexdigest()[:12]


def _short(id_: str) -> str:
    return (
        id_ if len(id_) <= 200 else f"{id_[:150]}-{hashlib.sha256(id_.encode()).hexdigest()[:24]}"
    )


def to_json(dossier: Dossier) -> str:
    """A dossier as the text of its file."""
    told: dict[str, Any] = dossier.model_dump(mode="json")
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
