"""Judging the messages of a replay, one at a time, by any process that works."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from iwmo_gateway.errors import GatewayError, StoreError
from iwmo_gateway.gateway import replay
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.difference import shown
from iwmo_gateway.gateway.judging import Occasion, answered_by_receiver, process
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import mailbox, messages, replays
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COUNTS, Message, Sealed, Status
from iwmo_gateway.store.replays import Outcome, ReplayStatus, Settled, Taken

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

_REST: Final = 0.1
"""Seconds between two looks at a replay of which others have the rest in hand."""
_NEVER_OWN: Final = "Een retourbericht wordt niet opnieuw beoordeeld."
_HELD: Final = "Regels van het bericht wachten op een besluit van de gemeente; opnieuw beoordelen kan daarna."
_NOTED_LATE: Final = (
    "Het oordeel is gegeven, maar het proces eindigde voordat dit was genoteerd; het is er maar een keer."
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A message of a replay that was taken in hand. Without an outcome it is tried again."""

    replay: str
    message: str
    outcome: Outcome | None


def replay_next(gateway: Gateway, now: Clock, *, only: str | None = None) -> Replayed | None:
    """Judge the next message of the oldest replay that has one to be had, or of `only` this; None if there is none.

    What came of it is kept, whatever it is. An approval is never taken back and nothing is booked or delivered twice.
    A fault of the database leaves the message for another try, after its lease.
    """
    with gateway.database.reading() as transaction:
        wanted = replays.running(transaction) if only is None else [only]
    for replay_id in wanted:
        with gateway.database.writing() as transaction:
            settings = gateway.settings
            taken = replays.take(transaction, replay_id, now(), gateway.lease, settings.sync_limit_bytes)
        if taken is None:
            continue
        settled = _outcome(gateway, taken, now())
        if settled is not None:
            with gateway.database.writing() as transaction:
                replays.settle(transaction, taken, settled, now())
        return Replayed(replay_id, taken.message, settled.outcome if settled else None)
    return None


def run(gateway: Gateway, replay_id: str, now: Clock) -> bool:
    """Judge all of a replay beside whatever else works on it. True if it came to its end.

    False if it was paused, or if others have the rest in hand for longer than a lease: it goes on by itself then.
    """
    waited, rest = 0.0, threading.Event()
    while waited < gateway.settings.lease_seconds:
        if replay_next(gateway, now, only=replay_id):
            waited = 0.0
            continue
        status = replay.progress(gateway, replay_id, now()).replay.status
        if status is not ReplayStatus.RUNNING:
            return status is not ReplayStatus.PAUSED
        rest.wait(_REST)
        waited += _REST
    return False


def _outcome(gateway: Gateway, taken: Taken, now: datetime) -> Settled | None:
    """What came of a message; None if it is to be tried again."""
    before = taken.status_before
    last = taken.attempts >= gateway.settings.max_attempts
    if taken.attempts > gateway.settings.max_attempts:
        said = f"Opgegeven: {taken.attempts - 1} processen eindigden terwijl ze het in handen hadden"
        return Settled(Outcome.FAILED, before, before, {"fout": said})
    try:
        return _judged_or_not(gateway, taken, now)
    except StoreError as error:
        log.error("replay_failed", message=taken.message, error=f"{type(error).__name__}: {error}", again=not last)
        return Settled(Outcome.FAILED, before, before, {"fout": str(error)}) if last else None
    except GatewayError as error:
        return Settled(Outcome.FAILED, before, before, {"fout": str(error)})
    except Exception as error:
        # Its text may hold values of the message: only its kind is told. The other messages go on.
        log.error("replay_failed", message=taken.message, error=type(error).__name__, again=False)
        return Settled(Outcome.FAILED, before, before, {"fout": type(error).__name__})


def _judged_or_not(gateway: Gateway, taken: Taken, now: datetime) -> Settled:
    wanted = taken.replay
    with gateway.database.reading() as transaction:
        message = messages.by_id(transaction, taken.message)
        if message is None:
            return Settled(Outcome.MISSING)
        before = str(message.status)
        if taken.attempts > 1 and message.judgements > (taken.judgements or 0):
            return Settled(Outcome.JUDGED, taken.status_before, before, {"toelichting": _NOTED_LATE})
        refused = _refusal(transaction, message, force=wanted.force or wanted.dry_run)
        if refused is not None:
            return Settled(Outcome.REFUSED, before, before, {"reden": refused})
        sealed = messages.xml_of(transaction, message.id)
        final = message.status in COUNTS or answered_by_receiver(transaction, message)
    if sealed.purged:
        return Settled(Outcome.PURGED, before, before, {"reden": "De inhoud van het bericht is opgeruimd."})
    occasion = Occasion(wanted.actor, now, message.received_at, day_of(now))
    if wanted.dry_run or final:
        return shown(gateway, message, sealed, occasion)
    return _judged(gateway, message, sealed, occasion)


def _refusal(transaction: Transaction, message: Message, *, force: bool) -> str | None:
    """Why a message may not be judged again; None if it may."""
    never = _NEVER_OWN if message.own else _HELD if message.status is Status.IN_REVIEW else None
    if never is not None or force:
        return never
    if message.status in COUNTS:
        return "Het bericht is al verwerkt; met force ziet u wat er nu anders zou zijn."
    if answered_by_receiver(transaction, message):
        return "De ontvanger heeft het bericht zelf beantwoord; met force ziet u wat de gateway er nu van zou zeggen."
    if _answer_fetched(transaction, message):
        return "Het retourbericht is al opgehaald; met force komt er een nieuw retourbericht."
    return None


def _judged(gateway: Gateway, message: Message, sealed: Sealed, occasion: Occasion) -> Settled:
    before = str(message.status)
    result = process(gateway, message, gateway.kept_document(message, sealed), occasion)
    after = str(result.message.status)
    if result.judgement is None:
        return Settled(Outcome.FAILED, before, after, {"fout": result.message.error})
    again = result.judgement.nr > message.judgements
    return Settled(Outcome.JUDGED if again else Outcome.UNCHANGED, before, after)


def _answer_fetched(transaction: Transaction, message: Message) -> bool:
    answer = messages.answer_of(transaction, message.id)
    if answer is None:
        return False
    entry = mailbox.entry_of_message(transaction, message.afzender, answer.id)
    return entry is not None and (entry.fetched_at is not None or entry.acknowledged_at is not None)
