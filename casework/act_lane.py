"""A group's act lane: shut until that group's own blind decisions have shown that scores are right.

Blind means that the person did not see the model's opinion. Decisions come with the dossier or
from blind cases; each counts with the likelihood that the model gives the account.
"""

from collections.abc import Mapping

from models.routing import Opened, Shut, open_act_lane
from policy.cases import CaseKind, CaseState
from policy.groups import Group
from policy.verdicts import AssociationChoice
from store.work import Reading


def blind_answers(work: Reading, group: Group) -> dict[str, bool]:
    """For each account decided blind: whether it is a member. The last answer counts."""
    found = {one.account_id: one.member for one in group.decisions}
    cases = work.cases.find(
        group_id=group.id,
        kind=[CaseKind.ASSOCIATION.value, CaseKind.REAPPLICATION.value],
        state=CaseState.DECIDED.value,
        blind=True,
        gold=None,
    )
    for case in sorted(cases, key=lambda one: (one.opened_at, one.id)):
        decision = work.decisions.get(f"decision_{case.id}_{case.round}")
        if decision is None or decision.answer == AssociationChoice.CANNOT_TELL:
            continue
        found[case.subject_id] = decision.answer == AssociationChoice.ASSOCIATED
    return found


def act_lane(answers: Mapping[str, bool], scored: Mapping[str, float]) -> Opened | Shut:
    """The lane that these decisions open.

    Args:
        answers: as `blind_answers` gives them.
        scored: the present likelihood of the same accounts. A confirmed member's own is measured
            against the others, so that its decision says nothing about itself.
    """
    return open_act_lane((scored[account], member) for account, member in answers.items())
