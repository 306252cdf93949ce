"""Contract profiles: every version that was loaded, and the municipalities that each is for.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contracts",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("vanaf", sa.Date(), nullable=False),
        sa.Column("tot_en_met", sa.Date(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the text"),
        sa.Column("text", sa.Text(), nullable=False, comment="the profile as an officer wrote it; never changed"),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_contracts")),
    )
    op.create_table(
        "contract_gemeenten",
        sa.Column("gemeente", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name", "version"], ["contracts.name", "contracts.version"], name=op.f("fk_contract_gemeenten_name")
        ),
        sa.PrimaryKeyConstraint("gemeente", "name", "version", name=op.f("pk_contract_gemeenten")),
    )
