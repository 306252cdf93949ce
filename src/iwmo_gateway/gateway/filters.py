"""Filters of the list of messages that are kept under a name: a party's for all who sign in as it."""

from collections.abc import Mapping
from typing import Final

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store import filters
from iwmo_gateway.store.filters import SavedFilter

MOST: Final = 50
"""How many filters one party, operator or auditor may keep."""


def saved(gateway: Gateway, caller: Caller) -> list[SavedFilter]:
    """The caller's filters, by name."""
    with gateway.database.reading() as transaction:
        return filters.of(transaction, _owner(caller))


def save(gateway: Gateway, caller: Caller, name: str, chosen: Mapping[str, str]) -> bool:
    """Keep a filter, in the place of an earlier one of that name; False, and nothing kept, if there are too many."""
    with gateway.database.writing() as transaction:
        others = [one for one in filters.of(transaction, _owner(caller)) if one.name != name]
        if len(others) >= MOST:
            return False
        filters.keep(transaction, SavedFilter(_owner(caller), name, chosen, caller.at))
        return True


def forget(gateway: Gateway, caller: Caller, name: str) -> None:
    """Forget a filter, if it is there."""
    with gateway.database.writing() as transaction:
        filters.drop(transaction, _owner(caller), name)


def _owner(caller: Caller) -> str:
    """A party, whoever acts as it; an operator or auditor as their token is labelled, which a new one keeps."""
    return caller.party or caller.actor
