"""A case's whole life: who laid what, when an account was last seen, brakes, bulk, shadows.

Revision ID: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns, fill in what the documents say, and make the new tables."""
    op.add_column(
        "restrictions", sa.Column("laid_by", sa.Text(), nullable=False, server_default="")
    )
    op.execute(
        "UPDATE restrictions SET laid_by = doc::json->'cause'->>'by'"
        if op.get_bind().dialect.name == "postgresql"
        else "UPDATE restrictions SET laid_by = json_extract(doc, '$.cause.by')"
    )
    op.create_index("ix_restrictions_group_id_starts_at", "restrictions", ["group_id", "starts_at"])
    op.create_index("ix_restrictions_laid_by_starts_at", "restrictions", ["laid_by", "starts_at"])
    for column in (
        sa.Column("seen_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("held", sa.Text()),
    ):
        op.add_column("associations", column)
    op.create_index("ix_associations_group_id_seen_at", "associations", ["group_id", "seen_at"])
    op.create_index("ix_associations_group_id_held", "associations", ["group_id", "held"])
    _documents("brakes", [_text("scope"), _text("key"), _moment("released_at")], ["released_at"])
    _documents("bulk_actions", [_text("group_id"), _text("state")], ["group_id", "state"])
    _documents("shadows", [_text("group_id"), _moment("ended_at")], ["ended_at"])
    _documents(
        "shadow_outcomes",
        [_text("shadow_id"), _text("account_id"), _text("would"), _text("did")],
        ["shadow_id", "would"],
        ["account_id"],
    )


def downgrade() -> None:
    """Drop the tables, and the columns with what was only in them."""
    for table in ("shadow_outcomes", "shadows", "bulk_actions", "brakes"):
        op.drop_table(table)
    for index in ("ix_associations_group_id_held", "ix_associations_group_id_seen_at"):
        op.drop_index(index, "associations")
    for column in ("held", "closed_at", "seen_at"):
        op.drop_column("associations", column)
    for index in ("ix_restrictions_laid_by_starts_at", "ix_restrictions_group_id_starts_at"):
        op.drop_index(index, "restrictions")
    op.drop_column("restrictions", "laid_by")


def _documents(name: str, columns: list[sa.Column[Any]], *indexes: list[str]) -> None:
    op.create_table(
        name,
        _text("id"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        _text("doc"),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
    for index in indexes:
        op.create_index(f"ix_{name}_{'_'.join(index)}", name, index)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, MOMENT)
