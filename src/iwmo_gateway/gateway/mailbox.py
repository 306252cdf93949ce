"""The mailbox of the calling party: reading never consumes, acknowledging is explicit and harmless to repeat."""

from collections.abc import Collection

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store import mailbox, messages
from iwmo_gateway.store.mailbox import Entry


def waiting(
    gateway: Gateway, party: str, *, after: int, limit: int, domains: Collection[Domain] | None = None
) -> list[Entry]:
    """What the party has not acknowledged yet (of these domains only), oldest first, behind number `after`."""
    with gateway.database.reading() as transaction:
        return mailbox.waiting_for(transaction, party, domains, after=after, limit=limit)


def fetch(gateway: Gateway, caller: Caller, party: str, nr: int) -> tuple[Entry, bytes] | None:
    """One entry with the bytes of its message, which count as fetched from now on; None if there is no such entry."""
    with gateway.database.reading() as transaction:
        entry = mailbox.entry(transaction, party, nr, caller.limited_to)
    if entry is None:
        return None
    if entry.fetched_at is None:
        # Marked before it is handed out: an answer that is taken back meanwhile is not there any more.
        with gateway.database.writing() as transaction:
            mailbox.mark_fetched(transaction, party, entry.message, caller.at)
    with gateway.database.reading() as transaction:
        still = mailbox.entry(transaction, party, nr, caller.limited_to)
        sealed = messages.xml_of(transaction, still.message) if still else None
    return (still, gateway.keyring.open_xml(still.message, sealed)) if still and sealed else None


def acknowledge(gateway: Gateway, caller: Caller, party: str, nr: int) -> str | None:
    """The party has the message in hand: it no longer waits. The id of the message; None if there is no such entry."""
    with gateway.database.writing() as transaction:
        entry = mailbox.entry(transaction, party, nr, caller.limited_to)
        if entry is None:
            return None
        mailbox.mark_acknowledged(transaction, party, nr, caller.at)
        return entry.message
