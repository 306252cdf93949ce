"""What is personal is encrypted: versions of keys, and clients that facts know by chance instead of by a keyed hash.

What is kept already is encrypted by `iwmo-gateway keys rotate`; until then it is read as it is.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FACTS = ("toewijzing_versies", "starts", "stops", "verzoeken", "prestaties")
_COMMENTS = {
    **{(table, "client"): "who it is: `clienten`" for table in _FACTS},
    ("toewijzing_versies", "geboortedatum"): "encrypted for this client, none if it is unknown",
    ("messages", "xml"): "compressed, then encrypted for this row",
}


def upgrade() -> None:
    op.create_table(
        "encryption_keys",
        sa.Column("version", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "proof", sa.LargeBinary(length=32), nullable=False, comment="what the right key makes of a fixed text"
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "retired_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="nothing is encrypted or hashed with it any more",
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_encryption_keys")),
    )
    op.execute(
        "INSERT INTO encryption_keys (version, proof, added_at)"
        " SELECT 1, proof, CURRENT_TIMESTAMP FROM keys WHERE name = 'client'"
    )
    op.drop_table("keys")
    op.create_table(
        "clienten",
        sa.Column(
            "client",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="chosen by chance: what facts know the client by",
        ),
        sa.Column(
            "bsn",
            sa.LargeBinary(),
            nullable=True,
            comment="encrypted for this row; none: known from before, and no message read since",
        ),
        sa.Column("key_version", sa.SmallInteger(), nullable=False, comment="of bsn; 0: there is none"),
        sa.PrimaryKeyConstraint("client", name=op.f("pk_clienten")),
    )
    op.create_table(
        "client_hashes",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of the Bsn"),
        sa.Column("client", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key_version", sa.SmallInteger(), nullable=False, comment="of the key of the hash"),
        sa.ForeignKeyConstraint(["client"], ["clienten.client"], name=op.f("fk_client_hashes_client")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_client_hashes")),
    )
    op.create_index("ix_client_hashes_client", "client_hashes", ["client"])
    op.add_column(
        "messages",
        sa.Column(
            "key_version",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="of xml; 0: not encrypted yet",
        ),
    )
    op.add_column(
        "messages",
        sa.Column(
            "purged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when xml is empty: it was kept for its term",
        ),
    )
    _replace_hashes()
    if op.get_bind().dialect.name == "postgresql":
        # What is encrypted cannot be made smaller: PostgreSQL need not try.
        op.execute("ALTER TABLE messages ALTER COLUMN xml SET STORAGE EXTERNAL")
        for (table, column), comment in _COMMENTS.items():
            op.alter_column(table, column, existing_type=sa.LargeBinary(), comment=comment)


def _replace_hashes() -> None:
    """Facts get what their client is known by from now on; the hash of the first key leads to it."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    by_chance = "uuid_send(gen_random_uuid())" if postgresql else "randomblob(16)"
    hashes = " UNION ".join(f"SELECT client FROM {table}" for table in _FACTS)  # noqa: S608 - names of ours
    op.execute(f"CREATE TEMPORARY TABLE known AS SELECT client AS hash FROM ({hashes}) AS every")  # noqa: S608
    op.execute(
        f"CREATE TEMPORARY TABLE named AS SELECT hash, {by_chance} AS client FROM known"  # noqa: S608 - a function
    )
    op.execute("INSERT INTO clienten (client, key_version) SELECT client, 0 FROM named")
    op.execute("INSERT INTO client_hashes (hash, client, key_version) SELECT hash, client, 1 FROM named")
    for table in _FACTS:
        op.execute(
            f"UPDATE {table} SET client = (SELECT client FROM client_hashes WHERE hash = {table}.client)"  # noqa: S608
        )
    for table in ("known", "named"):
        op.execute(f"DROP TABLE {table}")
