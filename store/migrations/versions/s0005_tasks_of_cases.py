"""Tasks are found by their case.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME = "ix_tasks_case_id_round"


def upgrade() -> None:
    """Make the index."""
    op.create_index(_NAME, "tasks", ["case_id", "round"])


def downgrade() -> None:
    """Drop it; passes over many tasks take seconds again."""
    op.drop_index(_NAME, "tasks")
