"""The contract's rules for what a client is granted together: products that need one another, and one lot at a time.

They judge the municipality's own 301, beside everything that it allocated to the client, whoever the provider is. The
provider hears of it too, so no finding tells what another one was allocated. The contract that counts is that of the
Ingangsdatum of the product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from iwmo_gateway.contract.afspraken import Contractregel
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.volumes import Period
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie, Toewijzing, as_toewijzing
from iwmo_gateway.standard.berichten import ToegewezenProduct, Toewijzingsbericht

grants: Final = Level("grants", frozenset({4}))

_UNNUMBERED: Final = -1
"""A product without ToewijzingNummer (2.3): it replaces nothing."""


@grants.rule("contract-samen", berichten="301")
def samen_toegewezen(bericht: Toewijzingsbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """Het product is volgens het contract alleen toegewezen naast een product waar het bij hoort."""
    for grant, profiel, regel in _under(bericht, historie, bronnen, "contract-samen"):
        if grant.code not in regel.producten:
            continue
        if not any(_may_be(other, regel.bij, profiel) for other in _beside(grant, bericht, historie)):
            yield Fault(
                grant.product,
                f"een toewijzing van {' of '.join(regel.bij)} in dezelfde tijd, {_told(grant.period)}",
                f"{grant.code} zonder zo'n toewijzing",
                regel,
            )


@grants.rule("contract-perceel", berichten="301")
def een_perceel_tegelijk(bericht: Toewijzingsbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De client heeft volgens het contract in dezelfde tijd producten uit één perceel."""
    for grant, profiel, regel in _under(bericht, historie, bronnen, "contract-perceel"):
        lot = _lot(grant.code, profiel, regel)
        if lot is None:
            continue
        others = [
            (other, other_lot)
            for other in _beside(grant, bericht, historie)
            if (other_lot := _lot(other.code, profiel, regel)) not in {None, lot}
        ]
        if others:
            own = next(((other, nr) for other, nr in others if other.aanbieder == bericht.header.ontvanger), None)
            found = "een toewijzing uit een ander perceel"
            if own is not None:
                found = f"{own[0].code} (perceel {own[1]}), {_told(own[0].period)}"
            yield Fault(
                grant.product,
                f"alleen producten uit perceel {lot} naast {grant.code}, {_told(grant.period)}",
                f"{grant.code} (perceel {lot}) naast {found}",
                regel,
            )


@dataclass(frozen=True, slots=True)
class _Grant:
    """A product of the 301, as it will stand."""

    product: ToegewezenProduct
    nummer: int
    code: str

    @property
    def period(self) -> Period:
        return self.product.ingangsdatum, self.product.einddatum or date.max


@dataclass(frozen=True, slots=True)
class _Other:
    """What the client is granted besides."""

    aanbieder: str
    categorie: str | None
    code: str | None
    period: Period


def _under(
    bericht: Toewijzingsbericht, historie: Historie, bronnen: Bronnen, name: str
) -> Iterator[tuple[_Grant, Profiel, Contractregel]]:
    """The products that the message grants by code, to which a rule of the contract of their day applies.

    One that is taken back grants nothing, and a version that is not the newest changes nothing.
    """
    for product in bericht.toegewezen_producten:
        version = _version(product, bericht, historie)
        profiel = bronnen.profiel_on(product.ingangsdatum)
        regel = profiel.regel(name) if profiel is not None else None
        if profiel is None or regel is None or version.code is None or version.lapsed:
            continue
        if version.nummer == _UNNUMBERED or not _is_outdated(version, historie):
            yield _Grant(product, version.nummer, version.code), profiel, regel


def _beside(grant: _Grant, bericht: Toewijzingsbericht, historie: Historie) -> Iterator[_Other]:
    """What the client is granted beside a product on one of its days: by the same message, or before."""
    said = [
        (product, version)
        for product in bericht.toegewezen_producten
        if not _is_outdated(version := _version(product, bericht, historie), historie)
    ]
    numbers = {version.nummer for _, version in said}
    versions = [version for product, version in said if product is not grant.product]
    versions += [version for version in historie.naast if version.nummer not in numbers]
    for version in versions:
        other = _Other(
            version.aanbieder, version.categorie, version.code, (version.ingangsdatum, version.einddatum or date.max)
        )
        if not version.lapsed and max(other.period[0], grant.period[0]) <= min(other.period[1], grant.period[1]):
            yield other


def _version(product: ToegewezenProduct, bericht: Toewijzingsbericht, historie: Historie) -> Toewijzing:
    nummer = _UNNUMBERED if product.toewijzing_nummer is None else product.toewijzing_nummer
    return as_toewijzing(product, nummer, historie.clienten[bericht.client.bsn], bericht.header.ontvanger)


def _is_outdated(version: Toewijzing, historie: Historie) -> bool:
    newest = historie.newest.get(version.nummer)
    return newest is not None and newest.made_at > version.made_at


def _may_be(other: _Other, codes: tuple[str, ...], profiel: Profiel) -> bool:
    """Whether one of these products may be delivered on it: by its code, or by its category where it names no code."""
    if other.code is not None:
        return other.code in codes
    categories = {product.categorie for code in codes if (product := profiel.product(code)) is not None}
    return other.categorie is None or other.categorie in categories


def _lot(code: str | None, profiel: Profiel, regel: Contractregel) -> int | None:
    """The lot of a product; None for one that may stand beside any."""
    product = profiel.product(code) if code is not None and code not in regel.producten else None
    return product.perceel if product is not None else None


def _told(period: Period) -> str:
    return f"{period[0]} t/m {'open' if period[1] == date.max else period[1]}"
