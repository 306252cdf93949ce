"""Lines that are held until the municipality decides; where the contract says what a finding tells.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CLAIMED = sa.text("approved OR held")
_WAITS = sa.text("decided_at IS NULL")


def upgrade() -> None:
    op.add_column("findings", sa.Column("artikel", sa.Text(), nullable=True, comment="where the contract says it"))
    op.add_column(
        "prestaties",
        sa.Column(
            "held",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="waits for the municipality: claims as if it were approved, and is not",
        ),
    )
    told = {
        "client_nr": "the position of its Client, from 1; none: booked before it was noted",
        "regel_nr": "its position in its Client, from 1",
    }
    for name, comment in told.items():
        op.add_column("prestaties", sa.Column(name, sa.Integer(), nullable=True, comment=comment))
    op.drop_index("ix_prestaties_claimed", "prestaties")
    op.create_index(
        "ix_prestaties_claimed",
        "prestaties",
        ["domain", "gemeente", "toewijzing_nummer"],
        postgresql_where=_CLAIMED,
        sqlite_where=_CLAIMED,
    )
    op.create_table(
        "reviews",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="of one claim in the order of its lines",
        ),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False, comment="the claim"),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("soort", sa.String(length=6), nullable=False),
        sa.Column("release", sa.String(length=3), nullable=False),
        sa.Column("gemeente", sa.String(length=4), nullable=False),
        sa.Column("aanbieder", sa.String(length=8), nullable=False),
        sa.Column("referentie_nummer", sa.String(length=20), nullable=False, comment="of the line, which holds it"),
        sa.Column("pad", sa.Text(), nullable=False),
        sa.Column("regelnummer", sa.Integer(), nullable=False),
        sa.Column(
            "bevindingen",
            sa.JSON(),
            nullable=False,
            comment="why it is held: rule, article, text, expected and found",
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "uiterlijk", sa.Date(), nullable=False, comment="the last day on which the claim is answered in time"
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True, comment="none while it waits"),
        sa.Column("besluit", sa.String(length=7), nullable=True),
        sa.Column("retourcode", sa.String(length=4), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_message", "reviews", ["message"])
    for name, columns in (("uiterlijk", ["uiterlijk", "id"]), ("gemeente", ["gemeente", "uiterlijk", "id"])):
        op.create_index(f"ix_reviews_{name}", "reviews", columns, postgresql_where=_WAITS, sqlite_where=_WAITS)
