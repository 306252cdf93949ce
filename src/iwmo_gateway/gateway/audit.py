"""The audit trail after NEN 7513: who looked at or did what to which message, when, from where, and how it ended."""

from collections.abc import Iterable
from typing import Final

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store import audit
from iwmo_gateway.store.audit import Action, Deed, Outcome, Wanted

UNKNOWN: Final = "onbekend"
"""The actor of a call without a token that is known."""


def deed_of(
    caller: Caller,
    action: Action,
    what: str,
    *,
    messages: Iterable[str] = (),
    outcome: Outcome = Outcome.OK,
    problem: str | None = None,
) -> Deed:
    """What a caller did. `messages` are the ids of those that it was about or that it showed."""
    ids = tuple(dict.fromkeys(messages))
    return Deed(
        at=caller.at,
        actor=caller.actor[:120],
        token=caller.token,
        party=caller.party,
        action=action,
        what=what[:200],
        message=ids[0] if len(ids) == 1 else None,
        messages=ids if len(ids) > 1 else None,
        outcome=outcome,
        problem=problem,
        request=caller.origin.request,
        address=caller.origin.address,
    )


def record(gateway: Gateway, deed: Deed) -> None:
    """Write down a deed; it is committed when this returns.

    Raises StoreError where that could not be done: what was looked at may not be shown then.
    """
    with gateway.database.writing() as transaction:
        audit.add(transaction, deed)


def find(gateway: Gateway, wanted: Wanted, *, after: int, limit: int) -> list[Deed]:
    """Deeds that match, oldest first, behind number `after`."""
    with gateway.database.reading() as transaction:
        return audit.find(transaction, wanted, after=after, limit=limit)


def latest(gateway: Gateway, wanted: Wanted, *, before: int | None, limit: int) -> list[Deed]:
    """Deeds that match, newest first, those with a number below `before`."""
    with gateway.database.reading() as transaction:
        return audit.latest(transaction, wanted, before=before, limit=limit)
