"""Which designations are in force."""

from policy.designation import STANDING, Designation
from store.work import Reading

_IN_FORCE = [state.value for state in STANDING]


def standing_of(work: Reading, group_id: str) -> Designation | None:
    """The designation of a group that is in force, if it has one."""
    found = work.designations.find(group_id=group_id, state=_IN_FORCE)
    return found[-1] if found else None


def all_standing(work: Reading) -> list[Designation]:
    """Every designation in force, by id."""
    return work.designations.find(state=_IN_FORCE)
