"""What the machine found, into a dossier: coordination findings as the policy takes them."""

from collections.abc import Sequence

from casework.dossier import save_findings
from casework.office import Office
from coordination.findings import AUTOMATED, LINKED, CoordinationFinding
from policy.findings import Coordination, Finding, Proof
from policy.words import LinkageKind, UtcDatetime

FOUND_BY = "model:concert-detect"

_PROOFS = {LINKED: (Proof.LINKAGE,), AUTOMATED: (Proof.FORENSIC_MATCH,)}


def keep_findings(office: Office, found: Sequence[CoordinationFinding], group_id: str) -> int:
    """Keep findings in a group's dossier; the same ones again change nothing. How many were new.

    What chance explains, and what there was too little data to tell, is kept too: it is part of
    what was looked into. The policy counts neither as coordination.

    Raises:
        Refusal: the group has no dossier.
    """
    with office.store.reading() as work:
        known = {finding.id for finding in work.findings.find(group_id=group_id)}
    now = office.now()
    made = [as_finding(one, group_id, now) for one in found]
    fresh = [finding for finding in made if finding.id not in known]
    return save_findings(office, fresh, actor=FOUND_BY)


def as_finding(found: CoordinationFinding, group_id: str, now: UtcDatetime) -> Finding:
    """One finding in the policy's words."""
    return Finding(
        id=f"{group_id}-{found.id}",
        group_id=group_id,
        kind=Coordination(found.kind.value),
        account_ids=found.account_ids,
        summary=found.summary,
        post_pairs=tuple((pair.post_id, pair.other_post_id) for pair in found.pairs),
        layers=found.layers,
        significance=found.q,
        proofs=_PROOFS.get(found.rule, ()),
        linkage_kinds=tuple(LinkageKind(kind) for kind in found.linkage_kinds),
        techniques=found.techniques,
        started_at=found.started,
        ended_at=found.ended,
        found_at=now,
        found_by=FOUND_BY,
        origin="machine",
        rule=found.rule,
    )
