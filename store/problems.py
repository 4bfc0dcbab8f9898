"""What can be wrong with an audit log, by name, and the report of a check."""

from enum import StrEnum

from pydantic import Field

from policy.words import Value


class ProblemKind(StrEnum):
    CHANGED = "changed"
    """A row is not what was written."""
    MISSING = "missing"
    """Rows are gone from the middle."""
    REORDERED = "reordered"
    """A row stands where another was written."""
    CUT_OFF = "cut_off"
    """Rows that the anchor saw are gone from the end."""
    SET_BACK = "set_back"
    """The database was put back to an earlier state and written on from there."""
    ADDED = "added"
    """Rows came past the store: nobody announced them to the anchor."""
    HEAD = "head"
    """The head that the database keeps is not the last row."""
    ANCHOR = "anchor"
    """The anchor is missing, unreadable, another store's, or does not begin at the first row."""
    PAYLOAD_CHANGED = "payload_changed"
    PAYLOAD_MISSING = "payload_missing"
    PAYLOAD_ADDED = "payload_added"
    """A payload belongs to no row."""
    PAYLOAD_ERASED = "payload_erased"
    """A payload was erased, and no row says that it was."""
    DOCUMENT_CHANGED = "document_changed"
    DOCUMENT_MISSING = "document_missing"
    DOCUMENT_ADDED = "document_added"
    """No row of the log tells of a document."""


class Problem(Value):
    """One thing that is wrong."""

    kind: ProblemKind
    seq: int | None = None
    """The row that it is about, or the first of several."""
    subject: str | None = None
    """The document that it is about, as `kind/id`."""
    says: str


class AuditReport(Value):
    """What a check of the audit log found."""

    rows: int
    documents: int
    erased: int
    """Payloads that were erased and whose erasure is told."""
    head: tuple[int, str]
    """Number and hash of the last row."""
    problems: tuple[Problem, ...] = ()
    """The first of them, up to the limit of the check."""
    found: int = Field(default=0)
    """How many there are in all."""
    unfinished: int = 0
    """Intents without their rows: writers that died, or were refused, before their commit."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.found == 0


class Problems:
    """Gathers problems, and keeps no more of them than somebody would read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.kept: list[Problem] = []
        self.found = 0

    def add(
        self, kind: ProblemKind, says: str, *, seq: int | None = None, subject: str | None = None
    ) -> None:
        """Note one."""
        self.found += 1
        if len(self.kept) < self._limit:
            self.kept.append(Problem(kind=kind, seq=seq, subject=subject, says=says))
