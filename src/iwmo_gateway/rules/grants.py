"""The contract's rules for what a client is granted together: products that need one another, and one lot at a time.

They judge the municipality's own 301, beside everything that it allocated to the client, whoever the provider is. The
provider hears of it too, so no finding tells what another one was allocated. The contract that counts is that of the
Ingangsdatum of the product.
"""

from collections.abc import Iterator, Mapping, Sequence
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
    standing = _standing(bericht, historie)
    for profiel, regel, judged in _under(standing, bronnen, "contract-samen"):
        beside = {grant.period for grant in standing if _may_be(grant.version, regel.bij, profiel)}
        for grant, product in judged:
            if grant.version.code not in regel.producten or any(_meet(grant.period, other) for other in beside):
                continue
            yield Fault(
                product,
                f"een toewijzing van {' of '.join(regel.bij)} in dezelfde tijd, {_told(grant.period)}",
                f"{grant.version.code} zonder zo'n toewijzing",
                regel,
            )


@grants.rule("contract-perceel", berichten="301")
def een_perceel_tegelijk(bericht: Toewijzingsbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De client heeft volgens het contract in dezelfde tijd producten uit één perceel."""
    standing = _standing(bericht, historie)
    for profiel, regel, judged in _under(standing, bronnen, "contract-perceel"):
        lots = _lots(standing, profiel, regel)
        for grant, product in judged:
            lot, code = _lot(grant.version, profiel, regel), grant.version.code
            others = (
                (aanbieder != bericht.header.ontvanger, nr, period, version.code)
                for (nr, aanbieder, period), version in lots.items()
                if nr != lot and _meet(grant.period, period)
            )
            other = min(others, default=None) if lot is not None else None
            if other is not None:
                elsewhere, nr, period, other_code = other
                told = f"{other_code} (perceel {nr}), {_told(period)}"
                yield Fault(
                    product,
                    f"alleen producten uit perceel {lot} naast {code}, {_told(grant.period)}",
                    f"{code} (perceel {lot}) naast {'een toewijzing uit een ander perceel' if elsewhere else told}",
                    regel,
                )


@dataclass(frozen=True, slots=True)
class _Grant:
    """Something that the client will be granted; `product` is its class, if it is the message that grants it."""

    version: Toewijzing
    product: ToegewezenProduct | None = None

    @property
    def period(self) -> Period:
        return self.version.ingangsdatum, self.version.einddatum or date.max


def _standing(bericht: Toewijzingsbericht, historie: Historie) -> Sequence[_Grant]:
    """All that the client is granted once the message counts, without what is taken back.

    A version that is not the newest changes nothing: what is there stays as it is.
    """
    said = []
    for product in bericht.toegewezen_producten:
        nummer = _UNNUMBERED if product.toewijzing_nummer is None else product.toewijzing_nummer
        version = as_toewijzing(product, nummer, historie.clienten[bericht.client.bsn], bericht.header.ontvanger)
        newest = historie.newest.get(nummer)
        if newest is None or newest.made_at <= version.made_at:
            said.append(_Grant(version, product))
    numbers = {grant.version.nummer for grant in said}
    kept = [_Grant(version) for version in historie.naast if version.nummer not in numbers]
    return [grant for grant in (*said, *kept) if not grant.version.lapsed]


def _under(
    standing: Sequence[_Grant], bronnen: Bronnen, name: str
) -> Iterator[tuple[Profiel, Contractregel, list[tuple[_Grant, ToegewezenProduct]]]]:
    """Each contract that has a rule, with the products of the message that it holds for."""
    for profiel in bronnen.profielen:
        regel = profiel.regel(name)
        if regel is not None:
            judged = [
                (grant, grant.product)
                for grant in standing
                if grant.product is not None and bronnen.profiel_on(grant.version.ingangsdatum) is profiel
            ]
            yield profiel, regel, judged


def _may_be(version: Toewijzing, codes: Sequence[str], profiel: Profiel) -> bool:
    """Whether one of these products may be delivered on it: by its code, or by its category where it names no code."""
    if version.code is not None:
        return version.code in codes
    categories = {product.categorie for code in codes if (product := profiel.product(code)) is not None}
    return version.categorie is None or version.categorie in categories


def _lots(
    standing: Sequence[_Grant], profiel: Profiel, regel: Contractregel
) -> Mapping[tuple[int, str, Period], Toewijzing]:
    """What stands of each lot: the first for each provider and period."""
    return {
        (lot, grant.version.aanbieder, grant.period): grant.version
        for grant in reversed(standing)
        if (lot := _lot(grant.version, profiel, regel)) is not None
    }


def _lot(version: Toewijzing, profiel: Profiel, regel: Contractregel) -> int | None:
    """The lot of a product; None for one that may stand beside any."""
    if version.code is None or version.code in regel.producten:
        return None
    product = profiel.product(version.code)
    return product.perceel if product is not None else None


def _meet(one: Period, other: Period) -> bool:
    """Whether two periods share a day."""
    return max(one[0], other[0]) <= min(one[1], other[1])


def _told(period: Period) -> str:
    return f"{period[0]} t/m {'open' if period[1] == date.max else period[1]}"
