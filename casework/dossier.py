"""The dossier: groups, incidents and findings as people enter or import them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from casework.office import Office
from policy.findings import Finding
from policy.groups import Group, Member
from policy.incidents import Incident
from policy.words import Refusal, UtcDatetime
from store.documents import Documents
from store.work import Reading, Writing

V = TypeVar("V", Group, Incident, Finding)

IMPORT_RULE = "dossier.unknown_group.v1"


def save_groups(office: Office, groups: Iterable[Group], *, actor: str) -> int:
    """Write groups, new or changed; one that is the same already leaves no trace. How many."""
    return _save_changed(
        office, groups, actor=actor, action="group.saved", on=lambda work: work.groups
    )


def save_incidents(office: Office, incidents: Iterable[Incident], *, actor: str) -> int:
    """Write incidents, new or changed; how many.

    Raises:
        Refusal: an incident names a group that has no dossier.
    """
    return _save_changed(
        office, incidents, actor=actor, action="incident.saved", on=lambda work: work.incidents
    )


def save_findings(office: Office, findings: Iterable[Finding], *, actor: str) -> int:
    """Write coordination findings, new or changed; how many.

    Raises:
        Refusal: a finding names a group that has no dossier.
    """
    return _save_changed(
        office, findings, actor=actor, action="finding.saved", on=lambda work: work.findings
    )


def confirm_member(work: Writing, group_id: str, account_id: str, *, by: str, source: str) -> None:
    """Note that a person found an account to be of the group: from now on it may seed others."""
    group = work.groups.need(group_id)
    kept = tuple(member for member in group.members if member.account_id != account_id)
    member = Member(account_id=account_id, source=source, confirmed_by=by)
    changed = group.model_copy(update={"members": (*kept, member)})
    work.save(changed, action="group.member_confirmed", why=f"{account_id} by {source}")


def remove_member(work: Writing, group_id: str, account_id: str, *, why: str) -> None:
    """Take an account out of the members, where it is one: a person found that it is not."""
    group = work.groups.need(group_id)
    kept = tuple(member for member in group.members if member.account_id != account_id)
    if len(kept) < len(group.members):
        changed = group.model_copy(update={"members": kept})
        work.save(changed, action="group.member_removed", why=why)


def retract_incident(office: Office, incident_id: str, *, actor: str, why: str) -> Incident:
    """Note that whoever reported an incident took it back.

    Raises:
        NotFound: there is no such incident.
        Refusal: it does not stand any more.
    """
    return _change_incident(office, incident_id, actor, lambda one, at: one.retract(at=at, why=why))


def disprove_incident(office: Office, incident_id: str, *, actor: str, why: str) -> Incident:
    """Note that an incident was shown not to be so.

    Raises:
        NotFound: there is no such incident.
        Refusal: it is disproved already.
    """
    return _change_incident(
        office, incident_id, actor, lambda one, at: one.disprove(at=at, why=why)
    )


def _change_incident(
    office: Office,
    incident_id: str,
    actor: str,
    change: Callable[[Incident, UtcDatetime], Incident],
) -> Incident:
    def do(work: Writing) -> Incident:
        changed = change(work.incidents.need(incident_id), work.now)
        return work.save(changed, action=f"incident.{changed.status}", why=changed.status_why)

    return office.store.transact(do, actor=actor, now=office.now())


def _save_changed(
    office: Office,
    values: Iterable[V],
    *,
    actor: str,
    action: str,
    on: Callable[[Reading], Documents[V]],
) -> int:
    given = {value.id: value for value in values}

    def do(work: Writing) -> int:
        standing = on(work).get_many(given)
        changed = [value for id_, value in given.items() if standing.get(id_) != value]
        for value in changed:
            if not isinstance(value, Group):
                _check_group(work, value)
            work.save(value, action=action)
        return len(changed)

    return office.store.transact(do, actor=actor, now=office.now())


def _check_group(work: Reading, value: Incident | Finding) -> None:
    group_id = value.group_id
    if group_id is not None and work.groups.get(group_id) is None:
        raise Refusal(IMPORT_RULE, f"{value.id}: group_id: there is no group {group_id!r}")
