"""Reading the documents of one type within one transaction."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
)

from policy.words import Value
from store.chain import canonical
from store.errors import NotFound, NotStorable, StoreError
from store.shelves import Shelf, key_of

V = TypeVar("V", bound=Value)


class Documents(Generic[V]):
    """The documents on one shelf, as this transaction sees them.

    What is read here is remembered by its version, so that writing it back can tell whether
    somebody else wrote it in between.
    """

    def __init__(self, connection: Connection, shelf: Shelf[V], seen: dict[str, int]) -> None:
        self._connection = connection
        self._shelf = shelf
        self._seen = seen

    def get(self, *key: str) -> V | None:
        """The document with this id, or None. An association's is its account id and group id."""
        return self.get_many([key]).get(key_of(*key))

    def need(self, *key: str) -> V:
        """The document with this id.

        Raises:
            NotFound: there is none.
        """
        value = self.get(*key)
        if value is None:
            raise NotFound(self._shelf.kind, "|".join(key))
        return value

    def get_many(self, keys: Iterable[str | tuple[str, ...]]) -> dict[str, V]:
        """The documents with these ids, by id, in one query; ids that do not exist are left out."""
        ids = [key if isinstance(key, str) else key_of(*key) for key in keys]
        if not ids:
            return {}
        table = self._shelf.table
        where = among(self._connection, table.c.id, ids)
        return {self._shelf.id(value): value for value in self._read(where)}

    def find(
        self,
        *where: ColumnElement[bool],
        order_by: Collection[ColumnElement[Any]] = (),
        limit: int | None = None,
        **equals: Any,
    ) -> list[V]:
        """The documents whose columns have these values (a list: any of them), and for which
        every condition over the columns of store.tables holds.

        In the order given, then by id. Example:
            `find(tables.cases.c.lapses_at <= now, state="open", kind=["association", "appeal"])`
        """
        conditions = (*where, *self._conditions(equals))
        return list(self._read(*conditions, order_by=tuple(order_by), limit=limit))

    def each(
        self,
        *where: ColumnElement[bool],
        order_by: Collection[ColumnElement[Any]] = (),
        limit: int | None = None,
        **equals: Any,
    ) -> Iterator[V]:
        """The same as `find`, one at a time, for more than memory should hold.

        Write nothing to this shelf while reading on: what then comes is not said.
        """
        conditions = (*where, *self._conditions(equals))
        return self._read(*conditions, order_by=tuple(order_by), limit=limit, stream=True)

    def count(self, *where: ColumnElement[bool], **equals: Any) -> int:
        """How many `find` would give."""
        query = select(func.count()).select_from(self._shelf.table)
        query = query.where(*where, *self._conditions(equals))
        return int(self._connection.execute(query).scalar_one())

    def version(self, *key: str) -> int:
        """The version at which this transaction read a document, or else the one that stands.

        Raises:
            NotFound: there is no such document.
        """
        if (self.get(*key)) is None:
            raise NotFound(self._shelf.kind, "|".join(key))
        return self._seen[key_of(*key)]

    def _conditions(self, equals: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
        columns = self._shelf.table.c
        for name, value in equals.items():
            if name not in columns:
                raise TypeError(f"{self._shelf.kind} has no column {name!r}")
            if value is None:
                yield columns[name].is_(None)
            elif isinstance(value, list | tuple | set | frozenset):
                yield columns[name].in_(list(value))
            else:
                yield columns[name] == value

    def _read(
        self,
        *where: ColumnElement[bool],
        order_by: tuple[ColumnElement[Any], ...] = (),
        limit: int | None = None,
        stream: bool = False,
    ) -> Iterator[V]:
        table = self._shelf.table
        query = select(table.c.id, table.c.version, table.c.doc).where(*where)
        query = query.order_by(*order_by, table.c.id).limit(limit)
        if stream:
            query = query.execution_options(yield_per=1000)
        for id_, version, doc in self._connection.execute(query):
            value = read_document(self._shelf, id_, doc)
            self._seen[id_] = version
            yield value


def among(
    connection: Connection, column: ColumnElement[str], values: Collection[str]
) -> ColumnElement[bool]:
    """That a text column has one of many values: one parameter, one statement text, any number."""
    given = listed(connection.dialect.name, values)
    return among_parameter(connection.dialect.name, column, bindparam(None, given))


def among_parameter(
    dialect: str, column: ColumnElement[str], given: BindParameter[Any]
) -> ColumnElement[bool]:
    """The same, with a parameter that is bound later, to what `listed` makes."""
    if dialect == "postgresql":
        return column == any_(cast(given, ARRAY(Text)))
    values = func.json_each(given).table_valued("value")
    return column.in_(select(values.c.value))


def listed(dialect: str, values: Collection[str]) -> list[str] | str:
    """Many values as the one parameter that each database takes."""
    return list(values) if dialect == "postgresql" else canonical(list(values))


def write_document(value: Value) -> str:
    """A value as the one text that is stored and digested.

    Raises:
        NotStorable: the value holds what JSON or UTF-8 cannot.
    """
    try:
        return canonical(value.model_dump(mode="json"))
    except PydanticSerializationError as error:
        raise NotStorable(f"{type(value).__name__}: {error}") from error


def read_document(shelf: Shelf[V], id_: str, doc: str) -> V:
    """The value out of its text.

    Raises:
        StoreError: the text does not fit its type: it was changed from outside, or the program
            is older than the data.
    """
    try:
        return shelf.type.model_validate_json(doc)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise StoreError(f"{shelf.kind}: the document {id_!r} is not readable: {fields}") from error
