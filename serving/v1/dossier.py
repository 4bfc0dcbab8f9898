"""Groups, incidents and findings: what is known of a group, entered and read."""

from fastapi import APIRouter
from pydantic import Field

from casework import dossier
from policy.findings import Finding
from policy.groups import Group
from policy.incidents import Incident
from serving.bodies import Body
from serving.v1.desk import Actor, AnId, Page, TheDocuments, TheList, TheOffice, Wanted
from store import shelves

router = APIRouter(tags=["dossier"])


class Saved(Body):
    """Whether anything changed: the same content again leaves no trace."""

    id: str
    changed: bool


class Why(Body):
    why: str = Field(min_length=1, max_length=10_000)


@router.get("/groups")
def list_groups(items: TheList) -> Page[Group]:
    """All groups, by id."""
    return items.of(shelves.GROUPS)


@router.get("/groups/{group_id}")
def read_group(documents: TheDocuments, group_id: AnId) -> Group:
    """One group with its members, narratives and own objects."""
    return documents.one(shelves.GROUPS, group_id)


@router.post("/groups")
def save_group(office: TheOffice, actor: Actor, group: Group) -> Saved:
    """Enter a group, or replace what is known of it. Counts for nothing until assessed."""
    changed = dossier.save_groups(office, [group], actor=actor)
    return Saved(id=group.id, changed=bool(changed))


@router.get("/incidents")
def list_incidents(items: TheList, group_id: Wanted = None) -> Page[Incident]:
    """Documented harms, of one group or of all."""
    return items.of(shelves.INCIDENTS, group_id=group_id)


@router.get("/incidents/{incident_id}")
def read_incident(documents: TheDocuments, incident_id: AnId) -> Incident:
    """One documented harm."""
    return documents.one(shelves.INCIDENTS, incident_id)


@router.post("/incidents")
def save_incident(office: TheOffice, actor: Actor, incident: Incident) -> Saved:
    """Enter an incident of a group that has a dossier, or replace it."""
    changed = dossier.save_incidents(office, [incident], actor=actor)
    return Saved(id=incident.id, changed=bool(changed))


@router.post("/incidents/{incident_id}/retract")
def retract_incident(office: TheOffice, actor: Actor, incident_id: AnId, body: Why) -> Incident:
    """Whoever reported it took it back: it counts no more."""
    return dossier.retract_incident(office, incident_id, actor=actor, why=body.why)


@router.post("/incidents/{incident_id}/disprove")
def disprove_incident(office: TheOffice, actor: Actor, incident_id: AnId, body: Why) -> Incident:
    """It was shown not to be so: it counts no more."""
    return dossier.disprove_incident(office, incident_id, actor=actor, why=body.why)


@router.get("/findings")
def list_findings(items: TheList, group_id: Wanted = None) -> Page[Finding]:
    """Coordination findings, by machine and by people, of one group or of all."""
    return items.of(shelves.FINDINGS, group_id=group_id)


@router.get("/findings/{finding_id}")
def read_finding(documents: TheDocuments, finding_id: AnId) -> Finding:
    """One coordination finding with the posts, pairs and times that show it."""
    return documents.one(shelves.FINDINGS, finding_id)


@router.post("/findings")
def save_finding(office: TheOffice, actor: Actor, finding: Finding) -> Saved:
    """Enter a finding of a person, such as coordination seen off the platform."""
    changed = dossier.save_findings(office, [finding], actor=actor)
    return Saved(id=finding.id, changed=bool(changed))
