"""What the gateway says of a message: levels 1 and 2 by itself, 3 and 4 against the store. Nothing is kept."""

from dataclasses import dataclass, replace
from datetime import datetime

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.gateway import clients
from iwmo_gateway.gateway.clients import Known
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.tracing import traced
from iwmo_gateway.rules.answers import Beantwoord
from iwmo_gateway.rules.external import asks_contract
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.rules.verdict import (
    Told,
    Verdict,
    beside,
    judge_against,
    judge_alone,
    judge_answer,
    schema_verdict,
    unheard,
)
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.kinds import answered_by
from iwmo_gateway.standard.reading import to_bericht, to_retour
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.standard.xml import Document
from iwmo_gateway.store import contracts, facts, messages
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Message, Status


@dataclass(frozen=True, slots=True)
class Assessment:
    """What levels 1 and 2 say of a document. Without `bericht` it failed the schema."""

    bericht: Bericht | Retour | None
    verdict: Verdict
    more: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The message that a return message answers, as it is kept."""

    message: Message
    document: Document
    bericht: Bericht


@dataclass(frozen=True, slots=True)
class Complete:
    """What all levels say, the facts and contracts that it rests on, and of a return message what it answers."""

    verdict: Verdict
    known: Known | None = None
    bronnen: Bronnen | None = None
    asked: Asked | None = None


@traced("levels 1 and 2")
def assess(gateway: Gateway, document: Document) -> Assessment:
    """Levels 1 and 2.

    Raises RuleCrashed if a rule of ours does.
    """
    check = gateway.schemas.check(document)
    if not check.ok:
        return Assessment(None, schema_verdict(check), check.more)
    bericht = to_retour(document) if document.soort.is_answer else to_bericht(document)
    return Assessment(bericht, judge_alone(bericht), more=False)


@traced("levels 3 and 4")
def complete(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    assessment: Assessment,
    received_at: datetime,
    told: Told = unheard,
) -> Complete:
    """Levels 3 and 4 on top of 1 and 2; `told` hears how much of it is done."""
    bericht = assessment.bericht
    if bericht is None or assessment.verdict.rejected:
        return Complete(assessment.verdict)
    if isinstance(bericht, Retour):
        return _complete_answer(gateway, transaction, message, bericht, assessment.verdict, received_at)
    # Asked at once: each wait for the database costs about as much as its answer.
    known_clients = clients.asked(gateway.keyring, transaction, bericht)
    parties = (message.domain, message.gemeente, message.aanbieder)
    asked = asks_contract(bericht, gateway.codelists)
    profielen = contracts.profielen_of(transaction, *parties) if asked else ()
    known = load_known(gateway, transaction, message, bericht, known_clients(), profielen)
    bronnen = gateway.bronnen(received_at, profielen)
    against = judge_against(bericht, known.historie, bronnen, told)
    return Complete(beside(assessment.verdict, against), known, bronnen)


@traced("load history")
def load_known(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    bericht: Bericht,
    known: Known,
    profielen: tuple[Profiel, ...] = (),
) -> Known:
    """The clients of a message with the facts that it is judged against, under these contracts."""
    mine = replace(known.historie, identificatie_used=_used(transaction, message))
    rules = frozenset(regel.regel for profiel in profielen for regel in profiel.regels)
    loaded = facts.load_historie(transaction, message, bericht, mine, rules)
    return clients.opened(gateway.keyring, replace(known, historie=loaded))


def status_of(assessment: Assessment, verdict: Verdict) -> Status:
    """The status that a verdict gives a message."""
    if assessment.bericht is None:
        return Status.INVALID
    return Status(verdict.outcome)


def _complete_answer(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    retour: Retour,
    alone: Verdict,
    received_at: datetime,
) -> Complete:
    soort = answered_by(retour.soort)
    named = retour.header
    found = messages.answered_with(transaction, message, soort.code, named.antwoord_op, named.antwoord_op_dag)
    asked = beantwoord = None
    if found is not None and found[0].purged_at is None:
        answered, before = found
        document = gateway.kept_document(answered, messages.xml_of(transaction, answered.id))
        asked = Asked(answered, document, to_bericht(document))
        beantwoord = Beantwoord(asked.bericht, before)
    historie = Historie(
        clienten={},
        identificatie_used=_used(transaction, message),
        beantwoord=asked.bericht if asked else None,
    )
    verdict = judge_answer(retour, beantwoord, historie, gateway.bronnen(received_at, ()))
    return Complete(beside(alone, verdict), asked=asked)


def _used(transaction: Transaction, message: Message) -> bool:
    """Whether another message holds the identification of this one."""
    return not message.holds_identification and messages.identification_holder(transaction, message) is not None
