"""Checking the audit log: every row, payload and document, against the chain and its anchor.

Four things are held against each other. Each row against its own hash and the row that it follows
(changed, missing, reordered). Each payload against its row's digest. The log's end against the
anchor outside the database (cut off, replaced as a whole, written past the store). Each document
against what the log says was last written (changed or removed from outside).
"""

from collections.abc import Callable

from store.anchor import Anchor
from store.check_documents import check_documents
from store.check_rows import RowCheck
from store.errors import named
from store.problems import AuditReport, Problem, ProblemKind, Problems
from store.shelves import SHELVES
from store.store import Store, read_head
from store.witness import Witness, check_witness

__all__ = ["AuditReport", "Problem", "ProblemKind", "verify"]


def verify(
    store: Store,
    anchor: Anchor | None = None,
    *,
    limit: int = 100,
    advance: Callable[[int], None] = lambda _: None,
) -> AuditReport:
    """Check the whole audit log as of one moment, while others may go on writing.

    Args:
        store: the store.
        anchor: another copy of its anchor, such as one kept on another machine.
        limit: how many problems to tell one by one.
        advance: told how many more rows are checked.
    """
    anchor = anchor or store.anchor
    problems = Problems(limit)
    before = Witness.of(anchor, store.name)
    with named(), store.reading() as work:
        head = read_head(work.connection)
        rows = RowCheck(store.name, before, problems)
        rows.run(work.connection, advance)
        documents = sum(check_documents(work.connection, shelf, problems) for shelf in SHELVES)
    after = Witness.of(anchor, store.name)
    check_witness(before, after, rows.last, problems)
    if head != rows.last:
        problems.add(
            ProblemKind.HEAD,
            f"the head is kept as row {head.seq}, but the last row is {rows.last.seq}",
            seq=head.seq,
        )
    return AuditReport(
        rows=rows.rows,
        documents=documents,
        erased=len(rows.erased),
        head=(rows.last.seq, rows.last.hash),
        problems=tuple(problems.kept),
        found=problems.found,
        unfinished=before.unfinished,
    )
