"""A message in hand: its lease is renewed and its progress told while it is judged, in transactions of their own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.rules.verdict import is_claim
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.store import progress
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.progress import Fase, Progress

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0
"""How often progress is told at most."""


@dataclass
class Telling:
    """Where the judging of one message is: set by who judges it, read by who tells it."""

    fase: Fase = Fase.LEEST
    regels: int | None = None
    gedaan: int = 0

    def at(self, fase: Fase) -> None:
        """The next phase began."""
        self.fase = fase

    def read(self, bericht: Bericht | Retour | None) -> None:
        """The message was read: of a claim its lines are known."""
        if bericht is not None and is_claim(bericht):
            self.regels = sum(len(client.prestaties) for client in bericht.clienten)

    def judged(self, done: int, of: int) -> None:
        """So many of the rules have run over the message; they are told as the lines that this is worth."""
        self.gedaan = (self.regels or 0) * done // of


@dataclass
class Hold:
    """One message that this process has in hand until `until`."""

    gateway: Gateway
    message: Message
    until: datetime
    telling: Telling = field(default_factory=Telling)
    told: bool = False

    def beat(self, now: datetime) -> bool:
        """Tell how far it is, and renew the lease when a third of it is gone; False when it is no longer its own.

        Raises StoreError where that cannot be written now.
        """
        lease, telling = self.gateway.lease, self.telling
        with self.gateway.database.writing() as transaction:
            if now >= self.until - lease * 2 / 3:
                if not progress.renew_lease(transaction, self.message.id, self.until, now + lease):
                    return False
                renewed = now + lease
            else:
                renewed = self.until
            at = Progress(self.message.id, telling.fase, telling.regels, telling.gedaan, now)
            progress.note(transaction, at)
        self.until, self.told = renewed, True
        return True

    def release(self) -> None:
        """Its progress is of no use any more; what stays by a fault of the database is not shown."""
        if self.told or self.message.attempts > 1:
            with suppress(GatewayError), self.gateway.database.writing() as transaction:
                progress.remove(transaction, self.message.id)


@contextmanager
def in_hand(gateway: Gateway, message: Message, now: datetime) -> Iterator[Telling]:
    """Keep a message in hand, that was taken at `now`, for as long as the block lasts.

    Whoever loses it to another goes on: what is judged twice is settled once.
    """
    hold, done = Hold(gateway, message, now + gateway.lease), threading.Event()
    beating = threading.Thread(target=_beats, args=(hold, done, now), name="in-hand", daemon=True)
    beating.start()
    try:
        yield hold.telling
    finally:
        done.set()
        beating.join()
        hold.release()


def _beats(hold: Hold, done: threading.Event, now: datetime) -> None:
    """A beat in every interval. Time goes on from `now`, whatever happens to the machine's clock."""
    began, interval = time.monotonic(), min(EVERY_SECONDS, hold.gateway.lease.total_seconds() / 3)
    while not done.wait(interval):
        try:
            if not hold.beat(now + timedelta(seconds=time.monotonic() - began)):
                log.info("no_longer_in_hand", message=hold.message.id)  # judged by now, or taken up by another
                return
        except GatewayError as error:
            # On SQLite nobody can write while a judgement is being written; elsewhere the next one may succeed.
            log.info("progress_not_told", message=hold.message.id, error=str(error))
