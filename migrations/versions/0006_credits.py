"""Credits by their parties, for what is to be paid back.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CREDITS = sa.text("credit AND approved")


def upgrade() -> None:
    for side in ("gemeente", "aanbieder"):
        op.create_index(
            f"ix_prestaties_credits_{side}",
            "prestaties",
            [side, "id"],
            postgresql_where=_CREDITS,
            sqlite_where=_CREDITS,
        )
