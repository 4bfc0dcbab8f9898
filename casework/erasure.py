"""Erasing a person's data: the documents about them, their traces in others, and their posts.

Source: General Data Protection Regulation, Article 17. The audit chain holds salted digests alone,
so it verifies after the payloads are gone, and rows of its own say that they were erased, by whom
and why, never about whom. While a restriction stands or an appeal is open the data are needed for
exactly that (Article 17 (3)), so erasure is refused and says so.
"""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from casework.office import Office
from casework.person import Person, about, events_about, find_person, mentions
from intake.forget import forget_account
from policy.appeals import Appeal, AppealState
from policy.cases import Case
from policy.restrictions import Restriction
from policy.words import Refusal, Value
from store.shelves import shelf_of
from store.work import Reading, Writing

HELD = "erasure.held.v1"
_PENDING = "erasure.cases"
_BLANK = "[erased]"
_TEXTS = frozenset({"text", "display_name", "description", "location", "handle"})
_OWNERS = ("account", "account_id")


@dataclass
class Erased:
    """What an erasure took away."""

    documents: dict[str, int] = field(default_factory=dict)
    """Documents about the person, by kind."""
    redacted: dict[str, int] = field(default_factory=dict)
    """Documents of others in which they were named, by kind."""
    payloads: int = 0
    events: int = 0
    lake: dict[str, int] = field(default_factory=dict)
    tasks: list[int] = field(default_factory=list)
    """Tasks in the reviewers' tool that are known to show them: to be deleted there."""


def erase(office: Office, account_id: str, *, actor: str, why: str) -> Erased:
    """Erase all that is held about an account.

    The reviewers' tool holds copies in its tasks: which cases they stand for is kept, in the same
    transaction, until `forgotten` says that they are gone there too.

    Raises:
        Refusal: a restriction of theirs stands, or an appeal is open: lift or decide it first.
    """
    person = find_person(office, account_id)

    def do(work: Writing) -> Erased:
        done = Erased()
        own = about(work, person)
        _check_nothing_stands(work, own)
        shown = {value.id for value in own if isinstance(value, Case)}
        shown |= _cases_of_others(work, person)
        bound = work.tasks.find(case_id=shown, bound=True) if shown else []
        done.tasks = sorted(task.task_id for task in bound)
        for value in own:
            shelf = shelf_of(type(value))
            done.documents[shelf.kind] = done.documents.get(shelf.kind, 0) + 1
            done.payloads += work.erase(type(value), *shelf.key(value), why=why)
        _redact_others(work, person, done, why)
        if shown:
            _keep_pending(work, pending(work) | shown)
        events = events_about(work, person)
        done.events = work.events.forget([one.seq for one in events]) if events else 0
        return done

    done = office.store.transact(do, actor=actor, now=office.now())
    # After the store: a kill in between leaves posts, and asking again finds the account by them.
    done.lake = forget_account(office.lake.folder, account_id)
    return done


def pending(work: Reading) -> frozenset[str]:
    """The cases whose tasks in the reviewers' tool still show what was erased here."""
    kept = work.cursors.get(_PENDING)
    return frozenset(json.loads(kept)) if kept else frozenset()


def forgotten(office: Office, case_ids: Collection[str]) -> None:
    """Note that the tasks of some cases are gone from the reviewers' tool."""

    def do(work: Writing) -> None:
        _keep_pending(work, pending(work) - frozenset(case_ids))

    office.store.transact(do, actor="system:erasure", now=office.now())


def _keep_pending(work: Writing, case_ids: frozenset[str]) -> None:
    work.cursors.set(_PENDING, json.dumps(sorted(case_ids)) if case_ids else "")


def _cases_of_others(work: Reading, person: Person) -> set[str]:
    """The cases about others in which, or in whose answers, a person is named."""
    found = set()
    for shelf, id_, doc in mentions(work, person):
        if shelf.type is Case:
            found.add(id_)
        elif "case_id" in doc:
            found.add(doc["case_id"])
    return found


def _check_nothing_stands(work: Writing, own: list[Value]) -> None:
    for value in own:
        if isinstance(value, Restriction) and value.stands(work.now):
            raise Refusal(HELD, f"{value.id} still stands: lift it, or wait for its end, first")
        if isinstance(value, Appeal) and value.state is AppealState.OPEN:
            raise Refusal(HELD, f"{value.id} is open: decide it first")


def _redact_others(work: Writing, person: Person, done: Erased, why: str) -> None:
    pseudonym = f"erased_{secrets.token_hex(8)}"
    # One document may be found by several ids.
    found = {(shelf.kind, id_): (shelf, doc) for shelf, id_, doc in mentions(work, person)}
    for shelf, doc in found.values():
        before = shelf.type.model_validate(doc)
        after = shelf.type.model_validate(redacted(doc, person, pseudonym))
        if shelf.id(before) != shelf.id(after):
            # It is filed under their id: it is about them.
            done.documents[shelf.kind] = done.documents.get(shelf.kind, 0) + 1
            done.payloads += work.erase(shelf.type, *shelf.key(before), why=why)
            continue
        # Read in this work, so that it may be written over.
        work.on(shelf).need(*shelf.key(before))
        work.save(after, action="person.redacted", why=why)
        done.payloads += work.erase_earlier(shelf.type, *shelf.key(after), why=why)
        done.redacted[shelf.kind] = done.redacted.get(shelf.kind, 0) + 1


def redacted(value: Any, person: Person, pseudonym: str) -> Any:
    """JSON without a person: their ids replaced wherever they stand, their words blanked."""
    if isinstance(value, dict):
        theirs = any(value.get(name) in person.names for name in _OWNERS)
        return {
            _name(key, person, pseudonym): _BLANK
            if theirs and key in _TEXTS and inner
            else redacted(inner, person, pseudonym)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [redacted(inner, person, pseudonym) for inner in value]
    return _name(value, person, pseudonym) if isinstance(value, str) else value


def _name(text: str, person: Person, pseudonym: str) -> str:
    if text == person.account_id:
        return pseudonym
    return f"{pseudonym}_post" if text in person.names else text
