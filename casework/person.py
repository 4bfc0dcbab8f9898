"""All that is held about one account: where it stands in the case store.

What is *about* the account (its restrictions, cases, associations …) is told apart from what merely
*mentions* it (a group's list of members, a finding's pairs).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from casework.office import Office
from policy.words import SubjectKind, Value
from store import tables
from store.chain import canonical
from store.records import Event
from store.shelves import SHELVES, Shelf
from store.work import Reading

_NAMES_AT_ONCE = 200


@dataclass(frozen=True)
class Person:
    """One account, with the ids of its posts."""

    account_id: str
    post_ids: tuple[str, ...]

    @property
    def subjects(self) -> list[tuple[SubjectKind, str]]:
        """What a restriction or an event about them can be about."""
        posts = [(SubjectKind.POST, id_) for id_ in self.post_ids]
        return [(SubjectKind.ACCOUNT, self.account_id), *posts]

    @property
    def names(self) -> frozenset[str]:
        """Every id that leads to them."""
        return frozenset((self.account_id, *self.post_ids))


def find_person(office: Office, account_id: str) -> Person:
    """An account and the posts that the lake has of it."""
    posts = office.lake.posts_of([account_id], limit=10_000_000)[account_id]
    return Person(account_id, tuple(sorted(post.post_id for post in posts)))


def about(work: Reading, person: Person) -> list[Value]:
    """The documents about a person, whatever became of what they tell of."""
    found: list[Value] = []
    for kind, id_ in person.subjects:
        laid = work.restrictions.find(subject_kind=kind.value, subject_id=id_)
        for one in laid:
            found += work.statements.find(restriction_id=one.id)
            found += work.appeals.find(restriction_id=one.id)
        cases = work.cases.find(subject_kind=kind.value, subject_id=id_)
        for case in cases:
            found += work.decisions.find(case_id=case.id)
            found += work.tasks.find(case_id=case.id)
        found += [*laid, *cases]
    found += work.associations.find(account_id=person.account_id)
    found += work.shields.find(account_id=person.account_id)
    found += work.strikes.find(account_id=person.account_id)
    entry = work.protected.get(person.account_id)
    return found if entry is None else [*found, entry]


def mentions(work: Reading, person: Person) -> Iterator[tuple[Shelf[Any], str, Any]]:
    """Every document that names a person anywhere: its shelf, its id, its content as JSON."""
    names = sorted(person.names)
    sqlite = work.connection.dialect.name == "sqlite"
    find = func.instr if sqlite else func.strpos
    for shelf in SHELVES:
        column = shelf.table.c.doc
        for at in range(0, len(names), _NAMES_AT_ONCE):
            here = [find(column, canonical(name)) > 0 for name in names[at : at + _NAMES_AT_ONCE]]
            query = select(shelf.table.c.id, column).where(or_(*here))
            for id_, doc in work.connection.execute(query).all():
                yield shelf, id_, json.loads(doc)


def events_about(work: Reading, person: Person) -> Sequence[Event]:
    """The events about a person that are still kept, and those whose body names them."""
    own = work.events.about(person.subjects)
    seen = {one.seq for one in own}
    table = tables.events
    like = table.c.body.contains(canonical(person.account_id), autoescape=True)
    seqs = work.connection.scalars(select(table.c.seq).where(like))
    more = [work.events.after(seq - 1, limit=1)[0] for seq in seqs if seq not in seen]
    return sorted([*own, *more], key=lambda one: one.seq)
