"""Claims: their numbers, lines and amounts; and what tells a client's birth date apart.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_HOLDERS = sa.text("holds_reference")
_ONLY_CREDITS = sa.text("credit AND approved")
_ONLY_APPROVED = sa.text("approved")


def upgrade() -> None:
    op.create_table(
        "declaraties",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="in the order in which claims were booked",
        ),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("soort", sa.String(length=6), nullable=False),
        sa.Column("gemeente", sa.String(length=4), nullable=False),
        sa.Column("aanbieder", sa.String(length=8), nullable=False),
        sa.Column("declaratie_nummer", sa.String(length=12), nullable=False),
        sa.Column("begindatum", sa.Date(), nullable=False, comment="of DeclaratiePeriode"),
        sa.Column("einddatum", sa.Date(), nullable=False, comment="of DeclaratiePeriode"),
        sa.Column("ingediend", sa.BigInteger(), nullable=False, comment="signed euro cents"),
        sa.Column("toegekend", sa.BigInteger(), nullable=False, comment="signed euro cents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaraties")),
        sa.UniqueConstraint("message", name=op.f("uq_declaraties_message")),
        sa.UniqueConstraint(
            "domain",
            "soort",
            "aanbieder",
            "declaratie_nummer",
            name=op.f("uq_declaraties_domain_soort_aanbieder_declaratie_nummer"),
        ),
    )
    op.create_index(
        "ix_declaraties_begindatum",
        "declaraties",
        ["domain", "soort", "gemeente", "aanbieder", "begindatum"],
    )
    op.create_table(
        "prestaties",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("soort", sa.String(length=6), nullable=False),
        sa.Column("gemeente", sa.String(length=4), nullable=False),
        sa.Column("aanbieder", sa.String(length=8), nullable=False),
        sa.Column("client", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of the Bsn"),
        sa.Column("referentie_nummer", sa.String(length=20), nullable=False),
        sa.Column("vorig_referentie_nummer", sa.String(length=20), nullable=True),
        sa.Column("toewijzing_nummer", sa.BigInteger(), nullable=True),
        sa.Column("categorie", sa.String(length=2), nullable=False),
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("begindatum", sa.Date(), nullable=False),
        sa.Column("einddatum", sa.Date(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("eenheid", sa.String(length=2), nullable=False),
        sa.Column("tarief", sa.BigInteger(), nullable=True, comment="euro cents"),
        sa.Column("bedrag", sa.BigInteger(), nullable=False, comment="euro cents, without sign"),
        sa.Column("btw", sa.BigInteger(), nullable=False, comment="euro cents, without sign"),
        sa.Column("credit", sa.Boolean(), nullable=False, comment="takes back the debit of vorig_referentie_nummer"),
        sa.Column(
            "approved",
            sa.Boolean(),
            nullable=False,
            comment="a refused line keeps its number used, and claims nothing",
        ),
        sa.Column(
            "holds_reference", sa.Boolean(), nullable=False, comment="false where another line had the number before"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prestaties")),
    )
    op.create_index(
        "uq_prestaties_reference",
        "prestaties",
        ["domain", "soort", "aanbieder", "referentie_nummer"],
        unique=True,
        postgresql_where=_HOLDERS,
        sqlite_where=_HOLDERS,
    )
    op.create_index(op.f("ix_prestaties_message"), "prestaties", ["message"])
    op.create_index(
        "uq_prestaties_credited",
        "prestaties",
        ["domain", "soort", "aanbieder", "vorig_referentie_nummer"],
        unique=True,
        postgresql_where=_ONLY_CREDITS,
        sqlite_where=_ONLY_CREDITS,
    )
    op.create_index(
        "ix_prestaties_claimed",
        "prestaties",
        ["domain", "gemeente", "toewijzing_nummer"],
        postgresql_where=_ONLY_APPROVED,
        sqlite_where=_ONLY_APPROVED,
    )
    op.add_column(
        "messages",
        sa.Column(
            "declaratie_nummer", sa.String(length=12), nullable=True, comment="of a claim, as its header tells it"
        ),
    )
    op.create_index("ix_messages_declaratie_nummer", "messages", ["declaratie_nummer"])
    for name in ("ingediend", "toegekend"):
        op.add_column(
            "judgements",
            sa.Column(name, sa.BigInteger(), nullable=True, comment="of a claim, signed euro cents"),
        )
    op.add_column(
        "toewijzing_versies",
        sa.Column(
            "geboortedatum",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="keyed hash of Bsn and birth date, none if it is unknown",
        ),
    )
    with op.batch_alter_table("findings") as findings:  # SQLite changes a column by copying the table
        findings.alter_column("regel", type_=sa.String(length=40), existing_nullable=False)
