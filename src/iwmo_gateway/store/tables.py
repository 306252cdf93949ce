"""The tables. Everything that users search by is indexed; what is personal is only ever here encrypted."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite has no zones, so it is given and takes back the zone here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Every moment comes back in UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Words(TypeDecorator[frozenset[str]]):
    """A few words of our own, such as rights, as one text: in order, with commas between."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        """A text."""
        return None if value is None else ",".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        """The words."""
        return None if value is None else frozenset(filter(None, value.split(",")))


def _id(name: str = "id", **options: Any) -> Column[Any]:
    return Column(name, Uuid(as_uuid=False), **options)


def _only(condition: str) -> dict[str, Any]:
    """An index over only those rows."""
    return {f"{dialect}_where": text(condition) for dialect in ("postgresql", "sqlite")}


# SQLite counts up by itself only on a column that is exactly INTEGER.
_Count = BigInteger().with_variant(Integer(), "sqlite")

parties = Table(
    "parties",
    metadata,
    Column("code", String(8), primary_key=True, comment="CBS code of a municipality or AGB code of a provider"),
    Column("kind", String(9), nullable=False),
    Column("mailbox_nr", BigInteger, nullable=False, server_default="0", comment="the last number given out"),
    Column("created_at", Moment, nullable=False),
    Column(
        "answers_itself",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="it sends the return messages to what it receives; the gateway sends none",
    ),
    Column("domains", Words(20), nullable=False, server_default="jw,wmo", comment="in which it takes part"),
    Column("registered_at", Moment, comment="none: nobody made it known, it only was sent something"),
)

tokens = Table(
    "tokens",
    metadata,
    _id(primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True, comment="SHA-256 of the token"),
    Column("role", String(8), nullable=False),
    Column("party", ForeignKey("parties.code")),
    Column("label", String(80), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("rights", Words(60), nullable=False, server_default="read", comment="what its holder may do"),
    Column("domains", Words(20), nullable=False, server_default="jw,wmo", comment="in which its holder may do it"),
    Column("expires_at", Moment, comment="none: made before tokens had an end"),
    Column("last_used_at", Moment, comment="noted once in some minutes"),
    _id("replaces", comment="the token that this one takes the place of"),
    Column("subject", String(255), comment="whom the OpenID provider vouches for; it has no text"),
    Index("ux_tokens_subject", "subject", unique=True, **_only("revoked_at IS NULL")),
)

mandates = Table(
    "mandates",
    metadata,
    _id(primary_key=True),
    Column("party", ForeignKey("parties.code"), nullable=False, comment="who is acted for"),
    Column("bureau", ForeignKey("parties.code"), nullable=False, comment="who acts for it"),
    Column("vanaf", Date, nullable=False, comment="the first day"),
    Column("tot_en_met", Date, comment="the last day; none: until it is revoked"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_by", String(120)),
    Index("ix_mandates_bureau", "bureau"),
)

messages = Table(
    "messages",
    metadata,
    _id(primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("soort", String(6), nullable=False),
    Column("release", String(3), nullable=False),
    Column("afzender", String(8), nullable=False, comment="who really sent it"),
    Column("ontvanger", String(8)),
    Column("identificatie", String(12)),
    Column("dagtekening", Date),
    Column("declaratie_nummer", String(12), comment="of a claim, as its header tells it"),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the bytes"),
    Column("size", Integer, nullable=False),
    Column("received_at", Moment, nullable=False, comment="the receipt that its newest judgement goes by"),
    Column("status", String(15), nullable=False),
    Column("judgements", Integer, nullable=False, server_default="0"),
    Column("holds_identification", Boolean, nullable=False, comment="its number is used or held"),
    Column("forwarded", Boolean, nullable=False, comment="its receiver sees it"),
    Column("own", Boolean, nullable=False, comment="made by the gateway"),
    _id("answers", comment="the message that it answers"),
    Column("lease_until", Moment, comment="until when a process has it in hand"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="how often it was taken in hand"),
    Column("faults", Integer, nullable=False, server_default="0", comment="how often it was put off by a fault"),
    Column("error", Text, comment="what went wrong with us the last time"),
    Column("request", String(64), comment="correlation id of the call that brought it"),
    Column("key_version", SmallInteger, nullable=False, server_default="0", comment="of xml; 0: not encrypted yet"),
    Column("purged_at", Moment, comment="since when xml is empty: it was kept for its term"),
    Column("forgotten_at", Moment, comment="since when nothing of a person is left of it: its facts went too"),
    Column("xml", LargeBinary, nullable=False, comment="compressed, then encrypted for this row"),
    UniqueConstraint("afzender", "digest"),
)
Index(
    "uq_messages_identification",
    messages.c.domain,
    messages.c.soort,
    messages.c.afzender,
    messages.c.identificatie,
    unique=True,
    **_only("holds_identification"),
)
Index("ix_messages_afzender", messages.c.afzender, messages.c.id)
Index("ix_messages_ontvanger", messages.c.ontvanger, messages.c.id)
Index("ix_messages_afzender_status", messages.c.afzender, messages.c.status, messages.c.id)
Index("ix_messages_ontvanger_status", messages.c.ontvanger, messages.c.status, messages.c.id)
Index("ix_messages_identificatie", messages.c.identificatie)
Index("ix_messages_declaratie_nummer", messages.c.declaratie_nummer)
Index("ix_messages_received_at", messages.c.received_at)
Index("ix_messages_status", messages.c.status, messages.c.id)
Index("ix_messages_soort", messages.c.soort, messages.c.id)
Index("ix_messages_answers", messages.c.answers)
Index(
    "ix_messages_unjudged",
    messages.c.received_at,
    messages.c.id,
    **_only("status IN ('failed', 'received')"),
)
Index(
    "ix_messages_waiting",
    messages.c.lease_until,
    **_only("status = 'received'"),
)

# Both tables are append-only: triggers of the database refuse UPDATE and DELETE.
audit = Table(
    "audit",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(120), nullable=False, comment="a party, a token's role and label, or the command line"),
    _id("token", comment="by which it was let in"),
    Column("party", String(8), comment="on whose behalf"),
    Column("action", String(12), nullable=False),
    Column("what", String(200), nullable=False, comment="the path below /v1, or the words of a command"),
    _id("message", comment="id of the message that it was about"),
    Column(
        "messages",
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
        comment="ids of the messages, where there are several",
    ),
    Column("outcome", String(7), nullable=False),
    Column("problem", String(30), comment="code of the problem that it ended in"),
    Column("request", String(64), comment="correlation id of the call"),
    Column("address", String(100), comment="network address, or user and machine of the command line"),
    Index("ix_audit_at", "at"),
    Index("ix_audit_actor", "actor", "id"),
)
Index("ix_audit_message", audit.c.message, **_only("message IS NOT NULL"))
# Only PostgreSQL can look into a list by an index: on SQLite this one is always empty.
Index(
    "ix_audit_messages",
    audit.c.messages,
    postgresql_using="gin",
    postgresql_ops={"messages": "jsonb_path_ops"},
    sqlite_where=text("false"),
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("nr", Integer, primary_key=True, autoincrement=False),
    Column("sealed_at", Moment, nullable=False),
    Column("last", BigInteger, nullable=False, comment="every row up to this one is sealed"),
    Column("ids", JSON, nullable=False, comment="the rows, as ranges: [[first, last], …]"),
    Column("digests", LargeBinary, nullable=False, comment="8 bytes for each row: tell which one was changed"),
    Column("key", String(16), nullable=False, comment="which key it was made with"),
    Column("previous", LargeBinary(32), nullable=False, comment="hash of the seal before it"),
    Column("hash", LargeBinary(32), nullable=False, comment="keyed hash of all of it and of the rows"),
)

progress = Table(
    "progress",
    metadata,
    _id("message", primary_key=True),
    Column("fase", String(12), nullable=False),
    Column("regels", Integer, comment="lines of a claim, once they were read"),
    Column("gedaan", Integer, nullable=False, comment="how many of them were judged"),
    Column("updated_at", Moment, nullable=False),
)

encryption_keys = Table(
    "encryption_keys",
    metadata,
    Column("version", SmallInteger, primary_key=True, autoincrement=False),
    Column("proof", LargeBinary(32), nullable=False, comment="what the right key makes of a fixed text"),
    Column("added_at", Moment, nullable=False),
    Column("retired_at", Moment, comment="nothing is encrypted or hashed with it any more"),
)

clienten = Table(
    "clienten",
    metadata,
    Column("client", LargeBinary(16), primary_key=True, comment="chosen by chance: what facts know the client by"),
    Column("bsn", LargeBinary, comment="encrypted for this row; none: known from before, and no message read since"),
    Column("key_version", SmallInteger, nullable=False, comment="of bsn; 0: there is none"),
)

client_hashes = Table(
    "client_hashes",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True, comment="keyed hash of the Bsn"),
    Column("client", ForeignKey("clienten.client"), nullable=False, index=True),
    Column("key_version", SmallInteger, nullable=False, comment="of the key of the hash"),
)

events = Table(
    "events",
    metadata,
    Column("id", _Count, primary_key=True),
    _id("message", nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("event", String(20), nullable=False),
    Column("actor", String(120), nullable=False, comment="a party, an operator's token, or the gateway itself"),
    Column("detail", JSON),
)

judgements = Table(
    "judgements",
    metadata,
    _id("message", primary_key=True),
    Column("nr", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False, comment="the receipt that it was judged by"),
    Column("status", String(15), nullable=False),
    Column("xsd", String(120), nullable=False),
    Column("regels", String(60), nullable=False),
    Column("contract", JSON, nullable=False),
    Column("codelijsten", JSON, comment="none: judged before they were noted"),
    Column("bevindingen", Integer, nullable=False),
    Column("more", Boolean, nullable=False, comment="there were more schema faults than were kept"),
    Column("ingediend", BigInteger, comment="of a claim, signed euro cents"),
    Column("toegekend", BigInteger, comment="of a claim, signed euro cents"),
    _id("retour"),
    Column("retour_soort", String(6)),
    Index("ix_judgements_at", "at"),
)
Index(
    "ix_judgements_unanswered",
    judgements.c.received_at,
    judgements.c.message,
    **_only("retour IS NULL AND status <> 'invalid'"),
)

findings = Table(
    "findings",
    metadata,
    _id("message", primary_key=True),
    Column("judgement", Integer, primary_key=True),
    Column("nr", Integer, primary_key=True),
    Column("regel", String(40), nullable=False),
    Column("niveau", Integer, nullable=False),
    Column("retourcode", String(4)),
    Column("klasse", Text, nullable=False),
    Column("pad", Text, nullable=False),
    Column("regelnummer", Integer, nullable=False),
    Column("tekst", Text, nullable=False),
    Column("verwacht", Text),
    Column("gevonden", Text),
    Column("actie", String(8), nullable=False),
    Column("artikel", Text, comment="where the contract says it"),
)
Index("ix_findings_regel", findings.c.regel, findings.c.message)
Index("ix_findings_retourcode", findings.c.retourcode, findings.c.message)

numbers = Table(
    "numbers",
    metadata,
    _id("message", primary_key=True),
    Column("toewijzing_nummer", BigInteger, primary_key=True, comment="it is about this allocation, accepted or not"),
    Index("ix_numbers_toewijzing_nummer", "toewijzing_nummer", "message"),
)

toewijzingen = Table(
    "toewijzingen",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("nummer", BigInteger, nullable=False),
    Column("versions", Integer, nullable=False, comment="grows with every version: two writers cannot both be first"),
    UniqueConstraint("domain", "gemeente", "nummer"),
    Index("ix_toewijzingen_gemeente", "gemeente", "id"),
)

toewijzing_versies = Table(
    "toewijzing_versies",
    metadata,
    Column("toewijzing", ForeignKey("toewijzingen.id"), primary_key=True),
    Column("nr", Integer, primary_key=True),
    _id("message", nullable=False, index=True),
    Column("client", LargeBinary(16), nullable=False, comment="who it is: `clienten`"),
    Column("aanbieder", String(8), nullable=False),
    Column("referentie_aanbieder", String(36)),
    Column("categorie", String(2)),
    Column("code", String(5)),
    Column("toewijzingsdatum", Date, nullable=False),
    Column("toewijzingstijd", Time, nullable=False),
    Column("ingangsdatum", Date, nullable=False),
    Column("einddatum", Date),
    Column("reden_wijziging", String(2)),
    Column("volume", BigInteger),
    Column("eenheid", String(2)),
    Column("frequentie", String(1)),
    Column("budget", BigInteger, comment="euro cents"),
    Column("geboortedatum", LargeBinary, comment="encrypted for this client, none if it is unknown"),
    Index("ix_toewijzing_versies_client", "client", "aanbieder"),
    Index("ix_toewijzing_versies_referentie", "aanbieder", "referentie_aanbieder"),
    Index("ix_toewijzing_versies_van_verzoek", "referentie_aanbieder", **_only("referentie_aanbieder IS NOT NULL")),
    Index("ix_toewijzing_versies_ingangsdatum", "ingangsdatum", "toewijzing"),
    Index("ix_toewijzing_versies_einddatum", "einddatum", "toewijzing"),
    Index("ix_toewijzing_versies_aanbieder", "aanbieder", "toewijzing", "nr"),
)

starts = Table(
    "starts",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("client", LargeBinary(16), nullable=False, comment="who it is: `clienten`"),
    Column("toewijzing_nummer", BigInteger),
    Column("categorie", String(2)),
    Column("code", String(5)),
    Column("begindatum", Date, nullable=False),
    _id("message", nullable=False, index=True),
    _id("deleted_by", comment="the 305 that deleted it"),
    Index("ix_starts_client", "client", "gemeente", "aanbieder"),
    Index("ix_starts_gemeente", "gemeente", "id"),
    Index("ix_starts_aanbieder", "aanbieder", "id"),
    Index("ix_starts_deleted_by", "deleted_by", **_only("deleted_by IS NOT NULL")),
)

stops = Table(
    "stops",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("client", LargeBinary(16), nullable=False, comment="who it is: `clienten`"),
    Column("toewijzing_nummer", BigInteger),
    Column("categorie", String(2)),
    Column("code", String(5)),
    Column("begindatum", Date, nullable=False),
    Column("reden", String(2), nullable=False, comment="RedenBeeindiging; 20 is for a while"),
    Column("einddatum", Date, nullable=False),
    _id("message", nullable=False, index=True),
    _id("deleted_by", comment="the 307 that deleted it"),
    Index("ix_stops_client", "client", "gemeente", "aanbieder"),
    Index("ix_stops_deleted_by", "deleted_by", **_only("deleted_by IS NOT NULL")),
)

verzoeken = Table(
    "verzoeken",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("client", LargeBinary(16), nullable=False, comment="who it is: `clienten`"),
    Column("referentie", String(36), nullable=False, comment="ReferentieAanbieder"),
    _id("message", nullable=False, index=True),
    Column("holds_reference", Boolean, nullable=False, comment="false where another request had it before (2.3)"),
    Index("ix_verzoeken_client", "client", "gemeente", "aanbieder"),
    Index("ix_verzoeken_gemeente", "gemeente", "id"),
    Index("ix_verzoeken_aanbieder", "aanbieder", "id"),
    Index("ix_verzoeken_referentie", "referentie"),
)
Index(
    "uq_verzoeken_referentie",
    verzoeken.c.domain,
    verzoeken.c.aanbieder,
    verzoeken.c.referentie,
    unique=True,
    **_only("holds_reference"),
)

antwoorden = Table(
    "antwoorden",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("referentie", String(36), nullable=False, comment="ReferentieAanbieder of the request"),
    Column("antwoord", String(1), nullable=False, comment="VerzoekAntwoord: 1 refused, 2 in investigation"),
    _id("message", nullable=False, index=True),
    Index("ix_antwoorden_referentie", "domain", "aanbieder", "referentie"),
    Index("ix_antwoorden_op_referentie", "referentie"),
)

declaraties = Table(
    "declaraties",
    metadata,
    Column("id", _Count, primary_key=True, comment="in the order in which claims were booked"),
    _id("message", nullable=False, unique=True),
    Column("domain", String(3), nullable=False),
    Column("soort", String(6), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("declaratie_nummer", String(12), nullable=False),
    Column("begindatum", Date, nullable=False, comment="of DeclaratiePeriode"),
    Column("einddatum", Date, nullable=False, comment="of DeclaratiePeriode"),
    Column("ingediend", BigInteger, nullable=False, comment="signed euro cents"),
    Column("toegekend", BigInteger, nullable=False, comment="signed euro cents"),
    UniqueConstraint("domain", "soort", "aanbieder", "declaratie_nummer"),
    Index("ix_declaraties_begindatum", "domain", "soort", "gemeente", "aanbieder", "begindatum"),
    Index("ix_declaraties_gemeente", "gemeente", "id"),
    Index("ix_declaraties_aanbieder", "aanbieder", "id"),
)

prestaties = Table(
    "prestaties",
    metadata,
    Column("id", _Count, primary_key=True),
    _id("message", nullable=False, index=True),
    Column("domain", String(3), nullable=False),
    Column("soort", String(6), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("client", LargeBinary(16), nullable=False, comment="who it is: `clienten`"),
    Column("referentie_nummer", String(20), nullable=False),
    Column("vorig_referentie_nummer", String(20)),
    Column("toewijzing_nummer", BigInteger),
    Column("categorie", String(2), nullable=False),
    Column("code", String(5), nullable=False),
    Column("begindatum", Date, nullable=False),
    Column("einddatum", Date, nullable=False),
    Column("volume", BigInteger, nullable=False),
    Column("eenheid", String(2), nullable=False),
    Column("tarief", BigInteger, comment="euro cents"),
    Column("bedrag", BigInteger, nullable=False, comment="euro cents, without sign"),
    Column("btw", BigInteger, nullable=False, comment="euro cents, without sign"),
    Column("credit", Boolean, nullable=False, comment="takes back the debit of vorig_referentie_nummer"),
    Column("approved", Boolean, nullable=False, comment="a refused line keeps its number used, and claims nothing"),
    Column(
        "held",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="waits for the municipality: claims as if it were approved, and is not",
    ),
    Column("holds_reference", Boolean, nullable=False, comment="false where another line had the number before"),
    Column("client_nr", Integer, comment="the position of its Client, from 1; none: booked before it was noted"),
    Column("regel_nr", Integer, comment="its position in its Client, from 1"),
    Index("ix_prestaties_referentie_nummer", "referentie_nummer"),
    Index(
        "ix_prestaties_vorig_referentie_nummer",
        "vorig_referentie_nummer",
        **_only("vorig_referentie_nummer IS NOT NULL"),
    ),
)
Index(
    "uq_prestaties_reference",
    prestaties.c.domain,
    prestaties.c.soort,
    prestaties.c.aanbieder,
    prestaties.c.referentie_nummer,
    unique=True,
    **_only("holds_reference"),
)
Index(
    "uq_prestaties_credited",
    prestaties.c.domain,
    prestaties.c.soort,
    prestaties.c.aanbieder,
    prestaties.c.vorig_referentie_nummer,
    unique=True,
    **_only("credit AND approved"),
)
for _side in ("gemeente", "aanbieder"):
    Index(f"ix_prestaties_credits_{_side}", prestaties.c[_side], prestaties.c.id, **_only("credit AND approved"))
Index(
    "ix_prestaties_claimed",
    prestaties.c.domain,
    prestaties.c.gemeente,
    prestaties.c.toewijzing_nummer,
    **_only("approved OR held"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", _Count, primary_key=True, comment="of one claim in the order of its lines"),
    _id("message", nullable=False, comment="the claim"),
    Column("domain", String(3), nullable=False),
    Column("soort", String(6), nullable=False),
    Column("release", String(3), nullable=False),
    Column("gemeente", String(4), nullable=False),
    Column("aanbieder", String(8), nullable=False),
    Column("referentie_nummer", String(20), nullable=False, comment="of the line, which holds it"),
    Column("pad", Text, nullable=False),
    Column("regelnummer", Integer, nullable=False),
    Column("bevindingen", JSON, nullable=False, comment="why it is held: rule, article, text, expected and found"),
    Column("received_at", Moment, nullable=False),
    Column("uiterlijk", Date, nullable=False, comment="the last day on which the claim is answered in time"),
    Column("decided_at", Moment, comment="none while it waits"),
    Column("besluit", String(7)),
    Column("retourcode", String(4)),
    Column("reason", Text),
    Column("decided_by", String(120)),
    Index("ix_reviews_message", "message"),
)
Index("ix_reviews_uiterlijk", reviews.c.uiterlijk, reviews.c.id, **_only("decided_at IS NULL"))
Index(
    "ix_reviews_gemeente",
    reviews.c.gemeente,
    reviews.c.uiterlijk,
    reviews.c.id,
    **_only("decided_at IS NULL"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("party", ForeignKey("parties.code"), primary_key=True),
    Column("nr", BigInteger, primary_key=True),
    _id("message", nullable=False, index=True),
    _id("replaces", comment="an earlier answer that was fetched already"),
    Column("created_at", Moment, nullable=False),
    Column("fetched_at", Moment),
    Column("acknowledged_at", Moment),
    Column("withdrawn_at", Moment),
)
Index(
    "ix_mailbox_waiting",
    mailbox.c.party,
    mailbox.c.nr,
    **_only("acknowledged_at IS NULL AND withdrawn_at IS NULL"),
)
Index(
    "ix_mailbox_unfetched",
    mailbox.c.message,
    mailbox.c.party,
    **_only("fetched_at IS NULL AND acknowledged_at IS NULL AND withdrawn_at IS NULL"),
)

replays = Table(
    "replays",
    metadata,
    _id(primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("force", Boolean, nullable=False),
    Column("finished_at", Moment),
    Column("status", String(9), nullable=False, server_default="finished"),
    Column("filter", JSON(none_as_null=True), comment="what it was selected by; none: by ids"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column(
        "more",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the filter finds more than one replay holds",
    ),
    Column("concurrency", Integer, nullable=False, server_default="1"),
    Column("selection", JSON, comment="how many per kind and status"),
    Column("history", JSON, comment="who started, paused or cancelled it, when"),
)
Index("ix_replays_running", replays.c.id, **_only("status = 'running'"))

replay_items = Table(
    "replay_items",
    metadata,
    Column("replay", ForeignKey("replays.id"), primary_key=True),
    Column("nr", Integer, primary_key=True),
    _id("message", nullable=False, index=True),
    Column("outcome", String(12), comment="none while it waits"),
    Column("status_before", String(15)),
    Column("status_after", String(15)),
    Column("detail", JSON(none_as_null=True)),
    Column(
        "lane",
        String(21),
        nullable=False,
        server_default="-",
        comment="domain, municipality and provider: one after another",
    ),
)
Index("ix_replay_items_outcome", replay_items.c.replay, replay_items.c.outcome, replay_items.c.nr)
Index(
    "ix_replay_items_waiting",
    replay_items.c.replay,
    replay_items.c.lane,
    replay_items.c.nr,
    **_only("outcome IS NULL"),
)

replay_lanes = Table(
    "replay_lanes",
    metadata,
    Column("replay", ForeignKey("replays.id"), primary_key=True),
    Column("lane", String(21), primary_key=True),
    Column("next_nr", Integer, comment="none: all of it is done"),
    Column("lease_until", Moment, comment="until when a process has it in hand"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="how often the next one was taken in hand"),
    Column("judgements", Integer, comment="how many its message had when it was first taken"),
)
Index("ix_replay_lanes_open", replay_lanes.c.replay, replay_lanes.c.next_nr, **_only("next_nr IS NOT NULL"))

saved_filters = Table(
    "saved_filters",
    metadata,
    Column("owner", String(120), primary_key=True, comment="a party, or who an operator or auditor signed in as"),
    Column("name", String(60), primary_key=True),
    Column("filter", JSON, nullable=False, comment="fields of the search form, none of which is a number"),
    Column("saved_at", Moment, nullable=False),
)

contracts = Table(
    "contracts",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("domain", String(3), nullable=False),
    Column("vanaf", Date, nullable=False),
    Column("tot_en_met", Date, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the text"),
    Column("text", Text, nullable=False, comment="the profile as an officer wrote it; never changed"),
    Column("loaded_at", Moment, nullable=False),
    Column("loaded_by", String(120), nullable=False),
)

contract_gemeenten = Table(
    "contract_gemeenten",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    ForeignKeyConstraint(["name", "version"], ["contracts.name", "contracts.version"]),
)
