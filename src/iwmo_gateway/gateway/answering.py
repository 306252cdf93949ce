"""Following a return message from the other side: what it answers takes its verdict, and so do the facts."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.gateway import clients, metrics
from iwmo_gateway.gateway.assessing import Asked, load_known
from iwmo_gateway.gateway.clients import keep_facts
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.correlation import noted
from iwmo_gateway.retour.told import told
from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.standard.xml import Document
from iwmo_gateway.store import facts, messages
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COUNTS, Event, Message, Status


def follow(
    gateway: Gateway,
    transaction: Transaction,
    asked: Asked,
    answer: Message,
    document: Document,
    retour: Retour,
    now: datetime,
) -> None:
    """Give the message that was answered the verdict of its receiver: a new judgement, and the facts that go with it.

    What the gateway refused at level 2, in the Header or in Declaratie leaves no facts, whatever the answer is; nor
    does a refused message whose identification another one has used since.
    Raises StoreConflict if the message was judged again meanwhile.
    """
    message = asked.message
    last = messages.judgements_of(transaction, message.id)[-1]
    said = messages.findings_of(transaction, message.id, last.nr)
    classes = gateway.answer_shape(retour.soort).classes
    verdict = told(document, retour, asked.document, asked.bericht, classes=classes, said=said)
    status = Status(verdict.outcome)
    usable = message.status in COUNTS or not (
        any(
            finding.actie is Actie.REJECT and (finding.niveau == 2 or finding.klasse in {"Header", "Declaratie"})
            for finding in said
        )
        or messages.identification_holder(transaction, message)
    )
    changes: dict[str, Any] = {
        "status": status,
        "judgements": last.nr + 1,
        "holds_identification": status in COUNTS and usable,
    }
    if not messages.settle(transaction, message, **changes):
        raise StoreConflict("The message that is answered was judged again")
    settlement = verdict.settlement
    judgement = replace(
        last,
        nr=last.nr + 1,
        at=now,
        status=status,
        bevindingen=len(verdict.findings),
        more=False,
        retour=answer.id,
        retour_soort=answer.soort,
        ingediend=settlement.ingediend if settlement else None,
        toegekend=settlement.toegekend if settlement else None,
    )
    messages.insert_judgement(transaction, judgement, verdict.findings)
    detail = noted({"retour": answer.id, "status": status, "oordeel": judgement.nr})
    messages.insert_events(transaction, message.id, [Event(now, "answered", answer.afzender, detail)])
    if usable:
        _keep_facts(gateway, transaction, asked, status, verdict)
    metrics.count_answer(message, day_of(answer.received_at))


def _keep_facts(gateway: Gateway, transaction: Transaction, asked: Asked, status: Status, verdict: Verdict) -> None:
    message, bericht = asked.message, asked.bericht
    if message.status in COUNTS and status in COUNTS and verdict.settlement is None:
        return
    if message.status in COUNTS:
        facts.take_back(transaction, message)
    if status in COUNTS:
        known = clients.asked(gateway.keyring, transaction, bericht)()
        known = load_known(gateway, transaction, message, bericht, known)
        keep_facts(gateway, transaction, message, bericht, known, verdict.settlement)
