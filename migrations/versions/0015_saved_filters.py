"""Filters that users of the console keep, and indexes by which messages are found by a number of any kind.

Revision: 0015, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_filters",
        sa.Column(
            "owner",
            sa.String(length=120),
            nullable=False,
            comment="a party, or who an operator or auditor signed in as",
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False, comment="fields of the search form, none of which is a number"),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name=op.f("pk_saved_filters")),
    )
    op.create_index("ix_messages_soort", "messages", ["soort", "id"])
    op.create_index("ix_verzoeken_referentie", "verzoeken", ["referentie"])
    op.create_index("ix_antwoorden_op_referentie", "antwoorden", ["referentie"])
    op.create_index("ix_prestaties_referentie_nummer", "prestaties", ["referentie_nummer"])
    _where_given("ix_toewijzing_versies_van_verzoek", "toewijzing_versies", "referentie_aanbieder")
    _where_given("ix_prestaties_vorig_referentie_nummer", "prestaties", "vorig_referentie_nummer")


def _where_given(name: str, table: str, column: str) -> None:
    given = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, [column], postgresql_where=given, sqlite_where=given)
