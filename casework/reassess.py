"""New evidence: a proposal, or what is in force, is assessed again as soon as something is known.

A machine assesses and says so; a person decides. What was retracted or disproved is news too.
"""

from functools import partial

from sqlalchemy import func, select

from casework.ids import new_id
from casework.office import Office
from policy.assess import assess_group
from policy.designation import STANDING, Designation, DesignationState
from policy.life_rules import LifeRule
from store import tables
from store.work import Reading, Writing

BY = "model:policy"
_STATES = [DesignationState.PROPOSED.value, *(state.value for state in STANDING)]


def reassess_on_new_evidence(office: Office) -> int:
    """Assess each proposal and designation whose evidence changed since it was assessed; how many.

    A standing one that is no longer carried comes up for review at once, so that nothing new is
    laid on it until a person has looked; a proposal goes on with the new assessment.
    """
    with office.store.reading() as work:
        due = [one.id for one in work.designations.find(state=_STATES) if _is_due(work, one)]
    return sum(
        office.store.transact(partial(_reassess, one), actor=BY, now=office.now()) for one in due
    )


def _reassess(designation_id: str, work: Writing) -> int:
    # Again in the transaction: another process may have been here.
    designation = work.designations.need(designation_id)
    if designation.state.value not in _STATES or not _is_due(work, designation):
        return 0
    before = work.assessments.need(designation.assessment_id)
    made = assess_group(
        new_id("assessment"),
        work.groups.need(designation.group_id),
        findings=work.findings.find(group_id=designation.group_id),
        incidents=work.incidents.find(group_id=designation.group_id),
        now=work.now,
        questions=designation.questions or before.questions,
        outlooks=before.outlooks,
    )
    work.save(made, action="assessment.made", why=made.why)
    changed = designation.reassess(made, by=BY, at=work.now)
    if changed != designation:
        work.save(changed, action="designation.reassessed", why=LifeRule.REASSESSED)
    return 1


def _is_due(work: Reading, designation: Designation) -> bool:
    """Whether an incident or finding was written after the group's last assessment.

    Versions are numbers of the audit log, so that they tell what came first.
    """
    assessed = _newest(work, "assessments", designation.group_id)
    return any(
        _newest(work, name, designation.group_id) > assessed for name in ("incidents", "findings")
    )


def _newest(work: Reading, name: str, group_id: str) -> int:
    table = tables.metadata.tables[name]
    query = select(func.max(table.c.version)).where(table.c.group_id == group_id)
    return int(work.connection.scalar(query) or 0)
