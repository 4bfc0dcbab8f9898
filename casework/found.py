"""What the machine found, into a dossier and before a person.

Coordination findings as the policy takes them; and for each that says that accounts act in concert
a case, with the posts, the pairs, their times and what chance has to say, frozen as it was.
"""

from collections.abc import Mapping, Sequence

from casework import found_evidence
from casework.cases import open_case
from casework.continued import OVERLAP, continued, overlap
from casework.dossier import save_findings
from casework.office import Office
from coordination.findings import AUTOMATED, LINKED, CoordinationFinding
from policy.cases import AskedAbout, Case, CaseKind, CaseState
from policy.findings import Coordination, Finding, Proof
from policy.records import Post
from policy.words import Harm, LinkageKind, Severity, UtcDatetime
from store.work import Writing

FOUND_BY = "model:concert-detect"
CASES = 50
"""Findings of one run that are put before people, the strongest first: the rest wait in the
dossier, and come up when the run is asked again."""

MEMBERS = 2
"""Known members of a group that a finding in everybody's posts names, from which on it is theirs:
with fewer, no two of the group acted in concert."""

_PROOFS = {LINKED: (Proof.LINKAGE,), AUTOMATED: (Proof.FORENSIC_MATCH,)}


def touching(
    office: Office, found: Sequence[CoordinationFinding], group_id: str
) -> list[CoordinationFinding]:
    """Those of the findings in everybody's posts that are about a group.

    A finding that names accounts is about a group of which two of these are known members: one may
    have been carried along by others. A group that knows fewer members is not told from anybody;
    then, and where no account is named, nothing is left out.

    Raises:
        NotFound: there is no such group.
    """
    with office.store.reading() as work:
        known = {member.account_id for member in work.groups.need(group_id).members}
    if len(known) < MEMBERS:
        return list(found)
    return [
        one
        for one in found
        if not one.account_ids or len(known.intersection(one.account_ids)) >= MEMBERS
    ]


def keep_findings(office: Office, found: Sequence[CoordinationFinding], group_id: str) -> int:
    """Keep findings in a group's dossier; how many were new or had changed.

    What is a known one, grown or shrunk (see `continued`), keeps that one's id, so that rolling
    runs tell one ring once. What a person refuted stays as that person saw it. What chance
    explains, and what there was too little data to tell, is kept too: it is part of what was looked
    into. The policy counts neither as coordination.

    Raises:
        Refusal: the group has no dossier.
    """
    with office.store.reading() as work:
        known = work.findings.find(group_id=group_id)
    kept = [one for one, _ in _as_kept(found, group_id, known, office.now()) if not one.refuted]
    return save_findings(office, kept, actor=FOUND_BY)


def ask_about(
    office: Office,
    found: Sequence[CoordinationFinding],
    group_id: str,
    texts: Mapping[str, str] | None = None,
) -> int:
    """Ask a person what kept findings show; how many cases were opened.

    Only about what says that accounts act in concert, and about one finding again only when most of
    the accounts in it are others than when it was asked about last. Texts of posts are the lake's,
    or those in `texts` by post id, where the run read something else.

    Raises:
        Refusal: the group has no dossier.
    """
    concert = [one for one in found if one.is_concert]
    posts = office.lake.post(found_evidence.posts_of(concert))
    for post_id, text in (texts or {}).items():
        posts.setdefault(post_id, Post(post_id=post_id, account_id="unknown", text=text))

    def do(work: Writing) -> int:
        group = work.groups.need(group_id)
        known = work.findings.find(group_id=group_id)
        kept = {finding.id for finding in known}
        cases = work.cases.find(kind=CaseKind.COORDINATION.value, group_id=group_id)
        opened: list[Case] = []
        for finding, one in _as_kept(concert, group_id, known, work.now):
            if finding.id not in kept or not _is_new(finding, cases) or len(opened) == CASES:
                continue
            harm, severity = _gravity(one)
            opened.append(
                open_case(
                    work,
                    kind=CaseKind.COORDINATION,
                    subject_kind=AskedAbout.FINDING,
                    subject_id=finding.id,
                    group_id=group_id,
                    rule=one.rule,
                    evidence=found_evidence.for_coordination(one, finding, group, posts),
                    harm=harm,
                    severity=severity,
                )
            )
        return len(opened)

    return office.store.transact(do, actor=FOUND_BY, now=office.now())


def _as_kept(
    found: Sequence[CoordinationFinding],
    group_id: str,
    known: Sequence[Finding],
    now: UtcDatetime,
) -> list[tuple[Finding, CoordinationFinding]]:
    """Findings as a dossier holds them: under the id of the one that they continue, if any."""
    made = [as_finding(one, group_id, now) for one in found]
    before = continued(made, known)
    kept = []
    for finding, one in zip(made, found, strict=True):
        was = before.get(finding.id)
        if was is None:
            kept.append((finding, one))
        elif was.refuted:
            # As it was: it comes back only as something else.
            kept.append((was, one))
        else:
            same = {"id": was.id, "found_at": was.found_at}
            kept.append((finding.model_copy(update=same), one))
    return kept


def _is_new(finding: Finding, cases: Sequence[Case]) -> bool:
    """Whether nobody was asked about it yet, or most accounts in it are others since."""
    asked = [case for case in cases if case.subject_id == finding.id]
    if not asked:
        return True
    last = max(asked, key=lambda case: case.opened_at)
    # A case shows what it showed when it was opened; the rest is asked about when it was answered.
    if last.state is CaseState.OPEN:
        return False
    (shown,) = last.evidence["findings"]
    return overlap(shown["account_ids"], finding.account_ids) < OVERLAP


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


def _gravity(found: CoordinationFinding) -> tuple[Harm | None, Severity | None]:
    """What the scored replies of a swarm put in question: it is asked first, and shown with care.

    Nothing where nothing was scored: then the group's own gravity counts.
    """
    if found.swarm is None or found.swarm.harms is None:
        return None, None
    name, (_, share) = max(found.swarm.harms.items(), key=lambda item: (item[1][1], item[1][0]))
    if share < 0.5:
        return None, None
    return Harm(name), Severity.HIGH if Harm(name) is not Harm.INFORMATIONAL else Severity.MODERATE
