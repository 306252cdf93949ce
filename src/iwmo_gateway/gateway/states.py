"""The facts as the calling party may see them: one page, read in one transaction."""

from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.states import Key, Wanted


class Fact(Protocol):
    """What pages are made of."""

    @property
    def key(self) -> Key:
        """Its place in the order in which facts came."""


FactT = TypeVar("FactT", bound=Fact)
WantedT = TypeVar("WantedT", bound=Wanted)
WantedT_contra = TypeVar("WantedT_contra", bound=Wanted, contravariant=True)


class Read(Protocol[WantedT_contra, FactT]):
    """How the store reads one kind of fact."""

    def __call__(
        self, transaction: Transaction, wanted: WantedT_contra, *, after: Key | None, limit: int
    ) -> list[FactT]:
        """Facts that match, those behind the key `after`."""


@dataclass(frozen=True, slots=True)
class Page(Generic[FactT]):
    """Some facts, and behind which key there are more; None on the last page."""

    facts: list[FactT]
    following: Key | None


def find(
    gateway: Gateway,
    caller: Caller,
    read: Read[WantedT, FactT],
    wanted: WantedT,
    *,
    after: Key | None,
    limit: int,
) -> Page[FactT]:
    """A page of facts that match and that the caller may see: a party those in which it is one of the two sides."""
    wanted = replace(wanted, seen_by=caller.party, domains=caller.limited_to)
    with gateway.database.reading() as transaction:
        # One more than the page holds, to know whether there is another.
        found = read(transaction, wanted, after=after, limit=limit + 1)
    page = found[:limit]
    return Page(page, page[-1].key if len(found) > limit else None)
