"""Trying a message: all that the gateway would say of it, and the answer that it would send. Nothing is kept."""

from dataclasses import dataclass
from datetime import datetime

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.judging import Occasion, made_answer
from iwmo_gateway.gateway.receive import Refused, validate
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.xml import Document
from iwmo_gateway.store import parties
from iwmo_gateway.store.messages import Message, Status

_NO_ANSWER = frozenset({Status.INVALID, Status.IN_REVIEW})
"""What gets no return message, or not at once."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of a message: it, with the status that it would get, and the XML of its return message.

    `answers_itself`: its receiver sends return messages itself, so that the gateway would send none.
    """

    message: Message
    document: Document
    verdict: Verdict
    retour: bytes | None
    answers_itself: bool


def attempt(gateway: Gateway, caller: Caller, body: bytes, received_at: datetime) -> Refused | Tried:
    """What would become of a message that is received at this moment."""
    said = validate(gateway, caller, body, received_at)
    if isinstance(said, Refused):
        return said
    message, verdict = said
    document = gateway.document_of(message, body)
    answers = not document.soort.is_answer and message.status not in _NO_ANSWER
    with gateway.database.reading() as transaction:
        theirs = parties.answers_itself(transaction, message.ontvanger)()
    retour = None
    if answers and not theirs:
        occasion = Occasion(caller.actor, caller.at, received_at, day_of(received_at))
        retour = made_answer(gateway, message, document, verdict, occasion)[1]
    return Tried(message, document, verdict, retour, answers_itself=answers and theirs)
