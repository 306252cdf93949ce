"""The audit trail and its seals, which the database itself lets nobody change.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_HAS_MESSAGE = sa.text("message IS NOT NULL")
_LIST = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actor",
            sa.String(length=120),
            nullable=False,
            comment="a party, a token's role and label, or the command line",
        ),
        sa.Column("token", sa.Uuid(as_uuid=False), nullable=True, comment="by which it was let in"),
        sa.Column("party", sa.String(length=8), nullable=True, comment="on whose behalf"),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column(
            "what", sa.String(length=200), nullable=False, comment="the path below /v1, or the words of a command"
        ),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=True, comment="id of the message that it was about"),
        sa.Column("messages", _LIST, nullable=True, comment="ids of the messages, where there are several"),
        sa.Column("outcome", sa.String(length=7), nullable=False),
        sa.Column("problem", sa.String(length=30), nullable=True, comment="code of the problem that it ended in"),
        sa.Column("request", sa.String(length=64), nullable=True, comment="correlation id of the call"),
        sa.Column(
            "address",
            sa.String(length=100),
            nullable=True,
            comment="network address, or user and machine of the command line",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_actor", "audit", ["actor", "id"])
    op.create_index("ix_audit_message", "audit", ["message"], postgresql_where=_HAS_MESSAGE, sqlite_where=_HAS_MESSAGE)
    op.create_index(
        "ix_audit_messages",
        "audit",
        ["messages"],
        postgresql_using="gin",
        postgresql_ops={"messages": "jsonb_path_ops"},
        sqlite_where=sa.text("false"),
    )
    op.create_table(
        "audit_seals",
        sa.Column("nr", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False, comment="every row up to this one is sealed"),
        sa.Column("ids", sa.JSON(), nullable=False, comment="the rows, as ranges: [[first, last], …]"),
        sa.Column(
            "digests", sa.LargeBinary(), nullable=False, comment="8 bytes for each row: tell which one was changed"
        ),
        sa.Column("key", sa.String(length=16), nullable=False, comment="which key it was made with"),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False, comment="hash of the seal before it"),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of all of it and of the rows"),
        sa.PrimaryKeyConstraint("nr", name=op.f("pk_audit_seals")),
    )
    _make_append_only("audit", "audit_seals")


def _make_append_only(*tables: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in tables:
            for deed in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_refuses_{deed.lower()} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in tables:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
