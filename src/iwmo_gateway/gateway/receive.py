"""Receiving: what is not ours to keep is refused, what can be kept is kept first and judged then."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.gateway import metrics
from iwmo_gateway.gateway.access import Caller, is_party_code
from iwmo_gateway.gateway.assessing import assess, complete, status_of
from iwmo_gateway.gateway.audit import deed_of
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.gateway.correlation import correlation, noted
from iwmo_gateway.gateway.judging import Occasion, process
from iwmo_gateway.gateway.parties import Unreachable, unreachable
from iwmo_gateway.gateway.results import Result, result_of
from iwmo_gateway.gateway.tracing import traced
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.xml import Document, Unreadable, read
from iwmo_gateway.store import audit, messages
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Event, Message, Sealed, Status

log = structlog.get_logger(__name__)

_SENDER: Final = {"303": "Aanbieder", "304": "Gemeente", "325": "Afzender"}
"""The element that names the real sender, where that is not Afzender or, of a return message, Ontvanger."""

_RECEIVER: Final = {"303": "Gemeente", "304": "Aanbieder", "325": "Ontvanger"}
"""The element that names the real receiver, where that is not Ontvanger or, of a return message, Afzender."""


class Denial(StrEnum):
    """Why a readable message is not taken."""

    NOT_THE_SENDER = "not-the-sender"
    NO_PARTY = "no-party"
    NOT_THIS_DOMAIN = "not-this-domain"
    UNKNOWN_RECEIVER = "unknown-receiver"
    RECEIVER_NOT_IN_DOMAIN = "receiver-not-in-domain"


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken, and nothing kept: the bytes could not be read, or the message is not the caller's to send."""

    why: Unreadable | Denial
    tekst: str
    verwacht: str
    gevonden: str | None = None
    regelnummer: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Kept, with its result so far. `repeated` if exactly these bytes were here already."""

    result: Result
    repeated: bool


@traced("receive")
def receive(
    gateway: Gateway, caller: Caller, body: bytes, received_at: datetime, *, later: bool = False
) -> Refused | Taken:
    """Take a message: keep it, note in the audit trail who sent it, judge it, store and return its result.

    `received_at` is the moment by which it is judged and answered: now, but in a sandbox. `later` only keeps it; a
    worker judges it. Everything else about it is in the result, whatever is wrong with it.
    """
    read_by = _readable(gateway, caller, body)
    if isinstance(read_by, Refused):
        return read_by
    document, caller = read_by
    if caller.party is None:
        return Refused(
            Denial.NO_PARTY, "Alleen een partij zendt berichten in.", "een token van een partij", caller.role
        )
    message = _message(document, caller, body, received_at)
    lease_until = caller.at if later else caller.at + gateway.lease
    sealed = gateway.keyring.seal_xml(message.id, body)
    with gateway.database.writing() as transaction:
        refused = _undeliverable(gateway, transaction, document)
        if refused is not None:
            return refused
        kept = _kept(transaction, message, sealed, lease_until)
        repeated = kept.id != message.id
        if kept.purged_at is not None:
            messages.put_back(transaction, kept.id, gateway.keyring.seal_xml(kept.id, body))
            kept = replace(kept, purged_at=None)
        happened = Event(caller.at, "repeated" if repeated else "received", caller.actor, noted())
        messages.insert_events(transaction, kept.id, [happened])
        audit.add(transaction, deed_of(caller, Action.SEND, "berichten", messages=[kept.id]))
    metrics.count_received(kept, repeated=repeated)
    if repeated:
        return Taken(_repeated(gateway, kept, document, caller, received_at), repeated=True)
    message = kept
    if later:
        log.info("kept_for_later", message=message.id, soort=message.soort, size=message.size)
        return Taken(Result(message, None, ()), repeated=False)
    occasion = Occasion(caller.actor, caller.at, received_at, day_of(received_at))
    return Taken(process(gateway, message, document, occasion), repeated=False)


def validate(gateway: Gateway, caller: Caller, body: bytes, received_at: datetime) -> Refused | tuple[Message, Verdict]:
    """What the gateway would say of a message, at all levels; nothing is kept."""
    read_by = _readable(gateway, caller, body)
    if isinstance(read_by, Refused):
        return read_by
    document, caller = read_by
    message = _message(document, caller, body, received_at)
    assessment = assess(gateway, document)
    with gateway.database.reading() as transaction:
        refused = _undeliverable(gateway, transaction, document)
        if refused is not None:
            return refused
        unheld = replace(message, holds_identification=False)
        known = messages.by_digest(transaction, message.afzender, message.digest)
        verdict = complete(gateway, transaction, known or unheld, assessment, received_at).verdict
    return replace(message, status=status_of(assessment, verdict)), verdict


@traced("read")
def _readable(gateway: Gateway, caller: Caller, body: bytes) -> tuple[Document, Caller] | Refused:
    """The document, and the caller as the party that sends it: itself, or one that gave it a mandate."""
    document = read(body, gateway.settings.max_message_bytes)
    if isinstance(document, Unreadable):
        return Refused(document, document.tekst, document.verwacht, regelnummer=document.regelnummer)
    sender: Caller | None = caller
    if caller.party is not None and document.kop.afzender is not None:
        sender = caller.acting_for(document.kop.afzender)
    if sender is None:
        named = _SENDER.get(document.soort.code[-3:], "Ontvanger" if document.soort.is_answer else "Afzender")
        return Refused(
            Denial.NOT_THE_SENDER,
            f"De {named} in het bericht is niet de partij van dit token, en gaf die ook geen machtiging.",
            f"{named} {caller.party}",
            f"{named} {(document.kop.afzender or '')[:20]}",
            _line_of(document, named),
        )
    domain = document.soort.domain
    if domain not in sender.domains:
        told = f"Een bericht van {domain.standard} is niet voor dit token of deze partij."
        return Refused(Denial.NOT_THIS_DOMAIN, told, _standards(sender.domains), domain.standard)
    return document, sender


def _undeliverable(gateway: Gateway, transaction: Transaction, document: Document) -> Refused | None:
    """Why the receiver cannot be sent this; what is no code at all is left to the schema."""
    receiver, domain = document.kop.ontvanger, document.soort.domain
    if receiver is None or not is_party_code(receiver):
        return None
    match unreachable(gateway, transaction, receiver, domain):
        case None:
            return None
        case Unreachable.UNKNOWN:
            told = f"De ontvanger {receiver} is hier niet aangesloten."
            return Refused(
                Denial.UNKNOWN_RECEIVER, told, "de code van een aangesloten partij", receiver, _of_receiver(document)
            )
        case Unreachable.NOT_IN_DOMAIN:
            told = f"De ontvanger {receiver} doet hier niet mee in {domain.standard}."
            expected = f"een partij die meedoet in {domain.standard}"
            return Refused(Denial.RECEIVER_NOT_IN_DOMAIN, told, expected, receiver, _of_receiver(document))


def _of_receiver(document: Document) -> int | None:
    """The line that names the receiver."""
    otherwise = "Afzender" if document.soort.is_answer else "Ontvanger"
    return _line_of(document, _RECEIVER.get(document.soort.code[-3:], otherwise))


def _line_of(document: Document, named: str) -> int | None:
    """The line of an element of the header."""
    found = document.root.find(f"{{*}}Header/{{*}}{named}")
    return None if found is None else found.sourceline


def _standards(domains: Iterable[Domain]) -> str:
    return ", ".join(sorted(domain.standard for domain in domains)) or "geen"


def _message(document: Document, caller: Caller, body: bytes, received_at: datetime) -> Message:
    kop, soort = document.kop, document.soort
    identificatie, declaratie_nummer = (
        number if len(number or "") <= 12 else None for number in (kop.identificatie, kop.declaratie_nummer)
    )
    return Message(
        id=new_id(caller.at),
        domain=soort.domain,
        soort=soort.code,
        release=soort.release,
        afzender=caller.party or kop.afzender or "",
        ontvanger=kop.ontvanger if is_party_code(kop.ontvanger) else None,
        identificatie=identificatie,
        dagtekening=kop.dagtekening,
        digest=hashlib.sha256(body).digest(),
        size=len(body),
        received_at=received_at,
        status=Status.RECEIVED,
        holds_identification=identificatie is not None,
        declaratie_nummer=declaratie_nummer,
        request=correlation(),
    )


@traced("keep")
def _kept(transaction: Transaction, message: Message, sealed: Sealed, lease_until: datetime) -> Message:
    """The message as it is kept now, or the one that was kept before with exactly these bytes.

    Where its identification is in use by another message it is kept without holding it: judging says so (TR056).
    """
    for candidate in (message, replace(message, holds_identification=False)):
        if messages.insert_message(transaction, candidate, sealed, lease_until):
            return candidate
        known = messages.by_digest(transaction, message.afzender, message.digest)
        if known is not None:
            return known
    raise StoreConflict("The message could not be kept beside another one")


def _repeated(gateway: Gateway, known: Message, document: Document, caller: Caller, received_at: datetime) -> Result:
    """The first result again; what was refused is judged again, since what it lacked may have come meanwhile."""
    if known.status in {Status.REJECTED, Status.INVALID}:
        occasion = Occasion(caller.actor, caller.at, received_at, day_of(received_at))
        return process(gateway, known, document, occasion)
    with gateway.database.reading() as transaction:
        return result_of(transaction, messages.by_id(transaction, known.id) or known)
