"""The correlation id of the call that brought a message in.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "messages",
        sa.Column("request", sa.String(length=64), nullable=True, comment="correlation id of the call that brought it"),
    )
