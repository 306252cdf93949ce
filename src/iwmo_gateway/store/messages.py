"""Messages, their events, judgements and findings: rows in and out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, exists, insert, or_, select, true, update

from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.store.database import Transaction, bulk_insert, each, inserting, listed, values_of
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import events, findings, judgements, messages, numbers


class Status(StrEnum):
    """Where a message is in its life; `docs/decisions/001` has the table."""

    RECEIVED = "received"
    INVALID = "invalid"
    REJECTED = "rejected"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    PARTLY_ACCEPTED = "partly_accepted"
    ACCEPTED = "accepted"
    FAILED = "failed"


WAITS: Final = frozenset({Status.RECEIVED, Status.FAILED})
"""Not judged yet: the numbers are held until it is."""
COMPLETE: Final = frozenset({Status.REFUSED, Status.PARTLY_ACCEPTED, Status.ACCEPTED})
"""Judged, and nothing of it waits any more: its receiver sees it."""
COUNTS: Final = COMPLETE | {Status.IN_REVIEW}
"""Judged, and sent as far as the standard is concerned: its numbers are used."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is kept, without its bytes."""

    id: str
    domain: str
    soort: str
    release: str
    afzender: str
    ontvanger: str | None
    identificatie: str | None
    dagtekening: date | None
    digest: bytes
    size: int
    received_at: datetime
    status: Status
    judgements: int = 0
    holds_identification: bool = False
    forwarded: bool = False
    own: bool = False
    answers: str | None = None
    declaratie_nummer: str | None = None
    attempts: int = 0
    faults: int = 0
    error: str | None = None
    purged_at: datetime | None = None
    request: str | None = None

    @property
    def gemeente(self) -> str:
        """The municipality's side of it: its code has four digits, a provider's eight."""
        return self.afzender if len(self.afzender) == 4 else self.ontvanger or ""

    @property
    def aanbieder(self) -> str:
        """The provider's side of it."""
        return (self.ontvanger or "") if len(self.afzender) == 4 else self.afzender


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judging of one message; judgements are added, never changed."""

    message: str
    nr: int
    at: datetime
    received_at: datetime
    status: Status
    xsd: str
    regels: str
    contract: tuple[str, ...]
    bevindingen: int
    more: bool
    retour: str | None
    retour_soort: str | None
    ingediend: int | None = None
    toegekend: int | None = None
    codelijsten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a message."""

    at: datetime
    event: str
    actor: str
    detail: Mapping[str, Any] | None = None


PLAIN: Final = 0
"""The key version of bytes that were kept before there was encryption."""


class Sealed(NamedTuple):
    """The bytes of a message as they are kept, and the version of the key that opens them; see `gateway.keyring`."""

    key_version: int
    xml: bytes

    @property
    def purged(self) -> bool:
        """Whether they were here and are not any more."""
        return not self.xml


COLUMNS: Final = [messages.c[name] for name in Message.__slots__]
"""What a message is read from."""

# Statements of the main path, made once: building them anew for every message costs more than running them.
_INSERT_MESSAGE: Final = Prepared(
    inserting(messages, lambda new: new.on_conflict_do_nothing().returning(messages.c.id))
)
_INSERT_ANSWER: Final = Prepared(insert(messages))
_INSERT_JUDGEMENT: Final = Prepared(insert(judgements))
_INSERT_FINDINGS: Final = Prepared(insert(findings))
_INSERT_EVENTS: Final = Prepared(insert(events))
_INSERT_NUMBERS: Final = Prepared(
    {
        dialect: inserting(numbers, lambda new: new)[dialect]
        .from_select(
            ["message", "toewijzing_nummer"],
            select(bindparam("message", type_=numbers.c.message.type), rows.c.value).select_from(rows).where(true()),
        )
        .on_conflict_do_nothing()
        for dialect, rows in each("nummers", BigInteger()).items()
    }
)
_MANY: Final = 50
"""From how many rows on they are added in bulk."""
_by_id: Final = select(*COLUMNS).where(messages.c.id == bindparam("id"))
_BY_ID: Final = Prepared(_by_id)
_BY_ID_LOCKED: Final = Prepared(_by_id.with_for_update())
_XML: Final = Prepared(select(messages.c.key_version, messages.c.xml).where(messages.c.id == bindparam("id")))
_BY_DIGEST: Final = Prepared(
    select(*COLUMNS).where(messages.c.afzender == bindparam("afzender"), messages.c.digest == bindparam("digest"))
)
_HOLDER: Final = Prepared(
    select(messages.c.id).where(
        *(messages.c[name] == bindparam(name) for name in ("domain", "soort", "afzender", "identificatie")),
        messages.c.holds_identification,
        messages.c.id != bindparam("id"),
    )
)
_other: Final = messages.alias("other_answer")
_ANSWERED: Final = exists().where(
    _other.c.answers == messages.c.id, _other.c.status == Status.ACCEPTED, _other.c.id != bindparam("id")
)
_ANSWERABLE: Final = (
    select(*COLUMNS, _ANSWERED)
    .where(
        *(
            messages.c[name] == bindparam(name)
            for name in ("domain", "soort", "release", "afzender", "ontvanger", "identificatie")
        ),
        messages.c.forwarded,
        messages.c.own.is_(False),
    )
    # A number may be used again after a refusal: the day tells which one is meant, or else what still waits.
    .order_by(messages.c.dagtekening != bindparam("dagtekening"), _ANSWERED, messages.c.id.desc())
    .limit(1)
)
# A verdict counts too where the message was given up meanwhile: then it was not lost, only late.
_SETTLE: Final = Prepared(
    update(messages)
    .where(
        *(messages.c[name] == bindparam(f"was_{name}") for name in ("id", "judgements")),
        or_(messages.c.status == bindparam("was_status"), messages.c.status == Status.FAILED),
    )
    .returning(messages.c.id)
)


def insert_message(transaction: Transaction, message: Message, sealed: Sealed, lease_until: datetime | None) -> bool:
    """Keep a message. False, and nothing kept, if its bytes or the number that it is to hold are here already."""
    return transaction.execute(_INSERT_MESSAGE, _row(message, sealed, lease_until)).first() is not None


def insert_answer(transaction: Transaction, answer: Message, sealed: Sealed) -> None:
    """Keep a message of ours. Raises StoreConflict, at the latest when it is committed, if its number is in use."""
    transaction.execute(_INSERT_ANSWER, _row(answer, sealed, None))


def _row(message: Message, sealed: Sealed, lease_until: datetime | None) -> dict[str, Any]:
    return values_of(message) | sealed._asdict() | {"lease_until": lease_until}


def by_id(transaction: Transaction, message_id: str, *, lock: bool = False) -> Message | None:
    """The message with this id."""
    return _one(transaction, _BY_ID_LOCKED if lock else _BY_ID, {"id": message_id})


def by_digest(transaction: Transaction, afzender: str, digest: bytes) -> Message | None:
    """The message of this sender with exactly these bytes."""
    return _one(transaction, _BY_DIGEST, {"afzender": afzender, "digest": digest})


def identification_holder(transaction: Transaction, message: Message) -> str | None:
    """The other message that holds this one's identification."""
    holder: str | None = transaction.scalar(_HOLDER, values_of(message))
    return holder


def answer_of(transaction: Transaction, message_id: str) -> Message | None:
    """The newest return message of ours to this message."""
    newest_first = (
        select(*COLUMNS)
        .join_from(judgements, messages, messages.c.id == judgements.c.retour)
        .where(judgements.c.message == message_id)
        .order_by(judgements.c.nr.desc())
        .limit(1)
    )
    return _one(transaction, newest_first)


def answered_with(
    transaction: Transaction, answer: Message, soort: str, identificatie: str, dagtekening: date
) -> tuple[Message, bool] | None:
    """The message of kind `soort` that the return message `answer` answers, and whether another one did before.

    One of another day is found where there is none of this `dagtekening`. Only what was forwarded to the answering
    party can be answered by it.
    """
    values = {
        "id": answer.id,
        "domain": answer.domain,
        "release": answer.release,
        "afzender": answer.ontvanger,
        "ontvanger": answer.afzender,
        "soort": soort,
        "identificatie": identificatie,
        "dagtekening": dagtekening,
    }
    row = transaction.execute(_ANSWERABLE, values).first()
    return None if row is None else (message_of(row[:-1]), bool(row[-1]))


def xml_of(transaction: Transaction, message_id: str) -> Sealed:
    """The bytes that came in or went out, as they are kept."""
    key_version, xml = transaction.execute(_XML, {"id": message_id}).one()
    return Sealed(key_version, bytes(xml))


def put_back(transaction: Transaction, message_id: str, sealed: Sealed) -> None:
    """Keep the bytes of a message again that were purged, for they were sent again."""
    transaction.execute(update(messages).where(messages.c.id == message_id).values(**sealed._asdict(), purged_at=None))


def settle(transaction: Transaction, before: Message, **changes: Any) -> bool:
    """Write what judging made of a message, if nobody else judged it since `before` was read; False if somebody did."""
    was = {"was_id": before.id, "was_status": before.status, "was_judgements": before.judgements}
    return transaction.execute(_SETTLE, was | changes | {"lease_until": None}).first() is not None


def note_fault(
    transaction: Transaction, message: Message, error: str, *, attempts: int, retry_at: datetime | None
) -> bool:
    """Keep what went wrong with us: the message waits to be tried again, or without `retry_at` for a replay.

    False if somebody else took or judged the message since it was read.
    """
    statement = (
        update(messages)
        .where(
            messages.c.id == message.id,
            messages.c.status == Status.RECEIVED,
            messages.c.attempts == message.attempts,
        )
        .values(
            error=error,
            attempts=attempts,
            faults=messages.c.faults + 1,
            status=Status.FAILED if retry_at is None else Status.RECEIVED,
            lease_until=retry_at,
        )
    )
    return transaction.execute(statement).rowcount == 1


def take_waiting(transaction: Transaction, now: datetime, lease: timedelta, ahead: timedelta) -> Message | None:
    """The oldest received message whose lease ran out, now leased to the caller; None if nothing waits.

    Taking it counts as an attempt before it is made: a message that kills its process is not taken up for ever. No
    lease lies further than `ahead` in the future: one that does is of a clock that was wrong, and does not hold.
    """
    oldest = (
        select(messages.c.id)
        .where(
            messages.c.status == Status.RECEIVED,
            or_(messages.c.lease_until <= now, messages.c.lease_until > now + ahead),
        )
        .order_by(messages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return _one(
        transaction,
        update(messages)
        .where(messages.c.id == oldest.scalar_subquery())
        .values(lease_until=now + lease, attempts=messages.c.attempts + 1)
        .returning(*COLUMNS),
    )


def waiting_size(transaction: Transaction, now: datetime) -> int | None:
    """How many bytes the oldest received message has whose lease ran out; None if there is none."""
    waits = (messages.c.status == Status.RECEIVED, messages.c.lease_until <= now)
    size: int | None = transaction.scalar(select(messages.c.size).where(*waits).order_by(messages.c.id).limit(1))
    return size


def insert_judgement(transaction: Transaction, judgement: Judgement, found: Sequence[Finding]) -> None:
    """Add a judgement with all its findings."""
    versions = {"contract": list(judgement.contract), "codelijsten": list(judgement.codelijsten)}
    transaction.execute(_INSERT_JUDGEMENT, values_of(judgement) | versions)
    if found:
        rows = [
            {
                "message": judgement.message,
                "judgement": judgement.nr,
                "nr": nr,
                **values_of(finding),
                "actie": finding.actie.value,
            }
            for nr, finding in enumerate(found)
        ]
        if len(rows) > _MANY:
            bulk_insert(transaction, findings, rows)
        else:
            transaction.execute(_INSERT_FINDINGS, rows)


def insert_events(transaction: Transaction, message_id: str, happened: Iterable[Event]) -> None:
    """Add what happened."""
    if rows := [{"message": message_id, **values_of(event)} for event in happened]:
        transaction.execute(_INSERT_EVENTS, rows)


def insert_numbers(transaction: Transaction, message_id: str, toewijzing_nummers: Iterable[int]) -> None:
    """Keep which allocations a message is about, so that it is found by them whatever becomes of it."""
    if wanted := sorted(set(toewijzing_nummers)):
        values = {"message": message_id, "nummers": listed(transaction, wanted)}
        transaction.execute(_INSERT_NUMBERS, values)


def events_of(transaction: Transaction, message_id: str) -> list[Event]:
    """What happened to a message, oldest first."""
    query = select(events.c.at, events.c.event, events.c.actor, events.c.detail)
    rows = transaction.execute(query.where(events.c.message == message_id).order_by(events.c.id))
    return [Event(*row) for row in rows]


def judgements_of(transaction: Transaction, message_id: str) -> list[Judgement]:
    """Every judgement of a message, oldest first."""
    return _judgements(transaction, judgements.c.message == message_id)


def newest_judgements(transaction: Transaction, ids: Sequence[str]) -> dict[str, Judgement]:
    """The newest judgement of each of these messages that has one."""
    newest = _judgements(transaction, judgements.c.message.in_(ids))
    return {judgement.message: judgement for judgement in newest}


def _judgements(transaction: Transaction, which: ColumnElement[bool]) -> list[Judgement]:
    columns = [judgements.c[name] for name in Judgement.__slots__]
    rows = transaction.execute(select(*columns).where(which).order_by(judgements.c.nr))
    return [
        replace(
            judgement,
            status=Status(judgement.status),
            contract=tuple(judgement.contract),
            codelijsten=tuple(judgement.codelijsten or ()),
        )
        for judgement in (Judgement(*row) for row in rows)
    ]


def findings_of(
    transaction: Transaction, message_id: str, judgement: int, *, after: int = -1, limit: int | None = None
) -> list[Finding]:
    """The findings of one judgement in their order, from the one after number `after`."""
    columns = [findings.c[name] for name in Finding.__slots__]
    query = (
        select(*columns)
        .where(findings.c.message == message_id, findings.c.judgement == judgement, findings.c.nr > after)
        .order_by(findings.c.nr)
        .limit(limit)
    )
    return [
        replace(finding, actie=Actie(finding.actie))
        for finding in (Finding(*row) for row in transaction.execute(query))
    ]


def findings_at(
    transaction: Transaction, message_id: str, judgement: int, pads: Sequence[str]
) -> list[tuple[int, Finding]]:
    """The findings of one judgement at these places, each under its number, in their order."""
    columns = [findings.c[name] for name in Finding.__slots__]
    query = (
        select(findings.c.nr, *columns)
        .where(findings.c.message == message_id, findings.c.judgement == judgement, findings.c.pad.in_(pads))
        .order_by(findings.c.nr)
    )
    found = ((nr, Finding(*row)) for nr, *row in transaction.execute(query))
    return [(nr, replace(finding, actie=Actie(finding.actie))) for nr, finding in found]


def _one(transaction: Transaction, statement: Any, values: Mapping[str, Any] | None = None) -> Message | None:
    row = transaction.execute(statement, values).first()
    return None if row is None else message_of(row)


def message_of(row: Any) -> Message:
    """A row of `COLUMNS` as a message."""
    message = Message(*row)
    return replace(message, status=Status(message.status), digest=bytes(message.digest))
