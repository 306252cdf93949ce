"""How far the judging of a message is, kept apart from the transaction that judges it.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("fase", sa.String(length=12), nullable=False),
        sa.Column("regels", sa.Integer(), nullable=True, comment="lines of a claim, once they were read"),
        sa.Column("gedaan", sa.Integer(), nullable=False, comment="how many of them were judged"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_progress")),
    )
