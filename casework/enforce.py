"""Enforcement: restrictions are laid, stated and lifted, with the notice that goes with each.

Source: "Enforcement against coordinated harmful activity". Whether a restriction may be laid is
policy/'s to say; here it is written down, its reasons stated, and the platform told.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from casework.ids import new_id
from casework.standing import standing_of
from casework.strikes import give_strike, violation_of
from policy.brake import Brake
from policy.cases import Case
from policy.designation import Designation
from policy.findings import Finding
from policy.grounds import LIMITS, Violation
from policy.groups import Group
from policy.lay import Opinion, Order, Periods, lay
from policy.life_rules import LifeRule
from policy.lift import tell_lifted
from policy.people import is_person
from policy.reapply import Seen
from policy.records import Post
from policy.restrictions import Restriction
from policy.rules import Rule
from policy.scores import Association
from policy.statements import Found, state_reasons
from policy.use import is_primary
from policy.words import Policy, Refusal, RestrictionKind, Severity, SubjectKind
from store.work import Reading, Writing

MOST_CITED = 20
"""So many posts are cited where more carried an association: the newest."""


def limit(
    work: Writing,
    account_id: str,
    designation: Designation,
    *,
    group: Group,
    by: str,
    behaviour: Sequence[Seen],
    periods: Periods,
    reason: str = "",
    case_id: str | None = None,
    opinion: Opinion | None = None,
    seconded_by: str | None = None,
) -> list[Restriction]:
    """Lay on an account the limits that a designation carries; those that stand are left alone.

    Raises:
        Refusal: the policy forbids it; names the rule.
    """
    earlier = on_subject(work, SubjectKind.ACCOUNT, account_id)
    entry = work.protected.get(account_id)
    brakes = () if is_person(by) else pulled(work)
    braked: Refusal | None = None
    laid = []
    for kind in (kind for kind in LIMITS if kind in designation.measures):
        try:
            restriction = lay(
                Order(
                    restriction_id=new_id("restriction"),
                    subject_kind=SubjectKind.ACCOUNT,
                    subject_id=account_id,
                    account_id=account_id,
                    kind=kind,
                    by=by,
                    reason=reason,
                    case_id=case_id,
                    evidence=tuple(one.post_id for one in behaviour),
                ),
                designation,
                now=work.now,
                protected=entry is not None and entry.stands(work.now),
                periods=periods,
                opinion=opinion,
                seconded_by=seconded_by,
                earlier=earlier,
                seen=behaviour,
                shields=work.shields.find(account_id=account_id),
                brakes=brakes,
            )
        except Refusal as refusal:
            if refusal.rule == Rule.STANDS_ALREADY:
                continue
            if refusal.rule == LifeRule.BRAKE:
                # A brake may be for one surface; the others are served.
                braked = refusal
                continue
            raise
        write(work, restriction, found=Found.MACHINE, group_name=group.name)
        laid.append(restriction)
    if braked is not None and not laid:
        raise braked
    return laid


def suspend(
    work: Writing, case: Case, *, by: str, reason: str, seconded_by: str | None
) -> Restriction | None:
    """Suspend the account of a case on the ground that it stands on; None if it is suspended.

    Raises:
        Refusal: the policy forbids it; names the rule.
    """
    ground = suspension_ground(work, case)
    account_id = case.subject_id
    entry = work.protected.get(account_id)
    use = None
    group_name = None
    if isinstance(ground, Designation):
        association = work.associations.get(account_id, ground.group_id)
        use = association.primary_use if association else None
        group_name = work.groups.need(ground.group_id).name
    order = Order(
        restriction_id=new_id("restriction"),
        subject_kind=SubjectKind.ACCOUNT,
        subject_id=account_id,
        account_id=account_id,
        kind=RestrictionKind.SUSPEND_ACCOUNT,
        by=by,
        reason=reason,
        case_id=case.id,
        evidence=tuple(one.post_id for one in shown_behaviour(case)),
    )
    try:
        restriction = lay(
            order,
            ground,
            now=work.now,
            protected=entry is not None and entry.stands(work.now),
            seconded_by=seconded_by,
            primary_use=use,
            strikes=work.strikes.find(account_id=account_id),
            earlier=on_subject(work, SubjectKind.ACCOUNT, account_id),
        )
    except Refusal as refusal:
        if refusal.rule == Rule.STANDS_ALREADY:
            return None
        raise
    by_hand = isinstance(ground, Finding) and ground.origin == "person"
    found = Found.PERSON if by_hand else Found.MACHINE
    write(work, restriction, found=found, group_name=group_name)
    return restriction


def require_removal(
    work: Writing,
    case: Case,
    *,
    broken: Mapping[Policy, Severity],
    by: str,
    reason: str,
    decision_id: str,
    seconded_by: str | None = None,
) -> Restriction | None:
    """Require the removal of a case's post, citing the gravest rule that it breaks; one strike.

    Raises:
        Refusal: the policy forbids it; names the rule.
    """
    policy = max(broken, key=lambda one: broken[one].rank)
    author = case.evidence["post"]["account"]
    entry = work.protected.get(author)
    violation = Violation(
        id=decision_id,
        account_id=author,
        post_id=case.subject_id,
        policy=policy,
        severe=broken[policy] is Severity.HIGH,
        found_by=by,
        found_at=work.now,
        reason=reason,
    )
    order = Order(
        restriction_id=new_id("restriction"),
        subject_kind=SubjectKind.POST,
        subject_id=case.subject_id,
        account_id=author,
        kind=RestrictionKind.REQUIRE_REMOVAL,
        by=by,
        reason=reason,
        case_id=case.id,
        evidence=(case.subject_id,),
    )
    try:
        restriction = lay(
            order,
            violation,
            now=work.now,
            protected=entry is not None and entry.stands(work.now),
            seconded_by=seconded_by,
            earlier=on_subject(work, SubjectKind.POST, case.subject_id),
        )
    except Refusal as refusal:
        if refusal.rule == Rule.STANDS_ALREADY:
            return None
        raise
    write(work, restriction, found=Found.MACHINE)
    give_strike(work, case, violation)
    return restriction


def lift(
    work: Writing, restriction: Restriction, *, why: str, by: str | None = None
) -> Restriction:
    """End a restriction before its time, and tell so.

    Args:
        by: the person who lifts this very restriction by hand: the machine then leaves it.

    Raises:
        Refusal: it has ended already.
    """
    return keep_lifted(work, restriction.lift(at=work.now, why=why, by=by), notice=True)


def lift_standing(
    work: Writing, restrictions: Iterable[Restriction], *, why: str, by: str | None = None
) -> list[Restriction]:
    """End those of some restrictions that stand, and tell so; what has ended is left alone."""
    return [lift(work, one, why=why, by=by) for one in restrictions if one.stands(work.now)]


def keep_lifted(work: Writing, lifted: Restriction, *, notice: bool = False) -> Restriction:
    """Write down what was lifted, and tell the platform and, by notice, the person."""
    work.save(lifted, action="restriction.lifted", why=lifted.lifted_why or "")
    _tell(work, "lifted", lifted, why=lifted.lifted_why or "")
    if notice:
        work.events.emit(
            "notice",
            lifted.subject_kind,
            lifted.subject_id,
            {"restriction_id": lifted.id, "text": tell_lifted(lifted)},
            at=work.now,
        )
    return lifted


def pulled(work: Reading) -> list[Brake]:
    """The brakes that are pulled."""
    return work.brakes.find(released_at=None)


def on_subject(work: Reading, kind: SubjectKind, subject_id: str) -> list[Restriction]:
    """All that was ever laid on a subject, whatever became of it."""
    return work.restrictions.find(subject_kind=kind.value, subject_id=subject_id)


def behaviour_of(posts: Sequence[Post], association: Association) -> list[Seen]:
    """The posts that carried an association, with their times, newest first.

    They are those that its evidence names, and those that bear an object that it names: where all
    posts say the same, no single one carries the score, and what they share does. A post without a
    time shows no behaviour since anything, so it is left out.
    """
    from models.activity import objects_of

    carried = {one.ref for one in association.evidence if one.kind == "post"}
    shared = {one.ref for one in association.evidence if one.kind == "object"}
    found = [
        Seen(post_id=post.post_id, at=post.created_at)
        for post in posts
        if post.created_at is not None
        and (post.post_id in carried or (shared and not shared.isdisjoint(objects_of(post))))
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST_CITED]


def shown_behaviour(case: Case) -> list[Seen]:
    """The posts that the person who decided a case saw, with their times."""
    shown: Iterable[Mapping[str, str | None]] = case.evidence.get("posts", ())
    return [
        Seen(post_id=str(post["post_id"]), at=datetime.fromisoformat(moment))
        for post in shown
        if (moment := post.get("created_at"))
    ]


def may_suspend(association: Association) -> bool:
    """Whether the primary use that was measured could carry a suspension."""
    return is_primary(association.primary_use)


def suspension_ground(work: Reading, case: Case) -> Designation | Finding | Violation:
    """What a suspension case stands on: a proven finding, violations, or the designation.

    Raises:
        Refusal: the ground has gone.
    """
    proposed = work.decisions.get(case.ref or "")
    if proposed is None:
        finding = work.findings.get(case.ref or "")
        if finding is None:
            raise Refusal(Rule.GROUND, f"case {case.id} stands on no ground")
        return finding
    violation = violation_of(work, proposed)
    if violation is not None:
        return violation
    designation = standing_of(work, case.group_id or "")
    if designation is None:
        raise Refusal(Rule.GROUND, f"group {case.group_id} is not designated any more")
    return designation


def write(
    work: Writing, restriction: Restriction, *, found: Found, group_name: str | None = None
) -> None:
    """Write a restriction, its statement of reasons and the notice, in one transaction."""
    work.save(restriction, action="restriction.laid", why=restriction.cause.rule)
    statement = state_reasons(
        restriction,
        statement_id=f"statement_{restriction.id}",
        notice_at=work.now,
        found=found,
        group_name=group_name,
    )
    work.save(statement, action="statement.made", why=restriction.cause.clause)
    _tell(work, _TOLD.get(restriction.kind, "laid"), restriction, why=restriction.cause.rule)
    work.events.emit(
        "notice",
        restriction.subject_kind,
        restriction.subject_id,
        {"statement_id": statement.id, "text": statement.text},
        at=work.now,
    )


_TOLD = {
    RestrictionKind.REQUIRE_REMOVAL: "require_removal",
    RestrictionKind.SUSPEND_ACCOUNT: "suspended",
}


def _tell(work: Writing, kind: str, restriction: Restriction, *, why: str) -> None:
    work.events.emit(
        kind,
        restriction.subject_kind,
        restriction.subject_id,
        {
            "restriction_id": restriction.id,
            "kind": restriction.kind.value,
            "until": restriction.expires_at.isoformat() if restriction.expires_at else None,
            "why": why,
            "by_person": is_person(restriction.cause.by),
        },
        at=work.now,
    )
