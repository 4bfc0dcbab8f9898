"""Cases that nobody on the roster may answer: not read again until they or the roster change.

There may be thousands, each with all its evidence, and every pass asks which tasks are wanted.
"""

from collections.abc import Collection

from sqlalchemy import func, select

from policy.cases import Case
from store import tables
from store.work import Reading


class Unasked:
    """Remembers which cases wait, and as of which version of theirs and of the roster."""

    def __init__(self) -> None:
        self._roster: tuple[int, int] | None = None
        self._waiting: dict[str, int] = {}
        self._asked_about: dict[str, int] = {}

    def leave_out(self, work: Reading, versions: dict[str, int]) -> list[str]:
        """Of these cases, by id with their versions, those that may be askable by now."""
        reviewers = tables.reviewers.c
        query = select(func.count(), func.coalesce(func.max(reviewers.version), 0))
        count, newest = work.connection.execute(query.select_from(tables.reviewers)).one()
        if self._roster != (count, newest):
            self._roster, self._waiting = (count, newest), {}
        self._asked_about = versions
        return [id_ for id_, version in versions.items() if self._waiting.get(id_) != version]

    def keep(self, looked_at: Collection[Case], waiting: Collection[str]) -> None:
        """Of those that were looked at, these wait."""
        still = {id_: version for id_, version in self._waiting.items() if id_ in self._asked_about}
        for case in looked_at:
            still.pop(case.id, None)
        self._waiting = still | {id_: self._asked_about[id_] for id_ in waiting}
