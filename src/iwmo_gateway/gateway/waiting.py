"""Taking up messages that were kept but not judged: the process that had them died, or they were left for later."""

import random
from dataclasses import replace
from datetime import datetime

from iwmo_gateway.gateway import faults, metrics
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.correlation import on_behalf_of
from iwmo_gateway.gateway.judging import Occasion, process
from iwmo_gateway.gateway.progress import in_hand
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import messages


def large_waits(gateway: Gateway, now: datetime) -> bool:
    """Whether the message that would be taken up now is too large to be judged beside calls."""
    with gateway.database.reading() as transaction:
        size = messages.waiting_size(transaction, now)
    return size is not None and size > gateway.settings.sync_limit_bytes


def judge_next(gateway: Gateway, now: datetime) -> Result | None:
    """Judge the oldest message that nobody has in hand; None if there is none.

    It is judged by its own moment of receipt.
    """
    settle_unkept(gateway)
    with gateway.database.writing() as transaction:
        message = messages.take_waiting(transaction, now, gateway.lease, 2 * max(gateway.lease, faults.LONGEST))
        sealed = messages.xml_of(transaction, message.id) if message else None
        if message is not None and message.attempts > gateway.settings.max_attempts:
            fault = faults.given_up(message, now)
            faults.keep(transaction, fault, 0)
            metrics.count_fault(fault)
            return Result(replace(message, status=fault.status, error=fault.error), None, ())
    if message is None or sealed is None:
        return None
    with on_behalf_of(message), in_hand(gateway, message, now) as telling:
        document = gateway.kept_document(message, sealed)
        del sealed  # as large as it is
        return process(gateway, message, document, Occasion("worker", now, message.received_at, day_of(now), telling))


def settle_unkept(gateway: Gateway) -> None:
    """Write down what this process could not while there was no database: it cost no message a try."""
    if not gateway.unkept:
        return
    with gateway.database.writing() as transaction:
        for fault in gateway.unkept.values():
            faults.keep(transaction, fault, random.random())  # noqa: S311 spreads tries, guards nothing
    gateway.unkept.clear()
