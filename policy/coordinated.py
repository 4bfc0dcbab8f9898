"""Whether findings are coordination: technical or social, on or off the platform, with evidence.

Source: "How do we define coordination?". A person's finding stands on its sources, a machine's on
its posts or its proof; one that rests on nothing is none.
"""

from collections.abc import Iterable

from policy.clauses import Clause
from policy.findings import Coordination, Finding
from policy.rules import Rule
from policy.words import Id, Value

_CLAUSES = {Coordination.TECHNICAL: Clause.TECHNICAL, Coordination.SOCIAL: Clause.SOCIAL}


class CoordinationResult(Value):
    """Which findings are coordination, and which are not, with the rule for each."""

    found: bool
    finding_ids: tuple[Id, ...] = ()
    kinds: tuple[Coordination, ...] = ()
    clauses: tuple[str, ...] = ()
    """The clauses that define these kinds."""
    off_platform: bool = False
    rule: str
    clause: str
    why: str


def is_coordination(finding: Finding) -> bool:
    """Whether one finding is coordination and rests on something."""
    if finding.kind not in _CLAUSES or not finding.counts:
        return False
    if finding.origin == "person":
        return bool(finding.sources)
    # Off the platform a machine sees nothing.
    return finding.on_platform and bool(finding.post_pairs or finding.proofs)


def judge_coordination(findings: Iterable[Finding], group_id: str) -> CoordinationResult:
    """Put a group's findings together; those about others are passed over."""
    own = [one for one in findings if one.group_id == group_id]
    found = sorted((one for one in own if is_coordination(one)), key=lambda one: one.id)
    rule = Rule.COORDINATED if found else Rule.NOT_COORDINATED
    return CoordinationResult(
        found=bool(found),
        finding_ids=tuple(one.id for one in found),
        kinds=tuple(sorted({one.kind for one in found})),
        clauses=tuple(sorted({_CLAUSES[one.kind] for one in found})),
        off_platform=any(not one.on_platform for one in found),
        rule=rule,
        clause=rule.clause,
        why=(
            f"{len(found)} of {len(own)} findings are coordination"
            if found
            else f"none of {len(own)} findings is coordination that rests on posts or sources"
        ),
    )
