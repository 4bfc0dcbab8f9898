"""Taking out of Label Studio what was erased from the store: its tasks hold copies.

Source: General Data Protection Regulation, Article 17. Deleting a task deletes its annotations,
drafts and predictions with it.
"""

from casework.erasure import forgotten, pending
from casework.office import Office
from labeling.configs import Lane
from labeling.studio import Studio


def forget_tasks(office: Office, studio: Studio) -> list[int]:
    """Delete every task that shows what was erased; their numbers.

    They are found by the case that they stand for and not by their bindings: a task that nobody is
    asked about any more stays in Label Studio if somebody answered it. Where a case goes on, the
    reconciler opens another task, with what the case still holds.

    Raises:
        StudioAwayError, StudioRefusedError: what is left stays noted, for the next time.
    """
    with office.store.reading() as work:
        cases = pending(work)
    if not cases:
        return []
    gone = []
    for project in studio.projects():
        if Lane.titled(project.title) is None:
            continue
        for task in list(studio.tasks(project.id)):
            mark = task.mark
            if mark and mark.owner == office.store.name and mark.key.case_id in cases:
                studio.delete_task(task.id)
                gone.append(task.id)
    forgotten(office, cases)
    return gone
