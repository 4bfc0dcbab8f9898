"""What reviewers look at beside what they are served: it counts towards their measure all the same.

Label Studio shows every task to every user, and by the time an answer comes its material has been
seen. Refusing such an answer would spare nobody: the work would be lost, and another person would
have to look at the same. So it is taken, noted, and held against what is served next.
"""

from policy.care import DAY, Served, is_severe
from policy.cases import Case
from store.work import Writing


def count_by_hand(work: Writing, case: Case, by: str) -> None:
    """Count a case that a reviewer just answered as served, where it was not served to them today.

    Args:
        by: `person:<e-mail>`; whoever is not on the roster is served nothing, and not counted.
    """
    reviewer = work.reviewers.get(by.removeprefix("person:").casefold())
    if reviewer is None:
        return
    standing = work.servings.get(reviewer.id, case.id, str(case.round))
    if standing is not None and standing.at > work.now - DAY:
        return
    served = Served(
        reviewer_id=reviewer.id,
        case_id=case.id,
        round=case.round,
        at=work.now,
        severe=is_severe(case),
    )
    work.save(served, action="case.opened_by_hand", why="answered without having been served")
