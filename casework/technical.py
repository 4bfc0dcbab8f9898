"""Proven technical coordination: its own path, without a designation, that ends in action.

Source: "If we can prove with sufficient evidence … we will always take enforcement action,
typically by permanently suspending the accounts involved". A person decides each suspension.
"""

from casework import evidence as shown
from casework.cases import open_case
from casework.enforce import on_subject
from casework.office import Office
from policy.cases import CaseKind
from policy.findings import Coordination, Finding
from policy.harms import harms_of
from policy.records import Account, Post
from policy.technical import TechnicalResult, judge_technical
from policy.words import Policy, RestrictionKind, Severity, SubjectKind
from store.work import Reading, Writing


def pursue_proven(office: Office) -> int:
    """Open a suspension case for each account of each proven finding that was not acted on yet.

    Returns:
        How many cases were opened. Asking again opens nothing twice.
    """
    with office.store.reading() as work:
        todo = [
            (finding, result, _not_acted_on(work, finding))
            for finding in work.findings.find()
            if finding.kind is Coordination.TECHNICAL
            and (result := judge_technical(finding)).proven
        ]
    return sum(_open(office, finding, result, left) for finding, result, left in todo if left)


def _open(office: Office, finding: Finding, result: TechnicalResult, accounts: list[str]) -> int:
    profiles = office.lake.accounts(accounts)
    posts = office.lake.posts_of(accounts, limit=shown.SHOWN_POSTS)

    def do(work: Writing) -> int:
        # Again in the transaction: another process may have been here.
        left = set(_not_acted_on(work, finding)) & set(accounts)
        for account_id in sorted(left):
            open_case(
                work,
                kind=CaseKind.SUSPENSION,
                subject_kind=SubjectKind.ACCOUNT,
                subject_id=account_id,
                group_id=finding.group_id,
                rule=result.rule,
                harm=harms_of(Policy.SPAM)[0],
                severity=Severity.MODERATE,
                policies=(Policy.SPAM,),
                evidence=_evidence(finding, result, account_id, profiles, posts),
                ref=finding.id,
            )
        return len(left)

    return office.store.transact(do, actor="system:technical", now=office.now())


def _not_acted_on(work: Reading, finding: Finding) -> list[str]:
    """Accounts that were neither suspended for this finding nor are waiting for a person."""
    return [
        account_id
        for account_id in finding.account_ids
        if not any(
            one.ground.ref == finding.id and one.kind is RestrictionKind.SUSPEND_ACCOUNT
            for one in on_subject(work, SubjectKind.ACCOUNT, account_id)
        )
        and not any(
            case.ref == finding.id
            for case in work.cases.find(
                kind=CaseKind.SUSPENSION.value, subject_id=account_id, state="open"
            )
        )
    ]


def _evidence(
    finding: Finding,
    result: TechnicalResult,
    account_id: str,
    profiles: dict[str, Account],
    posts: dict[str, list[Post]],
) -> shown.Json:
    others = len(finding.account_ids) - 1
    return shown.for_technical(
        rule=result.rule,
        account_id=account_id,
        profile=profiles.get(account_id),
        posts=posts[account_id],
        proposal=f"Suspend the account: proven technical coordination with {others} others. "
        f"The proof: {result.why}. What was found: {finding.summary}",
    )
