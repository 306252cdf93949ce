"""Taking up messages that were kept but not judged: the process that had them died, or they were left for later."""

from dataclasses import replace
from datetime import datetime

from iwmo_gateway.errors import StoreError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.judging import Occasion, process
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.xml import Document, Unreadable, read
from iwmo_gateway.store import messages
from iwmo_gateway.store.messages import Event, Message, Status


def judge_next(gateway: Gateway, now: datetime) -> Result | None:
    """Judge the oldest message that nobody has in hand; None if there is none.

    It is judged by its own moment of receipt.
    """
    with gateway.database.writing() as transaction:
        message = messages.take_waiting(transaction, now, gateway.lease)
        body = messages.xml_of(transaction, message.id) if message else b""
        if message is not None and message.attempts > gateway.settings.max_attempts:
            error = f"Given up: {message.attempts - 1} processes ended while they had it in hand"
            messages.note_fault(transaction, message, error, attempts=message.attempts, failed=True, retry_at=now)
            messages.insert_events(transaction, message.id, [Event(now, "fault", "gateway", {"error": error})])
            return Result(replace(message, status=Status.FAILED, error=error), None, ())
    if message is None:
        return None
    return process(
        gateway,
        message,
        kept_document(gateway, message, body),
        Occasion("worker", now, message.received_at, day_of(now)),
    )


def kept_document(gateway: Gateway, message: Message, body: bytes) -> Document:
    """The document of a kept message.

    Raises StoreError if its bytes do not read as they did when they were taken.
    """
    document = read(body, max(gateway.settings.max_message_bytes, len(body)))
    if isinstance(document, Unreadable):
        raise StoreError(f"The kept bytes of message {message.id} cannot be read: {document.problem}")
    return document
