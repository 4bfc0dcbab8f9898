"""A unit of work: one transaction that reads documents, or reads and writes them.

There is one way to write a document, and it writes the audit row with it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from policy.words import Value
from store import shelves, tables
from store.chain import Head, Link, canonical, digest, new_salt
from store.deliveries import Deliveries
from store.documents import Documents, among, write_document
from store.errors import AlreadyThere, LostUpdate, NotStorable
from store.history import History
from store.outbox import Cursors, Events, Hints
from store.shelves import Shelf, key_of, shelf_of

V = TypeVar("V", bound=Value)

_LINK = tuple(column.name for column in tables.audit_log.columns)

_FLUSH_AT = 5_000
"""Audit rows kept in memory before they are written; each may hold a whole document."""


class Reading:
    """What the store holds, as of one moment."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        """For queries over store.tables that Documents cannot say; writing goes by `save` alone."""
        self._seen: dict[str, dict[str, int]] = {}
        self.groups = self._of(shelves.GROUPS)
        self.incidents = self._of(shelves.INCIDENTS)
        self.findings = self._of(shelves.FINDINGS)
        self.assessments = self._of(shelves.ASSESSMENTS)
        self.designations = self._of(shelves.DESIGNATIONS)
        self.associations = self._of(shelves.ASSOCIATIONS)
        self.cases = self._of(shelves.CASES)
        self.tasks = self._of(shelves.TASKS)
        self.decisions = self._of(shelves.DECISIONS)
        self.restrictions = self._of(shelves.RESTRICTIONS)
        self.statements = self._of(shelves.STATEMENTS)
        self.appeals = self._of(shelves.APPEALS)
        self.shields = self._of(shelves.SHIELDS)
        self.strikes = self._of(shelves.STRIKES)
        self.protected = self._of(shelves.PROTECTED)
        self.brakes = self._of(shelves.BRAKES)
        self.bulk_actions = self._of(shelves.BULK_ACTIONS)
        self.shadows = self._of(shelves.SHADOWS)
        self.shadow_outcomes = self._of(shelves.SHADOW_OUTCOMES)
        self.reviewers = self._of(shelves.REVIEWERS)
        self.review_rules = self._of(shelves.REVIEW_RULES)
        self.gold_items = self._of(shelves.GOLD_ITEMS)
        self.servings = self._of(shelves.SERVINGS)
        self.api_keys = self._of(shelves.API_KEYS)
        self.history = History(connection)
        self.events = Events(connection)
        self.cursors = Cursors(connection)
        self.hints = Hints(connection)
        self.deliveries = Deliveries(connection)

    def on(self, shelf: Shelf[V]) -> Documents[V]:
        """The documents on any shelf, for what is done to all of them alike."""
        return self._of(shelf)

    def _of(self, shelf: Shelf[V]) -> Documents[V]:
        return Documents(self.connection, shelf, self._seen.setdefault(shelf.kind, {}))


class Writing(Reading):
    """The same, and the right to write: the only writer of the store until it ends."""

    def __init__(self, connection: Connection, actor: str, now: datetime, base: Head) -> None:
        if not actor.strip():
            raise ValueError("the actor of a change must be named")
        if now.tzinfo is None:
            raise ValueError("`now` must be an aware datetime")
        super().__init__(connection)
        self.actor = actor
        self.now = now.astimezone(UTC)
        self.base = base
        self.head = base
        self._links: list[dict[str, Any]] = []
        self._payloads: list[dict[str, Any]] = []

    def save(self, value: V, *, action: str, why: str = "", expects: int | None = None) -> V:
        """Write a document and its audit row: as new, or over the version that was read here.

        Args:
            value: any value that has a shelf.
            action: what was done, such as `case.opened`; stable, for programs.
            why: in words, for people.
            expects: the version that the change was made from, where it was read in another
                transaction (0: it must not exist yet).

        Raises:
            AlreadyThere: an id, open case or source that is taken; or a document that exists and
                was not read in this work. The work may go on.
            LostUpdate: somebody wrote the document since it was read.
            NotStorable: the type has no shelf, or the content cannot be kept.
        """
        shelf = shelf_of(type(value))
        id_ = shelf.id(value)
        seen = self._seen.setdefault(shelf.kind, {})
        version = seen.get(id_, 0) if expects is None else expects
        row = self._row(shelf, value, id_)
        link, payload = self._entry(shelf.kind, id_, row["doc"], action, why)
        row["version"] = link.seq
        if version:
            self._change(shelf.table, [row | {"expected_version": version}])
        else:
            self._insert(shelf.table, [row])
        self._keep(link, payload)
        seen[id_] = link.seq
        return value

    def save_all(self, values: Iterable[Value], *, action: str, why: str = "") -> int:
        """Write many documents, each with its own audit row, in few statements; how many.

        All or none: a refusal (as of `save`) leaves none of them written.
        """
        todo = [(shelf_of(type(value)), value) for value in values]
        fresh: dict[str, list[dict[str, Any]]] = {}
        changed: dict[str, list[dict[str, Any]]] = {}
        entries: list[tuple[Link, dict[str, Any]]] = []
        before = self.head
        try:
            for shelf, value in todo:
                id_ = shelf.id(value)
                row = self._row(shelf, value, id_)
                link, payload = self._entry(shelf.kind, id_, row["doc"], action, why)
                self.head = Head(before.store, link.seq, link.hash)
                entries.append((link, payload))
                row["version"] = link.seq
                version = self._seen.setdefault(shelf.kind, {}).get(id_, 0)
                if version:
                    row["expected_version"] = version
                    changed.setdefault(shelf.kind, []).append(row)
                else:
                    fresh.setdefault(shelf.kind, []).append(row)
            with self.connection.begin_nested():
                for kind, rows in fresh.items():
                    self._insert(tables.metadata.tables[kind], rows)
                for kind, rows in changed.items():
                    self._change(tables.metadata.tables[kind], rows)
        finally:
            self.head = before
        for (shelf, value), (link, payload) in zip(todo, entries, strict=True):
            self._keep(link, payload)
            self._seen[shelf.kind][shelf.id(value)] = link.seq
        return len(todo)

    def erase(self, type_: type[Value], *key: str, why: str) -> int:
        """Delete a document and every audit payload about it; how many payloads are gone.

        The chain still verifies: it holds digests alone. A row of its own says which payloads
        were erased, by whom, when and why, but not whom they told of.
        """
        shelf = shelf_of(type_)
        id_ = key_of(*key)
        self.flush()
        self.connection.execute(shelf.table.delete().where(shelf.table.c.id == id_))
        self._seen.get(shelf.kind, {}).pop(id_, None)
        return self._erase_payloads(shelf.kind, id_, before=None, why=why)

    def erase_earlier(self, type_: type[Value], *key: str, why: str) -> int:
        """Erase the payloads of a document's earlier states; how many. The document stays.

        For what an earlier state told of somebody, and the present one does not any more.
        """
        shelf = shelf_of(type_)
        id_ = key_of(*key)
        self.flush()
        query = select(shelf.table.c.version).where(shelf.table.c.id == id_)
        version = self.connection.scalar(query)
        return self._erase_payloads(shelf.kind, id_, before=version, why=why)

    def _erase_payloads(self, kind: str, id_: str, *, before: int | None, why: str) -> int:
        payloads = tables.audit_payloads
        about = payloads.c.subject == _subject(kind, id_)
        if before is not None:
            about &= payloads.c.seq < before
        seqs = list(self.connection.scalars(select(payloads.c.seq).where(about)))
        if seqs:
            self.connection.execute(
                update(payloads).where(about).values(subject=None, salt=None, payload=None)
            )
            told = canonical({"kind": kind, "erased": sorted(seqs)})
            self._keep(*self._entry(ERASURES, str(self.head.seq + 1), told, "audit.erased", why))
        return len(seqs)

    def flush(self) -> None:
        """Write the audit rows that are still in memory, and the new head."""
        if not self._links:
            return
        self.connection.execute(insert(tables.audit_log), self._links)
        self.connection.execute(insert(tables.audit_payloads), self._payloads)
        self.connection.execute(
            update(tables.audit_head).values(seq=self.head.seq, hash=self.head.hash)
        )
        self._links, self._payloads = [], []

    def _row(self, shelf: Shelf[Any], value: Value, id_: str) -> dict[str, Any]:
        row = {"id": id_, **shelf.row(value, self.now), "doc": write_document(value)}
        for name, content in row.items():
            if isinstance(content, str) and not _keepable(content):
                raise NotStorable(f"{shelf.kind}: {name} holds a character no database keeps")
        return row

    def _entry(
        self, kind: str, id_: str, doc: str, action: str, why: str
    ) -> tuple[Link, dict[str, Any]]:
        salt = new_salt()
        subject = _subject(kind, id_)
        # The document is canonical already; it is not parsed and written a second time.
        payload = f'{{"doc":{doc},"subject":{canonical(subject)},"why":{canonical(why)}}}'
        link = Link(
            seq=self.head.seq + 1,
            at=self.now,
            actor=self.actor,
            action=action,
            kind=kind,
            digest=digest(salt, payload),
            prev_hash=self.head.hash,
        )
        return link, {"seq": link.seq, "subject": subject, "salt": salt, "payload": payload}

    def _keep(self, link: Link, payload: dict[str, Any]) -> None:
        row = {name: getattr(link, name) for name in _LINK}
        self._links.append(row)
        self._payloads.append(payload)
        self.head = Head(self.head.store, link.seq, link.hash)
        if len(self._links) >= _FLUSH_AT:
            self.flush()

    def _insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        try:
            # A savepoint, so that after a refusal both databases let the work go on.
            with self.connection.begin_nested():
                self.connection.execute(insert(table), rows)
        except IntegrityError as error:
            raise self._taken(table, rows, error) from error

    def _taken(
        self, table: Table, rows: Sequence[dict[str, Any]], error: IntegrityError
    ) -> AlreadyThere:
        unique = [column.name for column in table.columns if column.primary_key or column.unique]
        for name in unique:
            given = [row[name] for row in rows if row[name] is not None]
            taken = self.connection.scalars(
                select(table.c[name]).where(among(self.connection, table.c[name], given))
            ).first()
            twice = next((one for one in given if given.count(one) > 1), None)
            found = taken or twice
            if found is not None:
                row = next(row for row in rows if row[name] == found)
                reason = (
                    "it exists; read it in this work before changing it"
                    if name == "id"
                    else f"its {name} {found!r} is taken"
                )
                return AlreadyThere(table.name, row["id"], reason)
        return AlreadyThere(table.name, rows[0]["id"], str(error.orig))

    def _change(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        statement = (
            update(table)
            .where(table.c.id == bindparam("expected_id"))
            .where(table.c.version == bindparam("expected_version"))
            .values({name: bindparam(name) for name in rows[0] if name in table.c and name != "id"})
        )
        given = [{**row, "expected_id": row["id"]} for row in rows]
        for row in given:
            del row["id"]
        try:
            with self.connection.begin_nested():
                done = self.connection.execute(statement, given)
                if done.rowcount != len(rows):
                    raise self._lost(table, rows)
        except IntegrityError as error:
            raise self._taken(table, rows, error) from error

    def _lost(self, table: Table, rows: Sequence[dict[str, Any]]) -> LostUpdate:
        ids = [row["id"] for row in rows]
        mine = {row["id"]: row["version"] for row in rows}
        query = select(table.c.id, table.c.version)
        found = self.connection.execute(query.where(among(self.connection, table.c.id, ids)))
        standing = {row.id: row.version for row in found}
        for row in rows:
            if standing.get(row["id"]) != mine[row["id"]]:
                return LostUpdate(table.name, row["id"], row["expected_version"])
        return LostUpdate(table.name, ids[0], rows[0]["expected_version"])


ERASURES = "erasures"
"""The kind of audit rows that say which payloads were erased."""


def _subject(kind: str, id_: str) -> str:
    return f"{kind}/{id_}"


def _keepable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
