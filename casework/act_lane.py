"""A group's act lane: shut until that group's own blind decisions have shown that scores are right.

Blind means that the person did not see the model's opinion. Decisions come with the dossier or
from blind cases; each counts with the likelihood that the model gave the account.
"""

from collections.abc import Iterable, Mapping

from models.routing import Opened, Shut, open_act_lane
from policy.cases import CaseKind, CaseState
from policy.groups import Group
from policy.verdicts import AssociationChoice
from store.work import Reading


def blind_answers(work: Reading, group: Group) -> dict[str, tuple[bool, float | None]]:
    """For each account decided blind: whether it is a member, and the likelihood at that time.

    The dossier's decisions have no likelihood of their own. A later answer replaces an earlier.
    """
    found: dict[str, tuple[bool, float | None]] = {
        one.account_id: (one.member, None) for one in group.decisions
    }
    cases = work.cases.find(
        group_id=group.id,
        kind=CaseKind.ASSOCIATION.value,
        state=CaseState.DECIDED.value,
        blind=True,
    )
    for case in sorted(cases, key=lambda one: (one.opened_at, one.id)):
        decision = work.decisions.get(f"decision_{case.id}_{case.round}")
        if decision is None or decision.answer == AssociationChoice.CANNOT_TELL:
            continue
        member = decision.answer == AssociationChoice.ASSOCIATED
        found[case.subject_id] = (member, case.probability)
    return found


def act_lane(
    answers: Mapping[str, tuple[bool, float | None]], scored: Mapping[str, float]
) -> Opened | Shut:
    """The lane that these decisions open.

    Args:
        answers: as `blind_answers` gives them.
        scored: the present likelihood of accounts that decide nothing about themselves, which are
            all but the group's seeds: a seed's score is raised by its own decision, so that for it
            the likelihood of the time counts, or it is left out.
    """
    return open_act_lane(_pairs(answers, scored))


def _pairs(
    answers: Mapping[str, tuple[bool, float | None]], scored: Mapping[str, float]
) -> Iterable[tuple[float, bool]]:
    for account, (member, then) in answers.items():
        likelihood = scored.get(account, then)
        if likelihood is not None:
            yield likelihood, member
