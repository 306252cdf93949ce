"""Judging a kept message: levels 1 and 2 outside any lock, the rest and all that follows in one transaction."""

import hashlib
import random
import secrets
import time
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import structlog

from iwmo_gateway.contract import terms
from iwmo_gateway.errors import GatewayError, RetourInvalid, StoreConflict
from iwmo_gateway.gateway import faults, metrics, tracing
from iwmo_gateway.gateway.answering import follow
from iwmo_gateway.gateway.assessing import Assessment, Complete, assess, complete, status_of
from iwmo_gateway.gateway.clients import keep_facts
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.gateway.correlation import correlation, noted
from iwmo_gateway.gateway.progress import Telling
from iwmo_gateway.gateway.results import SHOWN, Result, result_of
from iwmo_gateway.gateway.tracing import traced
from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.verdict import Verdict, is_claim
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.standard.xml import Document, serialise
from iwmo_gateway.store import mailbox, messages, parties, reviews
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COMPLETE, COUNTS, Event, Judgement, Message, Status
from iwmo_gateway.store.progress import Fase

log = structlog.get_logger(__name__)

_TRIES: Final = 5
"""How often a message is judged again at once because another one was first."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a message is judged: by whom, when, by which moment of receipt, and the day that the answer carries."""

    actor: str
    now: datetime
    received_at: datetime
    answered_on: date
    telling: Telling = field(default_factory=Telling)


@traced("judge")
def process(gateway: Gateway, message: Message, document: Document, occasion: Occasion) -> Result:
    """Judge a kept message, store what follows from it, and return its result.

    A fault of ours leaves the message `received`, or `failed` where trying again cannot help; nothing of a judgement
    is kept then. If somebody else judged the message meanwhile, theirs is the result. A message that has a judgement
    already keeps it unless the new one differs; a fault then raises, and changes nothing.
    """
    began = time.perf_counter()
    try:
        occasion.telling.at(Fase.CONTROLEERT)
        assessment = assess(gateway, document)
        occasion.telling.read(assessment.bericht)
        result = _settled(gateway, message, document, assessment, occasion)
    except Exception as error:
        result = _fault(gateway, message, occasion, error)
    metrics.count(result.message, result.findings, time.perf_counter() - began)
    tell(result, occasion)
    return result


def tell(result: Result, occasion: Occasion) -> None:
    """Log how a message was judged, and count its answer, if this was the occasion of it."""
    message, judgement = result.message, result.judgement
    now = judgement is not None and judgement.at == occasion.now
    retour = judgement.retour if judgement is not None else None
    # Outside of a call there is nothing to tie it to: a replay on the command line tells by itself what it does.
    say = log.debug if correlation() is None else log.info
    say(
        "judged" if now else "not_judged_anew",
        message=message.id,
        soort=message.soort,
        status=message.status,
        retour=retour,
        origin=message.request,
    )
    tracing.note(iwmo__message=message.id, iwmo__soort=message.soort, iwmo__status=message.status)
    if now and retour is not None:
        metrics.count_answer(message, occasion.answered_on)


def _settled(
    gateway: Gateway, message: Message, document: Document, assessment: Assessment, occasion: Occasion
) -> Result:
    """Settle the message, and again from the start as often as another message was first."""
    for _ in range(_TRIES - 1):
        try:
            return _settle(gateway, message, document, assessment, occasion)
        except StoreConflict as conflict:
            log.info("judging_again", message=message.id, reason=str(conflict))
    return _settle(gateway, message, document, assessment, occasion)


@traced("settle")
def _settle(
    gateway: Gateway, message: Message, document: Document, assessment: Assessment, occasion: Occasion
) -> Result:
    """The one transaction: judge first, write last."""
    telling = occasion.telling
    telling.at(Fase.BEOORDEELT)
    with gateway.database.writing() as transaction:
        gateway.database.lock(transaction, message.domain, message.gemeente, message.aanbieder)
        if message.judgements:
            message = messages.by_id(transaction, message.id, lock=True) or message
        before = result_of(transaction, message) if message.judgements else None
        if before is not None and (message.status in COUNTS or answered_by_receiver(transaction, message)):
            # Somebody else had it judged since it was read: an approval is never taken back, nor what a receiver said.
            return before
        itself = parties.answers_itself(transaction, message.ontvanger)
        judged = complete(gateway, transaction, message, assessment, occasion.received_at, telling.judged)
        telling.at(Fase.BOEKT)
        verdict, status = judged.verdict, status_of(assessment, judged.verdict)
        if before is not None and message.status is status:
            said = messages.findings_of(transaction, message.id, message.judgements)
            if _gist(said) == _gist(verdict.findings):
                return before
        answers = status is not Status.INVALID and not document.soort.is_answer
        theirs = answers and itself()
        answers = answers and not theirs and status is not Status.IN_REVIEW
        answer = made_answer(gateway, message, document, verdict, occasion) if answers else None
        judgement = _judgement(gateway, message, document, assessment, verdict, status, answer, occasion)
        counts = status in COUNTS
        changes: dict[str, Any] = {
            "status": status,
            "judgements": judgement.nr,
            "holds_identification": counts,
            # Who answers by itself must see what it is to answer, right or wrong.
            "forwarded": status in COMPLETE or theirs,
            "received_at": occasion.received_at,
            "error": None,
        }
        if judged.asked is not None and counts:
            changes["answers"] = judged.asked.message.id
        if not messages.settle(transaction, message, **changes):
            found = messages.by_id(transaction, message.id)
            return result_of(transaction, found or message)
        messages.insert_judgement(transaction, judgement, verdict.findings)
        after = replace(message, **changes)
        _follow_up(gateway, transaction, after, document, assessment, judged, occasion)
        send(gateway, transaction, message, after, answer, occasion, judgement)
        return Result(after, judgement, verdict.findings[:SHOWN])


def _follow_up(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    document: Document,
    assessment: Assessment,
    judged: Complete,
    occasion: Occasion,
) -> None:
    """The facts of a message, or what a return message makes of the message that it answers."""
    bericht, counts = assessment.bericht, message.status in COUNTS
    if isinstance(bericht, Retour):
        if counts and judged.asked is not None:
            follow(gateway, transaction, judged.asked, message, document, bericht, occasion.now)
    elif bericht is not None:
        if counts and judged.known is not None:
            keep_facts(gateway, transaction, message, bericht, judged.known, judged.verdict.settlement)
        if message.status is Status.IN_REVIEW and not message.forwarded:
            _hold(transaction, message, bericht, judged)
        messages.insert_numbers(transaction, message.id, bericht.toewijzing_nummers)


def _hold(transaction: Transaction, message: Message, bericht: Bericht, judged: Complete) -> None:
    """Ask the municipality to decide on held lines: when their contract wants it, at the latest in the claim's term."""
    settlement, bronnen = judged.verdict.settlement, judged.bronnen
    if not is_claim(bericht) or settlement is None or bronnen is None:
        return
    received = day_of(message.received_at)
    due: dict[str, date] = {}
    for prestatie in bericht.prestaties:
        if prestatie.pad in settlement.held:
            profiel = bronnen.profiel_on(prestatie.product_periode.begindatum)
            own = profiel.beoordeling.due(received) if profiel and profiel.beoordeling else date.max
            due[prestatie.pad] = min(own, terms.CLAIM.due(received))
    reviews.add(transaction, message, bericht, judged.verdict.findings, due)


def send(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    after: Message,
    answer: tuple[Message, bytes] | None,
    occasion: Occasion,
    judgement: Judgement,
) -> None:
    """The answer into the sender's mailbox and a forwarded message into its receiver's; and what happened."""
    detail = noted({"status": judgement.status, "oordeel": judgement.nr})
    happened = [Event(occasion.now, "judged", occasion.actor, detail)]
    deliveries: list[tuple[str, str, str | None]] = []
    replaces = _withdrawn_or_replaced(transaction, message, occasion.now) if message.judgements else None
    if answer is not None:
        retour, xml = answer
        if judgement.status in COUNTS:
            retour = replace(retour, forwarded=True)
        messages.insert_answer(transaction, retour, gateway.keyring.seal_xml(retour.id, xml))
        deliveries.append((message.afzender, retour.id, replaces))
        detail = noted({"retour": retour.id, "vervangt": replaces})
        happened.append(Event(occasion.now, "answered", "gateway", detail))
    if after.forwarded and not message.forwarded and message.ontvanger:
        deliveries.append((message.ontvanger, message.id, None))
        happened.append(Event(occasion.now, "forwarded", "gateway", noted({"aan": message.ontvanger})))
    messages.insert_events(transaction, message.id, happened)
    mailbox.deliver(transaction, deliveries, occasion.now)


def answered_by_receiver(transaction: Transaction, message: Message) -> bool:
    """Whether the receiver of a message has answered it itself: that is the last word."""
    answer = messages.answer_of(transaction, message.id)
    return answer is not None and not answer.own


def _withdrawn_or_replaced(transaction: Transaction, message: Message, now: datetime) -> str | None:
    """Take back the earlier answer; the id of the last one that its addressee has, which the new one replaces."""
    earlier = messages.answer_of(transaction, message.id)
    if earlier is None:
        return None
    withdrawn, replaced = mailbox.withdraw(transaction, earlier, now)
    return replaced if withdrawn else earlier.id


@traced("answer")
def made_answer(
    gateway: Gateway, message: Message, document: Document, verdict: Verdict, occasion: Occasion
) -> tuple[Message, bytes]:
    """The return message, valid against its schema.

    Raises RetourInvalid if it is not: nothing of this judgement may be kept then.
    """
    soort = answer_to(document.soort)
    identificatie = b32encode(secrets.token_bytes(8))[:12].decode()
    root = retourbericht(
        document, verdict, gateway.answer_shape(soort), identificatie=identificatie, dagtekening=occasion.answered_on
    )
    if not gateway.schemas.check_xml(soort, root).ok:
        raise RetourInvalid(f"The {soort} to message {message.id} does not satisfy its schema")
    xml = serialise(root)
    own = Message(
        id=new_id(occasion.now),
        domain=soort.domain,
        soort=soort.code,
        release=soort.release,
        afzender=message.ontvanger or "",
        ontvanger=message.afzender,
        identificatie=identificatie,
        dagtekening=occasion.answered_on,
        digest=hashlib.sha256(xml).digest(),
        size=len(xml),
        received_at=occasion.now,
        status=Status.ACCEPTED,
        holds_identification=True,
        own=True,
        answers=message.id,
        request=message.request,
    )
    return own, xml


def _judgement(
    gateway: Gateway,
    message: Message,
    document: Document,
    assessment: Assessment,
    verdict: Verdict,
    status: Status,
    answer: tuple[Message, bytes] | None,
    occasion: Occasion,
) -> Judgement:
    return Judgement(
        message=message.id,
        nr=message.judgements + 1,
        at=occasion.now,
        received_at=occasion.received_at,
        status=status,
        xsd=gateway.schemas.identity(document.soort),
        regels=gateway.regels,
        contract=verdict.settlement.contract if verdict.settlement else verdict.consulted.contract,
        codelijsten=verdict.consulted.codelijsten,
        bevindingen=len(verdict.findings),
        more=assessment.more,
        retour=answer[0].id if answer else None,
        retour_soort=answer[0].soort if answer else None,
        ingediend=verdict.settlement.ingediend if verdict.settlement else None,
        toegekend=verdict.settlement.toegekend if verdict.settlement else None,
    )


def _gist(found: Sequence[Finding]) -> list[tuple[str, str | None, str, Actie]]:
    return [(finding.regel, finding.retourcode, finding.pad, finding.actie) for finding in found]


def _fault(gateway: Gateway, message: Message, occasion: Occasion, error: Exception) -> Result:
    """Keep what went wrong with us, and when the message is tried again.

    If somebody judged it meanwhile, or its own judgement was kept and only the answer of the database was lost, that is
    the result.
    """
    fault = faults.fault_of(message, error, occasion.now, gateway.settings.max_attempts)
    log.error("judging_failed", message=message.id, error=fault.error, where=_where(error), failed=not fault.again)
    metrics.count_fault(fault)
    if message.judgements:
        raise error
    status = fault.status
    try:
        with gateway.database.writing() as transaction:
            if not faults.keep(transaction, fault, random.random()):  # noqa: S311 spreads tries, guards nothing
                return result_of(transaction, messages.by_id(transaction, message.id) or message)
    except GatewayError:
        # The lease runs out by itself, and a worker tries again.
        log.error("fault_not_kept", message=message.id)
        status = Status.RECEIVED
        if message.attempts:
            gateway.unkept[message.id] = fault
    return Result(replace(message, status=status, error=fault.error), None, ())


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else "?"
