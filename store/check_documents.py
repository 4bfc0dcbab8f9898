"""Holding each document against what the log says was last written, and against its columns."""

from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from policy.words import Value
from store import tables
from store.documents import read_document
from store.errors import StoreError
from store.problems import ProblemKind, Problems
from store.shelves import Shelf


def check_documents(connection: Connection, shelf: Shelf[Value], problems: Problems) -> int:
    """Check one shelf; how many documents stand on it."""
    table, log, payloads = shelf.table, tables.audit_log, tables.audit_payloads
    subject = literal(f"{shelf.kind}/") + table.c.id
    newest = payloads.alias()
    query = (
        select(table)
        .add_columns(
            log.c.at.label("written_at"),
            payloads.c.subject.label("told_subject"),
            payloads.c.payload.label("told"),
            select(func.max(newest.c.seq))
            .where(newest.c.subject == subject)
            .scalar_subquery()
            .label("latest"),
        )
        .join_from(table, payloads, payloads.c.seq == table.c.version, isouter=True)
        .join(log, log.c.seq == table.c.version, isouter=True)
        .execution_options(yield_per=1000)
    )
    checked = 0
    for row in connection.execute(query):
        checked += 1
        wrong = _wrong(shelf, row)
        if wrong is not None:
            kind, says = wrong
            problems.add(kind, says, seq=row.version, subject=f"{shelf.kind}/{row.id}")
    # The id out of the subject, not the subject out of the id: only the id has an index.
    id_ = func.substr(payloads.c.subject, len(shelf.kind) + 2)
    gone = (
        select(payloads.c.subject, func.max(payloads.c.seq))
        .where(payloads.c.subject.startswith(f"{shelf.kind}/", autoescape=True))
        .where(~select(table.c.id).where(table.c.id == id_).exists())
        .group_by(payloads.c.subject)
    )
    for told, seq in connection.execute(gone):
        problems.add(ProblemKind.DOCUMENT_MISSING, f"{told} is gone", seq=seq, subject=told)
    return checked


def _wrong(shelf: Shelf[Value], row: Row[Any]) -> tuple[ProblemKind, str] | None:
    name = f"{shelf.kind}/{row.id}"
    if row.told_subject != name:
        return ProblemKind.DOCUMENT_ADDED, f"no row of the log tells of {name}"
    if not row.told.startswith(f'{{"doc":{row.doc},"subject":'):
        return ProblemKind.DOCUMENT_CHANGED, f"{name} is not what was written"
    if row.latest != row.version:
        return ProblemKind.DOCUMENT_CHANGED, f"{name} was put back to an earlier state"
    try:
        value = read_document(shelf, row.id, row.doc)
    except StoreError as error:
        return ProblemKind.DOCUMENT_CHANGED, str(error)
    for column, expected in shelf.row(value, row.written_at).items():
        if row._mapping[column] != expected:
            return ProblemKind.DOCUMENT_CHANGED, f"{name}: column {column} was changed"
    return None
