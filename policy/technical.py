"""Technical coordination: what proves it, and what a proven case demands.

Source: "If we can prove with sufficient evidence (such as technical linkages between accounts) …
we will always take enforcement action". Sufficient is proof of common control or automation: a
linkage of device, phone or payment, an admission, a forensic match. Timing and same text are not,
nor is a shared network (households, newsrooms, campuses), a common client or a day of creation.
"""

from collections.abc import Iterable

from policy.findings import Coordination, Finding, Proof
from policy.restrictions import GroundKind, Restriction
from policy.rules import Rule
from policy.words import Id, LinkageKind, Refusal, RestrictionKind, UtcDatetime, Value

CONTROL_LINKAGES = frozenset({LinkageKind.DEVICE, LinkageKind.PHONE, LinkageKind.PAYMENT})
"""Links that show common control; the others are shared by strangers every day."""

TYPICAL_ACTION = RestrictionKind.SUSPEND_ACCOUNT


class TechnicalResult(Value):
    """Whether a finding is proven technical coordination, and so enforceable by itself."""

    finding_id: Id
    proven: bool
    rule: str
    clause: str
    why: str


def judge_technical(finding: Finding) -> TechnicalResult:
    """Tell whether a finding is proven; not proven, it enforces nothing by itself."""
    rule, why = _judge(finding)
    return TechnicalResult(
        finding_id=finding.id,
        proven=rule is Rule.TECHNICAL_PROVEN,
        rule=rule,
        clause=rule.clause,
        why=why,
    )


def check_may_close(finding: Finding, laid: Iterable[Restriction], now: UtcDatetime) -> None:
    """Check that a technical case may be closed at `now`.

    Raises:
        Refusal: it is proven, and an account in it was not acted on; names those accounts.
    """
    if not judge_technical(finding).proven:
        return
    acted_on = {
        one.subject_id
        for one in laid
        if one.subject_kind == "account"
        and one.ground.kind is GroundKind.TECHNICAL
        and one.ground.ref == finding.id
        and one.starts_at <= now
    }
    left = [account for account in finding.account_ids if account not in acted_on]
    if left:
        raise Refusal(
            Rule.TECHNICAL_CLOSE,
            f"finding {finding.id} is proven; not acted on yet: {', '.join(sorted(left))}",
        )


def _judge(finding: Finding) -> tuple[Rule, str]:
    if finding.kind is not Coordination.TECHNICAL:
        return Rule.TECHNICAL_UNPROVEN, f"it is {finding.kind}, not technical"
    if not finding.counts:
        imported = f"it came from {finding.imported_from}, uncorroborated"
        refuted = f"a person found no coordination ({finding.refuted})"
        return Rule.TECHNICAL_UNPROVEN, refuted if finding.refuted else imported
    if not finding.account_ids:
        return Rule.TECHNICAL_UNPROVEN, "it names no account"
    proof = _proof(finding)
    if proof is not None:
        return Rule.TECHNICAL_PROVEN, proof
    if Proof.LINKAGE in finding.proofs:
        kinds = ", ".join(finding.linkage_kinds) or "nothing that is named"
        return Rule.TECHNICAL_NETWORK, f"its accounts share {kinds}; that proves no common control"
    return Rule.TECHNICAL_UNPROVEN, "no linkage, sourced admission or forensic match is shown"


def _proof(finding: Finding) -> str | None:
    control = sorted(CONTROL_LINKAGES & set(finding.linkage_kinds))
    if Proof.LINKAGE in finding.proofs and control and len(finding.account_ids) > 1:
        return f"its accounts share a {' and a '.join(control)}"
    if Proof.ADMISSION in finding.proofs and finding.sources:
        return "it was admitted, with a source"
    if Proof.FORENSIC_MATCH in finding.proofs and (finding.sources or finding.post_pairs):
        return "a forensic match shows common control or automation"
    return None
