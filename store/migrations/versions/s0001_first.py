"""The first schema: documents, outbox and the audit log, which no statement may change.

Revision ID: 0001
"""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables, the triggers that guard the audit log, and its empty head."""
    _documents("groups", [])
    _documents("incidents", [_text("group_id", null=True)], ["group_id"])
    _documents("findings", [_text("group_id", null=True)], ["group_id"])
    _documents("assessments", [_text("group_id"), _moment("at")], ["group_id", "at"])
    _documents(
        "designations",
        [_text("group_id"), _text("state"), _moment("review_at", null=True)],
        ["group_id"],
        ["state", "review_at"],
    )
    _documents(
        "associations",
        [
            _text("account_id"),
            _text("group_id"),
            _moment("at"),
            sa.Column("probability", sa.Float(), nullable=False),
            _text("lane"),
        ],
        ["account_id"],
        ["group_id", "lane", "probability"],
    )
    _documents(
        "cases",
        [
            _text("kind"),
            _text("subject_kind"),
            _text("subject_id"),
            _text("group_id", null=True),
            _text("state"),
            sa.Column("round", sa.Integer(), nullable=False),
            sa.Column("priority", sa.Float(), nullable=False),
            sa.Column("blind", sa.Boolean(), nullable=False),
            _moment("opened_at"),
            _moment("lapses_at"),
            _text("open_key", null=True, unique=True),
        ],
        ["group_id"],
        ["state", "kind", "priority"],
        ["state", "lapses_at"],
        ["subject_kind", "subject_id"],
    )
    _documents(
        "tasks",
        [
            _text("case_id"),
            sa.Column("round", sa.Integer(), nullable=False),
            sa.Column("project_id", sa.BigInteger(), nullable=False),
            sa.Column("task_id", sa.BigInteger(), nullable=False),
            sa.Column("bound", sa.Boolean(), nullable=False),
        ],
        ["project_id", "task_id"],
    )
    _documents(
        "decisions",
        [
            _text("case_id"),
            sa.Column("round", sa.Integer(), nullable=False),
            _text("source", unique=True),
            _moment("at"),
        ],
        ["case_id", "round"],
    )
    _documents(
        "restrictions",
        [
            _text("subject_kind"),
            _text("subject_id"),
            _text("kind"),
            _text("ground_kind"),
            _text("ground_ref"),
            _text("group_id", null=True),
            _moment("starts_at"),
            _moment("expires_at", null=True),
            _moment("lifted_at", null=True),
        ],
        ["subject_kind", "subject_id"],
        ["ground_kind", "ground_ref"],
        ["expires_at"],
    )
    _documents("statements", [_text("restriction_id")], ["restriction_id"])
    _documents(
        "appeals",
        [_text("restriction_id"), _text("state"), _moment("opened_at")],
        ["restriction_id"],
        ["state", "opened_at"],
    )
    _documents(
        "shields",
        [_text("account_id"), _text("group_id", null=True), _moment("until")],
        ["account_id"],
    )
    _documents(
        "strikes",
        [_text("account_id"), _text("policy"), _moment("at"), _moment("expires_at")],
        ["account_id", "expires_at"],
    )
    _documents("protected", [])
    _documents("api_keys", [_text("sha256", unique=True)])
    _outbox()
    _audit()


def downgrade() -> None:
    """Drop everything."""
    if op.get_bind().dialect.name == "postgresql":
        # The triggers fall with their tables; the functions would stay.
        op.execute("DROP TABLE audit_log, audit_payloads, audit_head")
        op.execute("DROP FUNCTION concert_audit_refuses(), concert_audit_erases()")
    else:
        for table in ("audit_log", "audit_payloads", "audit_head"):
            op.drop_table(table)
    for table in (*DOCUMENTS, "events", "cursors", "hints"):
        op.drop_table(table)


DOCUMENTS = (
    "groups",
    "incidents",
    "findings",
    "assessments",
    "designations",
    "associations",
    "cases",
    "tasks",
    "decisions",
    "restrictions",
    "statements",
    "appeals",
    "shields",
    "strikes",
    "protected",
    "api_keys",
)


def _outbox() -> None:
    op.create_table(
        "events",
        sa.Column("seq", SERIAL, nullable=False),
        _moment("at"),
        _text("kind"),
        _text("subject_kind"),
        _text("subject_id"),
        _text("body"),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cursors",
        _text("name"),
        _text("value"),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
    op.create_table(
        "hints",
        sa.Column("seq", SERIAL, nullable=False),
        _moment("at"),
        _text("body"),
        sa.PrimaryKeyConstraint("seq", name="pk_hints"),
        sqlite_autoincrement=True,
    )


def _audit() -> None:
    head = op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        _text("store"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        _text("hash"),
        sa.PrimaryKeyConstraint("one", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"one": 1, "store": uuid4().hex, "seq": 0, "hash": "0" * 64}])
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        _moment("at"),
        *(_text(name) for name in ("actor", "action", "kind", "digest", "prev_hash", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
    )
    op.create_table(
        "audit_payloads",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        *(_text(name, null=True) for name in ("subject", "salt", "payload")),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_payloads"),
    )
    op.create_index("ix_audit_payloads_subject_seq", "audit_payloads", ["subject", "seq"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    for table, verb in (
        ("audit_log", "UPDATE"),
        ("audit_log", "DELETE"),
        ("audit_payloads", "DELETE"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
    # A payload may be erased whole, and nothing else.
    op.execute(
        "CREATE TRIGGER audit_payloads_erase BEFORE UPDATE ON audit_payloads "
        "WHEN NEW.seq <> OLD.seq OR NEW.subject IS NOT NULL OR NEW.salt IS NOT NULL "
        "OR NEW.payload IS NOT NULL "
        "BEGIN SELECT RAISE(ABORT, 'a payload can only be erased'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION concert_audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE FUNCTION concert_audit_erases() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN IF NEW.seq <> OLD.seq OR NEW.subject IS NOT NULL OR NEW.salt IS NOT NULL "
        "OR NEW.payload IS NOT NULL THEN RAISE EXCEPTION 'a payload can only be erased'; END IF; "
        "RETURN NEW; END $$"
    )
    for table, verbs in (("audit_log", "UPDATE OR DELETE"), ("audit_payloads", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {verbs} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION concert_audit_refuses()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION concert_audit_refuses()"
        )
    op.execute(
        "CREATE TRIGGER audit_payloads_erase BEFORE UPDATE ON audit_payloads "
        "FOR EACH ROW EXECUTE FUNCTION concert_audit_erases()"
    )


def _documents(name: str, columns: list[sa.Column[Any]], *indexes: list[str]) -> None:
    op.create_table(
        name,
        _text("id"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        _text("doc"),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        *(
            sa.UniqueConstraint(column.name, name=f"uq_{name}_{column.name}")
            for column in columns
            if column.info.get("once")
        ),
    )
    for index in indexes:
        op.create_index(f"ix_{name}_{'_'.join(index)}", name, index)


def _text(name: str, *, null: bool = False, unique: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null, info={"once": unique})


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=null)
