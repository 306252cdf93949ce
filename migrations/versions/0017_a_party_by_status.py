"""The messages of a party by their status: what it asks for when it looks for what was refused.

Revision: 0017, after 0016.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for side in ("afzender", "ontvanger"):
        op.create_index(f"ix_messages_{side}_status", "messages", [side, "status", "id"])
