"""Who signs in with OpenID Connect: the subject that a token belongs to.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tokens",
        sa.Column(
            "subject", sa.String(255), nullable=True, comment="whom the OpenID provider vouches for; it has no text"
        ),
    )
    only = sa.text("revoked_at IS NULL")
    op.create_index("ux_tokens_subject", "tokens", ["subject"], unique=True, postgresql_where=only, sqlite_where=only)
