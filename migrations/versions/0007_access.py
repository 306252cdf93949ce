"""Tokens that end, narrow and follow one another; mandates; in which domains a party takes part, and who is known.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_RIGHTS = {"party": "decide,read,send", "operator": "operate,read", "auditor": "audit,read"}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    domains = {"type_": sa.String(length=20), "nullable": False, "server_default": "jw,wmo"}
    op.add_column("parties", sa.Column("domains", comment="in which it takes part", **domains))
    op.add_column(
        "parties",
        sa.Column(
            "registered_at", moment, nullable=True, comment="none: nobody made it known, it only was sent something"
        ),
    )
    op.execute(
        "UPDATE parties SET registered_at = created_at"
        " WHERE answers_itself OR code IN (SELECT party FROM tokens WHERE party IS NOT NULL)"
    )
    for column in (
        sa.Column(
            "rights", sa.String(length=60), nullable=False, server_default="read", comment="what its holder may do"
        ),
        sa.Column("domains", comment="in which its holder may do it", **domains),
        sa.Column("expires_at", moment, nullable=True, comment="none: made before tokens had an end"),
        sa.Column("last_used_at", moment, nullable=True, comment="noted once in some minutes"),
        sa.Column(
            "replaces", sa.Uuid(as_uuid=False), nullable=True, comment="the token that this one takes the place of"
        ),
    ):
        op.add_column("tokens", column)
    tokens = sa.table("tokens", sa.column("role"), sa.column("rights"))
    for role, rights in _RIGHTS.items():
        op.execute(tokens.update().where(tokens.c.role == role).values(rights=rights))
    op.create_table(
        "mandates",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("party", sa.String(length=8), nullable=False, comment="who is acted for"),
        sa.Column("bureau", sa.String(length=8), nullable=False, comment="who acts for it"),
        sa.Column("vanaf", sa.Date(), nullable=False, comment="the first day"),
        sa.Column("tot_en_met", sa.Date(), nullable=True, comment="the last day; none: until it is revoked"),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("revoked_at", moment, nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["party"], ["parties.code"], name=op.f("fk_mandates_party")),
        sa.ForeignKeyConstraint(["bureau"], ["parties.code"], name=op.f("fk_mandates_bureau")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index("ix_mandates_bureau", "mandates", ["bureau"])
