"""Taking up messages that were kept but not judged: the process that had them died, or they were left for later."""

from dataclasses import replace
from datetime import datetime

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.correlation import on_behalf_of
from iwmo_gateway.gateway.judging import Occasion, process
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import messages
from iwmo_gateway.store.messages import Event, Status


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
    with on_behalf_of(message):
        return process(
            gateway,
            message,
            gateway.kept_document(message, body),
            Occasion("worker", now, message.received_at, day_of(now)),
        )
