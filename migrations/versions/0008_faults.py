"""How often a message was put off by a fault of ours: each time it waits twice as long.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "messages",
        sa.Column(
            "faults",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="how often it was put off by a fault",
        ),
    )
