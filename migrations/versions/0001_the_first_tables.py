"""The first tables.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column(
            "actor",
            sa.String(length=120),
            nullable=False,
            comment="a party, an operator's token, or the gateway itself",
        ),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_message", "events", ["message"], unique=False)

    op.create_table(
        "findings",
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("judgement", sa.Integer(), nullable=False),
        sa.Column("nr", sa.Integer(), nullable=False),
        sa.Column("regel", sa.String(length=8), nullable=False),
        sa.Column("niveau", sa.Integer(), nullable=False),
        sa.Column("retourcode", sa.String(length=4), nullable=True),
        sa.Column("klasse", sa.Text(), nullable=False),
        sa.Column("pad", sa.Text(), nullable=False),
        sa.Column("regelnummer", sa.Integer(), nullable=False),
        sa.Column("tekst", sa.Text(), nullable=False),
        sa.Column("verwacht", sa.Text(), nullable=True),
        sa.Column("gevonden", sa.Text(), nullable=True),
        sa.Column("actie", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("message", "judgement", "nr", name=op.f("pk_findings")),
    )
    op.create_index("ix_findings_regel", "findings", ["regel", "message"], unique=False)
    op.create_index("ix_findings_retourcode", "findings", ["retourcode", "message"], unique=False)

    op.create_table(
        "judgements",
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("nr", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="the receipt that it was judged by"
        ),
        sa.Column("status", sa.String(length=15), nullable=False),
        sa.Column("xsd", sa.String(length=120), nullable=False),
        sa.Column("regels", sa.String(length=60), nullable=False),
        sa.Column("contract", sa.JSON(), nullable=False),
        sa.Column("bevindingen", sa.Integer(), nullable=False),
        sa.Column("more", sa.Boolean(), nullable=False, comment="there were more schema faults than were kept"),
        sa.Column("retour", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("retour_soort", sa.String(length=6), nullable=True),
        sa.PrimaryKeyConstraint("message", "nr", name=op.f("pk_judgements")),
    )
    op.create_table(
        "keys",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column(
            "proof", sa.LargeBinary(length=32), nullable=False, comment="what the right key makes of a fixed text"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("soort", sa.String(length=6), nullable=False),
        sa.Column("release", sa.String(length=3), nullable=False),
        sa.Column("afzender", sa.String(length=8), nullable=False, comment="who really sent it"),
        sa.Column("ontvanger", sa.String(length=8), nullable=True),
        sa.Column("identificatie", sa.String(length=12), nullable=True),
        sa.Column("dagtekening", sa.Date(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the bytes"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the receipt that its newest judgement goes by",
        ),
        sa.Column("status", sa.String(length=15), nullable=False),
        sa.Column("judgements", sa.Integer(), server_default="0", nullable=False),
        sa.Column("holds_identification", sa.Boolean(), nullable=False, comment="its number is used or held"),
        sa.Column("forwarded", sa.Boolean(), nullable=False, comment="its receiver sees it"),
        sa.Column("own", sa.Boolean(), nullable=False, comment="made by the gateway"),
        sa.Column("answers", sa.Uuid(as_uuid=False), nullable=True, comment="the message that it answers"),
        sa.Column(
            "lease_until", sa.DateTime(timezone=True), nullable=True, comment="until when a process has it in hand"
        ),
        sa.Column(
            "attempts", sa.Integer(), server_default="0", nullable=False, comment="how often it was taken in hand"
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong with us the last time"),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("afzender", "digest", name=op.f("uq_messages_afzender_digest")),
    )
    op.create_index("ix_messages_afzender", "messages", ["afzender", "id"], unique=False)
    op.create_index("ix_messages_answers", "messages", ["answers"], unique=False)
    op.create_index("ix_messages_identificatie", "messages", ["identificatie"], unique=False)
    op.create_index("ix_messages_ontvanger", "messages", ["ontvanger", "id"], unique=False)
    op.create_index("ix_messages_received_at", "messages", ["received_at"], unique=False)
    op.create_index("ix_messages_status", "messages", ["status", "id"], unique=False)
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'received'"),
        sqlite_where=sa.text("status = 'received'"),
    )
    op.create_index(
        "uq_messages_identification",
        "messages",
        ["domain", "soort", "afzender", "identificatie"],
        unique=True,
        postgresql_where=sa.text("holds_identification"),
        sqlite_where=sa.text("holds_identification"),
    )

    op.create_table(
        "numbers",
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column(
            "toewijzing_nummer", sa.BigInteger(), nullable=False, comment="it is about this allocation, accepted or not"
        ),
        sa.PrimaryKeyConstraint("message", "toewijzing_nummer", name=op.f("pk_numbers")),
    )
    op.create_index("ix_numbers_toewijzing_nummer", "numbers", ["toewijzing_nummer", "message"], unique=False)

    op.create_table(
        "parties",
        sa.Column(
            "code", sa.String(length=8), nullable=False, comment="CBS code of a municipality or AGB code of a provider"
        ),
        sa.Column("kind", sa.String(length=9), nullable=False),
        sa.Column(
            "mailbox_nr", sa.BigInteger(), server_default="0", nullable=False, comment="the last number given out"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_parties")),
    )
    op.create_table(
        "replays",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
    )
    op.create_table(
        "starts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("gemeente", sa.String(length=4), nullable=False),
        sa.Column("aanbieder", sa.String(length=8), nullable=False),
        sa.Column("client", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of the Bsn"),
        sa.Column("toewijzing_nummer", sa.BigInteger(), nullable=True),
        sa.Column("categorie", sa.String(length=2), nullable=True),
        sa.Column("code", sa.String(length=5), nullable=True),
        sa.Column("begindatum", sa.Date(), nullable=False),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("deleted_by", sa.Uuid(as_uuid=False), nullable=True, comment="the 305 that deleted it"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_starts")),
    )
    op.create_index("ix_starts_client", "starts", ["client", "gemeente", "aanbieder"], unique=False)
    op.create_index("ix_starts_message", "starts", ["message"], unique=False)

    op.create_table(
        "toewijzingen",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("domain", sa.String(length=3), nullable=False),
        sa.Column("gemeente", sa.String(length=4), nullable=False),
        sa.Column("nummer", sa.BigInteger(), nullable=False),
        sa.Column(
            "versions",
            sa.Integer(),
            nullable=False,
            comment="grows with every version: two writers cannot both be first",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_toewijzingen")),
        sa.UniqueConstraint("domain", "gemeente", "nummer", name=op.f("uq_toewijzingen_domain_gemeente_nummer")),
    )
    op.create_table(
        "mailbox",
        sa.Column("party", sa.String(length=8), nullable=False),
        sa.Column("nr", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column(
            "replaces", sa.Uuid(as_uuid=False), nullable=True, comment="an earlier answer that was fetched already"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["party"], ["parties.code"], name=op.f("fk_mailbox_party")),
        sa.PrimaryKeyConstraint("party", "nr", name=op.f("pk_mailbox")),
    )
    op.create_index("ix_mailbox_message", "mailbox", ["message"], unique=False)
    op.create_index(
        "ix_mailbox_waiting",
        "mailbox",
        ["party", "nr"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at IS NULL AND withdrawn_at IS NULL"),
        sqlite_where=sa.text("acknowledged_at IS NULL AND withdrawn_at IS NULL"),
    )

    op.create_table(
        "replay_items",
        sa.Column("replay", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("nr", sa.Integer(), nullable=False),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True, comment="none while it waits"),
        sa.Column("status_before", sa.String(length=15), nullable=True),
        sa.Column("status_after", sa.String(length=15), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["replay"], ["replays.id"], name=op.f("fk_replay_items_replay")),
        sa.PrimaryKeyConstraint("replay", "nr", name=op.f("pk_replay_items")),
    )
    op.create_index("ix_replay_items_message", "replay_items", ["message"], unique=False)

    op.create_table(
        "toewijzing_versies",
        sa.Column("toewijzing", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nr", sa.Integer(), nullable=False),
        sa.Column("message", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("client", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of the Bsn"),
        sa.Column("aanbieder", sa.String(length=8), nullable=False),
        sa.Column("referentie_aanbieder", sa.String(length=36), nullable=True),
        sa.Column("categorie", sa.String(length=2), nullable=True),
        sa.Column("code", sa.String(length=5), nullable=True),
        sa.Column("toewijzingsdatum", sa.Date(), nullable=False),
        sa.Column("toewijzingstijd", sa.Time(), nullable=False),
        sa.Column("ingangsdatum", sa.Date(), nullable=False),
        sa.Column("einddatum", sa.Date(), nullable=True),
        sa.Column("reden_wijziging", sa.String(length=2), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("eenheid", sa.String(length=2), nullable=True),
        sa.Column("frequentie", sa.String(length=1), nullable=True),
        sa.Column("budget", sa.BigInteger(), nullable=True, comment="euro cents"),
        sa.ForeignKeyConstraint(["toewijzing"], ["toewijzingen.id"], name=op.f("fk_toewijzing_versies_toewijzing")),
        sa.PrimaryKeyConstraint("toewijzing", "nr", name=op.f("pk_toewijzing_versies")),
    )
    op.create_index("ix_toewijzing_versies_client", "toewijzing_versies", ["client", "aanbieder"], unique=False)
    op.create_index("ix_toewijzing_versies_message", "toewijzing_versies", ["message"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the token"),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("party", sa.String(length=8), nullable=True),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["party"], ["parties.code"], name=op.f("fk_tokens_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
