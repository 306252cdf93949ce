"""Faults of ours while a message is judged: which can pass by themselves, when it is tried again, what is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iwmo_gateway.errors import GatewayError, KeptUnreadable, RetourInvalid, RuleCrashed, StoreUnavailable
from iwmo_gateway.store import messages
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Event, Message, Status

FIRST: Final = timedelta(seconds=2)
"""How long a message waits after its first fault, before the jitter."""
LONGEST: Final = timedelta(minutes=10)
"""How long it ever waits between two tries."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong with a message: `again` if it is tried again, `blameless` if that try is not counted."""

    message: Message
    kind: str
    error: str
    at: datetime
    again: bool
    blameless: bool

    @property
    def status(self) -> Status:
        """What becomes of the message."""
        return Status.RECEIVED if self.again else Status.FAILED


def fault_of(message: Message, error: Exception, now: datetime, max_attempts: int) -> Fault:
    """What an error means for its message.

    A rule that crashes and an answer that does not fit its schema do so every time, and what cannot be read now never
    can. What the database lacks is no fault of the message, however long it lasts. Anything else may pass, and may be
    the message's own doing: that is tried a bounded number of times. Only the kind of an unforeseen error is told: its
    text may hold values.
    """
    said = f"{type(error).__name__}: {error}" if isinstance(error, GatewayError) else type(error).__name__
    blameless = isinstance(error, StoreUnavailable)
    tried_out = not blameless and message.attempts >= max_attempts
    again = not isinstance(error, RuleCrashed | RetourInvalid | KeptUnreadable) and not tried_out
    return Fault(message, type(error).__name__, said, now, again, blameless)


def given_up(message: Message, now: datetime) -> Fault:
    """The fault of a message that was in hand when its process ended, time after time."""
    said = f"Given up: {message.attempts - 1} times the process that had it in hand ended, or took too long"
    return Fault(message, "GivenUp", said, now, again=False, blameless=False)


def keep(transaction: Transaction, fault: Fault, jitter: float) -> bool:
    """Write down what went wrong: the message waits for its next try, or for a replay.

    False, and nothing written, if somebody else took or judged the message meanwhile.
    """
    message = fault.message
    kept = messages.note_fault(
        transaction,
        message,
        fault.error,
        attempts=max(0, message.attempts - 1) if fault.blameless else message.attempts,
        retry_at=fault.at + delay(message.faults, jitter) if fault.again else None,
    )
    if kept:
        messages.insert_events(transaction, message.id, [Event(fault.at, "fault", "gateway", {"error": fault.error})])
    return kept


def delay(faults: int, jitter: float) -> timedelta:
    """How long to wait after so many faults before: a time that doubles, less up to a half of it by `jitter` (0 to 1).

    So what stopped at the same moment does not begin again at the same moment.
    """
    doubled: int = 2 ** min(faults, 20)
    return min(LONGEST, FIRST * doubled) * (1 - jitter / 2)
