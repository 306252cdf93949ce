"""Contract profiles as they were loaded: every version is kept, the newest one of each name counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, insert, select

from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.store.database import Transaction, values_of
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import contract_gemeenten, contracts


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of a profile, without its text."""

    name: str
    version: int
    domain: str
    vanaf: date
    tot_en_met: date
    digest: bytes
    loaded_at: datetime
    loaded_by: str

    @property
    def identity(self) -> str:
        """How a judgement names it: `rhenen-wmo-2023/1`."""
        return f"{self.name}/{self.version}"


_COLUMNS: Final = [contracts.c[name] for name in Contract.__slots__]
_newer = contracts.alias()
_IS_NEWEST: Final = (
    contracts.c.version == select(func.max(_newer.c.version)).where(_newer.c.name == contracts.c.name).scalar_subquery()
)
_OF_PROFILE: Final = (contract_gemeenten.c.name == contracts.c.name) & (
    contract_gemeenten.c.version == contracts.c.version
)

# Made once, for the main path: a message costs this one statement, which brings no text along.
_FOR: Final = Prepared(
    select(contracts.c.name, contracts.c.version, contracts.c.digest)
    .join_from(contract_gemeenten, contracts, _OF_PROFILE)
    .where(
        contract_gemeenten.c.gemeente == bindparam("gemeente"), contracts.c.domain == bindparam("domain"), _IS_NEWEST
    )
    .order_by(contracts.c.vanaf, contracts.c.name)
)

_parsed: Final[dict[tuple[str, int, bytes], Profiel]] = {}
"""Profiles by name, version and digest, parsed once in this process whatever the database.

Threads need no lock: two that parse the same text at once put equal profiles in one place.
"""


def profielen_for(transaction: Transaction, domain: str, gemeente: str) -> tuple[Profiel, ...]:
    """The profiles that count for a municipality in a domain, oldest validity first; no two of them hold on one day.

    Of each name the newest version counts: one that no longer names the municipality takes the earlier ones along.
    Raises ConfigurationError for a text that this version of the gateway does not take any more.
    """
    rows = transaction.execute(_FOR, {"domain": domain, "gemeente": gemeente}).all()
    return tuple(_profiel(transaction, name, version, bytes(digest)) for name, version, digest in rows)


def profielen_of(transaction: Transaction, domain: str, gemeente: str, aanbieder: str) -> tuple[Profiel, ...]:
    """The profiles that count between a municipality and a provider.

    Where the provider objected to a change the former version goes on until the day that the newest one tells.
    """
    found: list[Profiel] = []
    for profiel in profielen_for(transaction, domain, gemeente):
        bezwaar = next((one for one in profiel.aanbieders.bezwaren if one.agb == aanbieder), None)
        if bezwaar is None:
            found.append(profiel)
            continue
        kept = version_of(transaction, profiel.name, bezwaar.versie)
        if kept is None:
            raise ConfigurationError(f"The contract profile {profiel.identity} names a version that was never loaded")
        former = _profiel(transaction, kept.name, kept.version, kept.digest)
        found.append(former.model_copy(update={"tot_en_met": min(former.tot_en_met, bezwaar.tot_en_met)}))
        follows = max(profiel.vanaf, bezwaar.tot_en_met + timedelta(days=1))
        found.append(profiel.model_copy(update={"vanaf": follows}))
    return tuple(found)


def newest_of(transaction: Transaction, name: str) -> Contract | None:
    """The newest version of a profile; None if none was loaded."""
    row = transaction.execute(select(*_COLUMNS).where(contracts.c.name == name, _IS_NEWEST)).first()
    return None if row is None else Contract(*row)


def version_of(transaction: Transaction, name: str, version: int) -> Contract | None:
    """One version of a profile."""
    query = select(*_COLUMNS).where(contracts.c.name == name, contracts.c.version == version)
    row = transaction.execute(query).first()
    return None if row is None else Contract(*row)


def newest_of_all(transaction: Transaction, gemeente: str | None) -> list[Contract]:
    """The newest version of every profile by name, or of every one that names this municipality."""
    query = select(*_COLUMNS).where(_IS_NEWEST).order_by(contracts.c.name)
    return [Contract(*row) for row in transaction.execute(_naming(query, gemeente))]


def versions_of(transaction: Transaction, name: str, gemeente: str | None) -> list[Contract]:
    """Every version of a profile, oldest first, or every one that names this municipality."""
    query = select(*_COLUMNS).where(contracts.c.name == name).order_by(contracts.c.version)
    return [Contract(*row) for row in transaction.execute(_naming(query, gemeente))]


def gemeenten_in(transaction: Transaction, contract: Contract) -> tuple[str, ...]:
    """The municipalities that a version names, in order."""
    columns = contract_gemeenten.c
    query = select(columns.gemeente).where(columns.name == contract.name, columns.version == contract.version)
    return tuple(transaction.execute(query.order_by(columns.gemeente)).scalars())


def _naming(query: Select[Any], gemeente: str | None) -> Select[Any]:
    if gemeente is None:
        return query
    return query.join_from(contracts, contract_gemeenten, _OF_PROFILE).where(contract_gemeenten.c.gemeente == gemeente)


def all_contracts(transaction: Transaction) -> list[Contract]:
    """Every version of every profile, by name and then by version."""
    query = select(*_COLUMNS).order_by(contracts.c.name, contracts.c.version)
    return [Contract(*row) for row in transaction.execute(query)]


def gemeenten_of(transaction: Transaction) -> dict[tuple[str, int], list[str]]:
    """The municipalities of every version of every profile, by name and version."""
    columns = contract_gemeenten.c
    found: dict[tuple[str, int], list[str]] = {}
    query = select(columns.name, columns.version, columns.gemeente).order_by(columns.gemeente)
    for name, version, gemeente in transaction.execute(query):
        found.setdefault((name, version), []).append(gemeente)
    return found


def text_of(transaction: Transaction, name: str, version: int) -> str:
    """The text of a version that there is."""
    query = select(contracts.c.text).where(contracts.c.name == name, contracts.c.version == version)
    text: str = transaction.execute(query).scalar_one()
    return text


def in_the_way(transaction: Transaction, profiel: Profiel) -> list[tuple[Contract, str]]:
    """Profiles of another name that count on a day of this one in its domain, with a municipality that they share."""
    query = (
        select(*_COLUMNS, func.min(contract_gemeenten.c.gemeente))
        .join_from(contract_gemeenten, contracts, _OF_PROFILE)
        .where(
            contracts.c.name != profiel.name,
            contracts.c.domain == profiel.domein,
            contracts.c.vanaf <= profiel.tot_en_met,
            contracts.c.tot_en_met >= profiel.vanaf,
            contract_gemeenten.c.gemeente.in_(profiel.gemeenten),
            _IS_NEWEST,
        )
        .group_by(*_COLUMNS)
        .order_by(contracts.c.name)
    )
    return [(Contract(*row[:-1]), row[-1]) for row in transaction.execute(query)]


def add(transaction: Transaction, contract: Contract, text: str, gemeenten: Iterable[str]) -> None:
    """Keep a version with its text."""
    transaction.execute(insert(contracts), values_of(contract) | {"text": text})
    rows = [{"gemeente": one, "name": contract.name, "version": contract.version} for one in gemeenten]
    transaction.execute(insert(contract_gemeenten), rows)


def _profiel(transaction: Transaction, name: str, version: int, digest: bytes) -> Profiel:
    key = (name, version, digest)
    known = _parsed.get(key)
    if known is None:
        known = _parsed[key] = kept_profiel(transaction, name, version)
    return known


def kept_profiel(transaction: Transaction, name: str, version: int) -> Profiel:
    """A version that there is, parsed anew.

    Raises ConfigurationError for a text that this version of the gateway does not take any more.
    """
    found = parse_profiel(text_of(transaction, name, version), name, version)
    if isinstance(found, Profiel):
        return found
    first = found[0]
    raise ConfigurationError(
        f"The contract profile {name}/{version} is not right any more, load it anew: "
        f"line {first.regelnummer}: {first.tekst}"
    )
