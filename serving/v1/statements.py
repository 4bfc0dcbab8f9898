"""Statements of reasons: for the person, in their language; for the Transparency Database."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from casework.appeal_links import PATH, make_token
from casework.dsa import problems, record
from casework.export_statements import facts_about
from casework.notices import language_for, notice
from policy.statements import StatementOfReasons
from policy.words import UtcDatetime
from serving.v1.desk import AnId, Page, TheDocuments, TheList, TheOffice, Wanted
from store import shelves

router = APIRouter(tags=["statements"])


class Part(BaseModel):
    heading: str
    text: str


class NoticeOut(BaseModel):
    """What the person is told, to be sent by the platform."""

    statement_id: str
    language: str
    direction: str
    """`ltr` or `rtl`."""
    parts: list[Part]
    text: str
    appeal_url: str
    """The page to object on; whoever has it may object, so it belongs to that person alone."""
    appeal_until: UtcDatetime


class DsaRecord(BaseModel):
    """The record for the DSA Transparency Database, and what is wrong with it, if anything."""

    record: dict[str, Any]
    problems: list[str]


@router.get("/statements")
def list_statements(items: TheList, restriction_id: Wanted = None) -> Page[StatementOfReasons]:
    """Statements of reasons, of one restriction or of all."""
    return items.of(shelves.STATEMENTS, restriction_id=restriction_id)


@router.get("/statements/{statement_id}")
def read_statement(documents: TheDocuments, statement_id: AnId) -> StatementOfReasons:
    """What the person who is restricted is told."""
    return documents.one(shelves.STATEMENTS, statement_id)


@router.get("/statements/{statement_id}/notice")
def read_notice(
    office: TheOffice,
    statement_id: AnId,
    lang: Annotated[
        str, Query(max_length=35, description="A language code; English where there is none.")
    ] = "en",
) -> NoticeOut:
    """The statement in the person's language, with the link by which they can object."""
    with office.store.reading() as work:
        statement = work.statements.need(statement_id)
        restriction = work.restrictions.need(statement.restriction_id)
        told = notice(work, restriction, statement, language_for([lang]))
    token = make_token(office.secrets[0], restriction.id, statement.appeal_until)
    return NoticeOut(
        statement_id=statement.id,
        language=told.language.code,
        direction=told.language.direction,
        parts=[Part(heading=heading, text=said) for heading, said in told.parts],
        text=told.text,
        appeal_url=f"{office.settings.address}{PATH}{token}",
        appeal_until=statement.appeal_until,
    )


@router.get("/statements/{statement_id}/dsa")
def read_dsa_record(office: TheOffice, statement_id: AnId) -> DsaRecord:
    """The statement as the DSA Transparency Database takes it, without personal data."""
    with office.store.reading() as work:
        statement = work.statements.need(statement_id)
        restriction = work.restrictions.need(statement.restriction_id)
        about = facts_about(office, [restriction])[restriction.id]
        made = record(work, restriction, statement, about)
    return DsaRecord(record=made, problems=problems(made))
