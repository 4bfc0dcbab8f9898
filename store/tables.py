"""The tables. Each document stands whole in `doc`, beside the columns that queries need.

`version` is the sequence number of the audit row that wrote the document: it changes with every
write, so a lost update shows, and it leads from a document to who wrote it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself only in a column that is exactly INTEGER."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, to the microsecond; SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _documents(name: str, *columns: Column[Any] | Index | UniqueConstraint) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("doc", Text, nullable=False),
        *columns,
    )


groups = _documents("groups")
incidents = _documents("incidents", Column("group_id", Text, index=True))
findings = _documents("findings", Column("group_id", Text, index=True))
assessments = _documents(
    "assessments",
    Column("group_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "group_id", "at"),
)
designations = _documents(
    "designations",
    Column("group_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("review_at", Moment),
    Index(None, "state", "review_at"),
)
associations = _documents(
    "associations",
    Column("account_id", Text, nullable=False, index=True),
    Column("group_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("probability", Float, nullable=False),
    Column("lane", Text, nullable=False),
    Column("seen_at", Moment),
    Column("closed_at", Moment),
    Column("held", Text),
    Index(None, "group_id", "lane", "probability"),
    Index(None, "group_id", "seen_at"),
    Index(None, "group_id", "held"),
)
cases = _documents(
    "cases",
    Column("kind", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("group_id", Text, index=True),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("priority", Float, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("lapses_at", Moment, nullable=False),
    # A question whose right answer is known: no count of what people think may take it for one.
    Column("gold", Text),
    # Empty once the case has ended: then the same question may be asked again.
    Column("open_key", Text, unique=True),
    Index(None, "state", "kind", "priority"),
    Index(None, "state", "lapses_at"),
    Index(None, "subject_kind", "subject_id"),
    Index(None, "gold"),
)
tasks = _documents(
    "tasks",
    Column("case_id", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("project_id", BigInteger, nullable=False),
    Column("task_id", BigInteger, nullable=False),
    Column("bound", Boolean, nullable=False),
    Index(None, "project_id", "task_id"),
    # Every pass asks which open cases have no task: without it, each case reads all tasks.
    Index(None, "case_id", "round"),
)
decisions = _documents(
    "decisions",
    Column("case_id", Text, nullable=False),
    Column("round", Integer, nullable=False),
    # One answer is taken once, however often it is delivered.
    Column("source", Text, nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Index(None, "case_id", "round"),
)
restrictions = _documents(
    "restrictions",
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ground_kind", Text, nullable=False),
    Column("ground_ref", Text, nullable=False),
    Column("group_id", Text),
    Column("starts_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("lifted_at", Moment),
    Column("laid_by", Text, nullable=False, server_default=""),
    Index(None, "group_id", "starts_at"),
    Index(None, "laid_by", "starts_at"),
    Index(None, "subject_kind", "subject_id"),
    Index(None, "ground_kind", "ground_ref"),
    Index(None, "expires_at"),
)
statements = _documents("statements", Column("restriction_id", Text, nullable=False, index=True))
appeals = _documents(
    "appeals",
    Column("restriction_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Index(None, "state", "opened_at"),
)
shields = _documents(
    "shields",
    Column("account_id", Text, nullable=False, index=True),
    Column("group_id", Text),
    Column("until", Moment, nullable=False),
)
strikes = _documents(
    "strikes",
    Column("account_id", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "account_id", "expires_at"),
)
protected = _documents("protected")
reviewers = _documents("reviewers")
review_rules = _documents("review_rules")
gold_items = _documents("gold_items", Column("kind", Text, nullable=False, index=True))
servings = _documents(
    "servings",
    Column("reviewer_id", Text, nullable=False),
    Column("case_id", Text, nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Index(None, "reviewer_id", "at"),
    Index(None, "at"),
)
brakes = _documents(
    "brakes",
    Column("scope", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("released_at", Moment),
    Index(None, "released_at"),
)
bulk_actions = _documents(
    "bulk_actions",
    Column("group_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Index(None, "group_id", "state"),
)
shadows = _documents(
    "shadows",
    Column("group_id", Text, nullable=False),
    Column("ended_at", Moment),
    Index(None, "ended_at"),
)
shadow_outcomes = _documents(
    "shadow_outcomes",
    Column("shadow_id", Text, nullable=False),
    Column("account_id", Text, nullable=False, index=True),
    Column("would", Text, nullable=False),
    Column("did", Text, nullable=False),
    Index(None, "shadow_id", "would"),
)
api_keys = _documents("api_keys", Column("sha256", Text, nullable=False, unique=True))

events = Table(
    "events",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)
# Events that the platform refused, and those of the same subject that wait behind them.
deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("failed_at", Moment),
    Column("reason", Text, nullable=False),
    Index(None, "subject_kind", "subject_id"),
)
cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
hints = Table(
    "hints",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    # Tells this store from any other, so that an anchor cannot be taken for another's.
    Column("store", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
# Apart from the log, so that what is personal (the subject too) can be erased and the chain stands.
audit_payloads = Table(
    "audit_payloads",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text),
    Column("salt", Text),
    Column("payload", Text),
    Index(None, "subject", "seq"),
)
