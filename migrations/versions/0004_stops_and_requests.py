"""Stops, requests and the answers to them; who answers for itself; the code lists that a judgement was made by.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HOLDERS = sa.text("holds_reference")
_UNJUDGED = sa.text("status IN ('failed', 'received')")
_UNANSWERED = sa.text("retour IS NULL AND status <> 'invalid'")
_UNFETCHED = sa.text("fetched_at IS NULL AND acknowledged_at IS NULL AND withdrawn_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "stops",
        _count(),
        *_parties(),
        _client(),
        sa.Column("toewijzing_nummer", sa.BigInteger(), nullable=True),
        sa.Column("categorie", sa.String(length=2), nullable=True),
        sa.Column("code", sa.String(length=5), nullable=True),
        sa.Column("begindatum", sa.Date(), nullable=False),
        sa.Column("reden", sa.String(length=2), nullable=False, comment="RedenBeeindiging; 20 is for a while"),
        sa.Column("einddatum", sa.Date(), nullable=False),
        _message(),
        sa.Column("deleted_by", sa.Uuid(as_uuid=False), nullable=True, comment="the 307 that deleted it"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stops")),
    )
    op.create_index("ix_stops_client", "stops", ["client", "gemeente", "aanbieder"])
    op.create_index(op.f("ix_stops_message"), "stops", ["message"])
    op.create_table(
        "verzoeken",
        _count(),
        *_parties(),
        _client(),
        sa.Column("referentie", sa.String(length=36), nullable=False, comment="ReferentieAanbieder"),
        _message(),
        sa.Column(
            "holds_reference",
            sa.Boolean(),
            nullable=False,
            comment="false where another request had it before (2.3)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verzoeken")),
    )
    op.create_index(
        "uq_verzoeken_referentie",
        "verzoeken",
        ["domain", "aanbieder", "referentie"],
        unique=True,
        postgresql_where=_HOLDERS,
        sqlite_where=_HOLDERS,
    )
    op.create_index("ix_verzoeken_client", "verzoeken", ["client", "gemeente", "aanbieder"])
    op.create_index(op.f("ix_verzoeken_message"), "verzoeken", ["message"])
    op.create_table(
        "antwoorden",
        _count(),
        *_parties(),
        sa.Column("referentie", sa.String(length=36), nullable=False, comment="ReferentieAanbieder of the request"),
        sa.Column(
            "antwoord",
            sa.String(length=1),
            nullable=False,
            comment="VerzoekAntwoord: 1 refused, 2 in investigation",
        ),
        _message(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_antwoorden")),
    )
    op.create_index("ix_antwoorden_referentie", "antwoorden", ["domain", "aanbieder", "referentie"])
    op.create_index(op.f("ix_antwoorden_message"), "antwoorden", ["message"])
    op.create_index("ix_toewijzing_versies_referentie", "toewijzing_versies", ["aanbieder", "referentie_aanbieder"])
    op.add_column(
        "parties",
        sa.Column(
            "answers_itself",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="it sends the return messages to what it receives; the gateway sends none",
        ),
    )
    op.add_column(
        "judgements", sa.Column("codelijsten", sa.JSON(), nullable=True, comment="none: judged before they were noted")
    )
    for column in ("ingangsdatum", "einddatum"):
        op.create_index(f"ix_toewijzing_versies_{column}", "toewijzing_versies", [column, "toewijzing"])
    _partial_index("ix_messages_unjudged", "messages", ["received_at", "id"], _UNJUDGED)
    _partial_index("ix_judgements_unanswered", "judgements", ["received_at", "message"], _UNANSWERED)
    _partial_index("ix_mailbox_unfetched", "mailbox", ["message", "party"], _UNFETCHED)
    _indexes_of_facts()


def _partial_index(name: str, table: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(name, table, columns, postgresql_where=condition, sqlite_where=condition)


def _indexes_of_facts() -> None:
    """What lists of facts are read by: each side's own in their order, and what changed since a moment."""
    for table in ("starts", "verzoeken", "declaraties"):
        for side in ("gemeente", "aanbieder"):
            op.create_index(f"ix_{table}_{side}", table, [side, "id"])
    op.create_index("ix_toewijzingen_gemeente", "toewijzingen", ["gemeente", "id"])
    op.create_index("ix_toewijzing_versies_aanbieder", "toewijzing_versies", ["aanbieder", "toewijzing", "nr"])
    deleted = sa.text("deleted_by IS NOT NULL")
    for table in ("starts", "stops"):
        _partial_index(f"ix_{table}_deleted_by", table, ["deleted_by"], deleted)
    op.create_index("ix_judgements_at", "judgements", ["at"])


def _count() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _parties() -> list[sa.Column[str]]:
    lengths = {"domain": 3, "gemeente": 4, "aanbieder": 8}
    return [sa.Column(name, sa.String(length=length), nullable=False) for name, length in lengths.items()]


def _client() -> sa.Column[bytes]:
    return sa.Column("client", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of the Bsn")


def _message() -> sa.Column[str]:
    return sa.Column("message", sa.Uuid(as_uuid=False), nullable=False)
