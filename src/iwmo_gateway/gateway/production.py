"""The production account: what each provider claimed in a year of care, and what the contract asks of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.payments import profielen_between
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store import production
from iwmo_gateway.store.production import Production


@dataclass(frozen=True, slots=True)
class Account:
    """The account of one provider. Amounts in euro cents; `wat`, `uiterlijk` and `artikel` are the contract's."""

    aanbieder: str
    producten: tuple[Production, ...]
    wat: str | None
    uiterlijk: tuple[date, ...]
    artikel: str | None

    @property
    def toegekend(self) -> int:
        """What is approved in all."""
        return sum(product.toegekend for product in self.producten)

    @property
    def afgekeurd(self) -> int:
        """What is refused in all."""
        return sum(product.afgekeurd for product in self.producten)

    @property
    def aangehouden(self) -> int:
        """What waits for the municipality in all."""
        return sum(product.aangehouden for product in self.producten)


def accounts(gateway: Gateway, caller: Caller, domain: Domain, gemeente: str, year: int) -> list[Account]:
    """The accounts of a year towards a municipality, by provider.

    The municipality and operators see every provider, a provider only itself; anyone else sees none.
    """
    if domain not in caller.domains:
        return []
    if caller.party is not None and len(caller.party) == 4 and caller.party != gemeente:
        return []
    only = None if caller.party in {None, gemeente} else [caller.party or ""]
    with gateway.database.reading() as transaction:
        found = production.productions(transaction, domain, gemeente, year, only)
        by_provider: dict[str, list[Production]] = {}
        for product in found:
            by_provider.setdefault(product.aanbieder, []).append(product)
        held = profielen_between(transaction, ((domain, gemeente, aanbieder) for aanbieder in by_provider))
    return [
        _account(aanbieder, tuple(products), held[domain, gemeente, aanbieder], year)
        for aanbieder, products in by_provider.items()
    ]


def _account(aanbieder: str, products: tuple[Production, ...], profielen: Iterable[Profiel], year: int) -> Account:
    # The contract of the end of the year is the one that asks for the account.
    profiel = next((one for one in profielen if one.holds_on(date(year, 12, 31))), None)
    terms = profiel.verantwoording if profiel else None
    klasse = terms.klasse_of(sum(product.toegekend for product in products)) if terms else None
    if terms is None or klasse is None:
        return Account(aanbieder, products, None, (), None)
    due = tuple(date.fromisoformat(f"{year + 1}-{day}") for day in klasse.uiterlijk)
    return Account(aanbieder, products, klasse.wat, due, terms.artikel)
