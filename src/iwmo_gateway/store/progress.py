"""How far the judging of a message is: one row while it is in hand, beside the one transaction that judges it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from iwmo_gateway.store.database import Transaction, inserting, values_of
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.tables import messages, progress


class Fase(StrEnum):
    """What is being done with a message that was received."""

    WACHT = "wacht"
    LEEST = "leest"
    CONTROLEERT = "controleert"
    BEOORDEELT = "beoordeelt"
    BOEKT = "boekt"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. `regels` are the lines of a claim, once they were read, and `gedaan` those that were judged."""

    message: str
    fase: Fase
    regels: int | None
    gedaan: int
    updated_at: datetime


_NAMES: Final = Progress.__slots__
_COLUMNS: Final = [progress.c[name] for name in _NAMES]
_NOTE: Final = inserting(
    progress,
    lambda new: (
        # Not for what was judged meanwhile: that has nothing to tell any more.
        new.from_select(
            _NAMES,
            select(*(bindparam(name, type_=progress.c[name].type) for name in _NAMES)).where(
                messages.c.id == bindparam("message"), messages.c.status == Status.RECEIVED
            ),
        ).on_conflict_do_update(
            index_elements=["message"], set_={name: new.excluded[name] for name in _NAMES if name != "message"}
        )
    ),
)


def note(transaction: Transaction, at: Progress) -> None:
    """Tell how far it is, unless it was judged meanwhile."""
    transaction.execute(_NOTE[transaction.dialect.name], values_of(at))


def of(transaction: Transaction, message_id: str) -> Progress | None:
    """How far it was when that was last told."""
    row = transaction.execute(select(*_COLUMNS).where(progress.c.message == message_id)).first()
    return None if row is None else Progress(row.message, Fase(row.fase), row.regels, row.gedaan, row.updated_at)


def remove(transaction: Transaction, message_id: str) -> None:
    """Nobody has it in hand any more."""
    transaction.execute(delete(progress).where(progress.c.message == message_id))


def renew_lease(transaction: Transaction, message_id: str, held: datetime, until: datetime) -> bool:
    """Keep a message in hand for longer; False if the lease until `held` is not the caller's any more."""
    mine = (messages.c.id == message_id, messages.c.status == Status.RECEIVED, messages.c.lease_until == held)
    return transaction.execute(update(messages).where(*mine).values(lease_until=until)).rowcount == 1
