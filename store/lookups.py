"""What stands on an account, a post or a trend right now: one query, for one or for many."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Engine, Select, bindparam, or_, select

from policy.restrictions import Restriction
from policy.words import SubjectKind
from store import tables
from store.documents import among_parameter, listed, read_document
from store.errors import named
from store.shelves import RESTRICTIONS


class Lookups:
    """Answers at read time, outside any unit of work; expiry is read from the time given."""

    def __init__(self, engine: Engine) -> None:
        # One statement needs no transaction around it, and two round trips less.
        self._engine = (
            engine.execution_options(isolation_level="AUTOCOMMIT")
            if engine.dialect.name == "postgresql"
            else engine
        )
        # Made once: to put a statement together takes longer than to answer it.
        table = tables.restrictions
        given: BindParameter[str] = bindparam("given")
        self._one = _standing(table.c.subject_id == given)
        self._many = _standing(among_parameter(engine.dialect.name, table.c.subject_id, given))

    def one(self, kind: SubjectKind, id_: str, now: datetime) -> Sequence[Restriction]:
        """The restrictions that stand on one subject at `now`, by id."""
        return self.many(kind, [id_], now)[id_]

    def many(
        self, kind: SubjectKind, ids: Collection[str], now: datetime
    ) -> dict[str, Sequence[Restriction]]:
        """The restrictions that stand at `now` on each subject asked for, by id; none: empty.

        Raises:
            StoreUnavailable: the store cannot answer; what then holds is the caller's to say.
        """
        standing: dict[str, list[Restriction]] = {id_: [] for id_ in ids}
        asked: dict[str, Any] = {"subject_kind": kind.value, "now": now}
        query = self._many
        if len(standing) == 1:
            query, asked["given"] = self._one, next(iter(standing))
        else:
            asked["given"] = listed(self._engine.dialect.name, standing)
        with named(), self._engine.connect() as connection:
            rows = connection.execute(query, asked).all()
        for id_, doc in rows:
            restriction = read_document(RESTRICTIONS, id_, doc)
            standing[restriction.subject_id].append(restriction)
        return dict(standing)


def _standing(about: ColumnElement[bool]) -> Select[str, str]:
    table = tables.restrictions
    now = bindparam("now", type_=tables.Moment())
    query = select(table.c.id, table.c.doc).where(
        table.c.subject_kind == bindparam("subject_kind"),
        about,
        table.c.starts_at <= now,
        or_(table.c.expires_at.is_(None), table.c.expires_at > now),
        or_(table.c.lifted_at.is_(None), table.c.lifted_at > now),
    )
    return query.order_by(table.c.id)
