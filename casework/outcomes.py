"""What an association leads to: a limit in an open act lane, a case for a person, or nothing.

Source: "We identify accounts associated with a group on an ongoing and rolling basis, using a
mixture of technology and human review".
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from casework import enforce
from casework import evidence as shown
from casework.brake import Allowance
from casework.cases import open_case
from policy.brake import Rate
from policy.cases import Case, CaseKind, CaseState, Decision
from policy.designation import Designation
from policy.groups import Group
from policy.lay import Opinion, Periods
from policy.people import Act, needs_person
from policy.records import Account, Post
from policy.restrictions import Restriction
from policy.scores import Association
from policy.verdicts import AssociationChoice
from policy.words import Lane, Refusal, SubjectKind, UtcDatetime
from store.work import Writing

SEED = "roll.seed.v1"
SAMPLE = "review.sample.v1"
BLIND_SHARE_SHUT = 0.34
"""Of the cases of a group whose act lane is shut, this share is blind, so that it can open."""
BLIND_SHARE_OPEN = 0.1
"""Of the accounts in or near an open lane, this share is reviewed blind, to keep it honest."""
ABOUT_TIES = (CaseKind.ASSOCIATION.value, CaseKind.REAPPLICATION.value)
"""Cases that ask whether an account belongs to a group, for the first time or again."""
ASK_AGAIN = timedelta(days=30)
"""How long a person's answer on an account holds before new behaviour may bring it up again."""


class Outcome(StrEnum):
    """What was done about one account, for the count of a pass."""

    LIMITED = "limited"
    ASKED = "asked"
    WAITING = "waiting"
    """A person has been asked already, or has answered."""
    HELD = "held"
    """The policy refuses to limit now: an overdue review, a shield, nothing new to go by."""
    NOTHING = "nothing"


@dataclass(frozen=True)
class Circumstances:
    """What is the same for all accounts of a group in one pass."""

    group: Group
    designation: Designation
    lane_open: bool
    periods: Periods
    secret: bytes
    """Draws the blind sample: nobody outside can tell who is in it."""
    rate: Rate = field(default_factory=Rate)
    """How many accounts machines may limit for this group, before they stop by themselves."""


@dataclass(frozen=True)
class Candidate:
    """One account with what is known of it."""

    association: Association
    posts: Sequence[Post]
    profile: Account | None
    language_calibrated: bool
    fresh: bool = True
    """Whether it is measured for new posts of its own, not because the group is known better."""


@dataclass
class Tally:
    """How many accounts came to which outcome."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome] += 1


def follow_up(
    work: Writing, here: Circumstances, candidates: Sequence[Candidate]
) -> Mapping[Outcome, int]:
    """Keep the associations of some accounts and do what they lead to; how many came to what.

    The group and its designation are read again: since the pass began, another may have withdrawn
    it. Then nothing is done at all.
    """
    tally = Tally()
    designation = work.designations.need(here.designation.id)
    if not designation.standing:
        return tally.counts
    here = replace(here, group=work.groups.need(here.group.id), designation=designation)
    allowance = Allowance(work, here.group.id, here.rate)
    keys = [(one.association.account_id, here.group.id) for one in candidates]
    known = work.associations.get_many(keys)
    kept = {(one.account_id, one.group_id): one for one in known.values()}
    for candidate, key in zip(candidates, keys, strict=True):
        before = kept.get(key)
        if before is not None and before.closed_at is not None and not candidate.fresh:
            # Closed is closed until the account does something new.
            tally.add(Outcome.NOTHING)
            continue
        outcome, held = _follow_up(work, here, candidate, allowance)
        seen = work.now if candidate.fresh or before is None else before.seen_at
        measured = candidate.association.model_copy(update={"seen_at": seen, "held": held})
        if measured != before and (before or measured.lane is not Lane.DISMISS):
            work.save(measured, action="association.scored", why=measured.rule)
        tally.add(outcome)
    return tally.counts


def _follow_up(
    work: Writing, here: Circumstances, candidate: Candidate, allowance: Allowance
) -> tuple[Outcome, str | None]:
    """What was done, and the rule that held the machine back, where one did."""
    association = candidate.association
    if association.lane is Lane.DISMISS:
        return Outcome.NOTHING, None
    account_id = association.account_id
    restrictions = [
        one
        for one in enforce.on_subject(work, SubjectKind.ACCOUNT, account_id)
        if one.ground.group_id == here.group.id
    ]
    if any(one.stands(work.now) for one in restrictions):
        return Outcome.WAITING, None
    answered = _last_answer(work, account_id, here.group.id)
    if answered is not None and not _ask_again(answered[1], candidate, restrictions, work.now):
        return Outcome.WAITING, None
    rule = _needs_person(work, here, candidate, answered)
    if rule is not None:
        blind = _sampled(here, account_id)
        return _ask(work, here, candidate, rule, blind=blind, before=restrictions), None
    allowance.check()
    try:
        enforce.limit(
            work,
            account_id,
            here.designation,
            group=here.group,
            by=f"model:{association.model}",
            behaviour=enforce.behaviour_of(candidate.posts, association),
            periods=here.periods,
            opinion=Opinion(
                lane=association.lane,
                calibrated=association.calibrated,
                language_calibrated=candidate.language_calibrated,
            ),
        )
    except Refusal as refusal:
        # What the policy refuses to a machine may still be asked of a person, but not here: an
        # overdue review or a shield holds for people who are asked by a machine, too.
        return Outcome.HELD, refusal.rule
    allowance.used()
    if _sampled(here, account_id):
        _ask(work, here, candidate, SAMPLE, blind=True, before=())
    return Outcome.LIMITED, None


def _needs_person(
    work: Writing,
    here: Circumstances,
    candidate: Candidate,
    answered: tuple[Case, Decision] | None,
) -> str | None:
    association = candidate.association
    if association.account_id in here.group.seeds and answered is None:
        # A seed's own score is high by construction: it says nothing.
        return SEED
    protected = work.protected.get(association.account_id)
    rule = needs_person(
        Act.LIMIT,
        calibrated=association.calibrated,
        language_calibrated=candidate.language_calibrated,
        protected=protected is not None and protected.stands(work.now),
        lane=association.lane,
    )
    if rule is None:
        return None
    # Where routing has a finer reason for asking, the reviewer is told that one.
    return association.rule if association.lane is Lane.REVIEW and protected is None else rule


def _ask(
    work: Writing,
    here: Circumstances,
    candidate: Candidate,
    rule: str,
    *,
    blind: bool,
    before: Sequence[Restriction],
) -> Outcome:
    association = candidate.association
    open_already = work.cases.count(
        kind=ABOUT_TIES,
        subject_id=association.account_id,
        group_id=here.group.id,
        state=CaseState.OPEN.value,
        gold=None,
    )
    if open_already:
        return Outcome.WAITING
    open_case(
        work,
        kind=CaseKind.REAPPLICATION if before else CaseKind.ASSOCIATION,
        subject_kind=SubjectKind.ACCOUNT,
        subject_id=association.account_id,
        group_id=here.group.id,
        rule=rule,
        probability=association.probability,
        sampling=BLIND_SHARE_OPEN if rule == SAMPLE else 1.0,
        blind=blind,
        evidence=shown.for_association(
            rule=SAMPLE if blind else rule,
            group=here.group,
            profile=candidate.profile,
            posts=candidate.posts,
            association=association,
            protected=work.protected.get(association.account_id),
            blind=blind,
        )
        | ({"before": _told_before(before, work.now)} if before else {}),
    )
    return Outcome.ASKED


def _told_before(before: Sequence[Restriction], now: UtcDatetime) -> list[list[str]]:
    """What stood on this ground before, and how each ended, for whoever decides about more."""
    told = []
    for one in before:
        ended = one.ended_at(now)
        until = f"{one.starts_at:%F} to {ended:%F}" if ended else f"since {one.starts_at:%F}"
        told.append([one.kind.value, f"{until}: {one.lifted_why or 'it expired'}"])
    return told


def _last_answer(work: Writing, account_id: str, group_id: str) -> tuple[Case, Decision] | None:
    cases = work.cases.find(
        kind=ABOUT_TIES,
        subject_id=account_id,
        group_id=group_id,
        state=CaseState.DECIDED.value,
        gold=None,
    )
    if not cases:
        return None
    last = max(cases, key=lambda case: (case.ended_at or case.opened_at, case.id))
    decision = work.decisions.get(f"decision_{last.id}_{last.round}")
    return None if decision is None else (last, decision)


def _ask_again(
    decision: Decision,
    candidate: Candidate,
    restrictions: Sequence[Restriction],
    now: UtcDatetime,
) -> bool:
    """Whether behaviour since a person's answer is reason to take the account up again."""
    ended = [one.ended_at(now) for one in restrictions]
    since = max([decision.at, *(at for at in ended if at is not None)])
    behaviour = enforce.behaviour_of(candidate.posts, candidate.association)
    new = any(one.at > since for one in behaviour)
    if decision.answer == AssociationChoice.ASSOCIATED:
        return new
    return new and now >= decision.at + ASK_AGAIN


def _sampled(here: Circumstances, account_id: str) -> bool:
    text = f"{here.group.id}|{account_id}".encode()
    drawn = int.from_bytes(hmac.new(here.secret, text, hashlib.sha256).digest()[:8]) / 2**64
    return drawn < (BLIND_SHARE_OPEN if here.lane_open else BLIND_SHARE_SHUT)
