"""Who reviews: the roster, the house's rules, gold items, and what was served to whom.

Revision ID: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of review, and tell gold cases from the rest."""
    _documents("reviewers")
    _documents("review_rules")
    _documents("gold_items", sa.Column("kind", sa.Text(), nullable=False))
    op.create_index("ix_gold_items_kind", "gold_items", ["kind"])
    _documents(
        "servings",
        sa.Column("reviewer_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    for columns in (["reviewer_id", "at"], ["case_id"], ["at"]):
        op.create_index(f"ix_servings_{'_'.join(columns)}", "servings", columns)
    op.add_column("cases", sa.Column("gold", sa.Text(), nullable=True))
    op.create_index("ix_cases_gold", "cases", ["gold"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_cases_gold", "cases")
    op.drop_column("cases", "gold")
    for table in ("servings", "gold_items", "review_rules", "reviewers"):
        op.drop_table(table)


def _documents(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
