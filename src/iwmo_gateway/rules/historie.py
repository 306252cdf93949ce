"""What the rules of levels 3 and 4 may look at beside the message: facts of earlier messages, and outside sources.

Both are frozen and loaded for the whole message at once. A client is known here by a keyed hash of the Bsn, never by
the Bsn itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.rules.declaraties import Declaraties
from iwmo_gateway.standard.berichten import StartProduct, ToegewezenProduct, Toewijzingsbericht
from iwmo_gateway.standard.codelists import Codelists
from iwmo_gateway.standard.klassen import Omvang, Product


@dataclass(frozen=True, slots=True)
class Toewijzing:
    """One version of an allocation, as a 301 that counts as sent made it. `budget` in euro cents."""

    nummer: int
    client: str
    aanbieder: str
    referentie_aanbieder: str | None
    categorie: str | None
    code: str | None
    toewijzingsdatum: date
    toewijzingstijd: time
    ingangsdatum: date
    einddatum: date | None
    reden_wijziging: str | None
    volume: int | None
    eenheid: str | None
    frequentie: str | None
    budget: int | None

    @property
    def made_at(self) -> tuple[date, time]:
        """What makes one version newer than another, whatever the order of arrival."""
        return self.toewijzingsdatum, self.toewijzingstijd

    @property
    def removed(self) -> bool:
        """It counts as not sent: its number is free, and nothing can start on it."""
        return self.reden_wijziging == "13" and self.einddatum == self.ingangsdatum


@dataclass(frozen=True, slots=True)
class Levering:
    """The key of a delivery: what a start, a stop and a deletion must agree in."""

    toewijzing_nummer: int | None
    categorie: str | None
    code: str | None
    begindatum: date

    @property
    def subject(self) -> tuple[int | None, str | None, str | None]:
        """What is delivered: the allocation by its number or, in task-oriented care, the product."""
        if self.toewijzing_nummer is not None:
            return self.toewijzing_nummer, None, None
        return None, self.categorie, self.code


@dataclass(frozen=True, slots=True)
class Historie:
    """Facts of messages that count as sent, as far as this message can touch them.

    `clienten` are the keyed hashes of the message's clients, by Bsn. `toewijzingen` are all versions by number, of this
    domain and municipality, whoever the provider is. `starts`, `stops` and `verzoeken` are those of this client with
    this provider and municipality: starts that were not deleted, deliveries that were stopped, references of requests.
    `goedgekeurde_regels` counts, by allocation number, approved claim lines that were not credited.

    For a claim: `declaraties` are the earlier ones, `bekend` the clients for whom this municipality allocated anything
    to this provider, each with the keyed hash of the birth date that its newest 301 told, and `geboortedata` the same
    hash of what the message tells, by Bsn. A birth date of which a part is unknown has none.
    """

    clienten: Mapping[str, str]
    identificatie_used: bool = False
    toewijzingen: Mapping[int, tuple[Toewijzing, ...]] = field(default_factory=dict)
    starts: frozenset[Levering] = frozenset()
    stops: frozenset[Levering] = frozenset()
    verzoeken: frozenset[str] = frozenset()
    goedgekeurde_regels: Mapping[int, int] = field(default_factory=dict)
    declaraties: Declaraties = field(default_factory=Declaraties)
    bekend: Mapping[str, str | None] = field(default_factory=dict)
    geboortedata: Mapping[str, str] = field(default_factory=dict)
    newest: Mapping[int, Toewijzing] = field(init=False)
    """The newest version of each allocation, one that removes it included."""

    def __post_init__(self) -> None:
        newest = {
            number: max(versions, key=lambda version: version.made_at)
            for number, versions in self.toewijzingen.items()
            if versions
        }
        object.__setattr__(self, "newest", newest)

    def current(self, nummer: int) -> Toewijzing | None:
        """The newest version of an allocation; None if there is none or the newest one removed it."""
        newest = self.newest.get(nummer)
        return None if newest is None or newest.removed else newest


@dataclass(frozen=True, slots=True)
class Bronnen:
    """What neither the message nor earlier ones tell.

    `ontvangen` is the day of receipt in Europe/Amsterdam. `profielen` are the contracts of the message's municipality
    in its domain; no two of them hold on one day.
    """

    ontvangen: date
    codelists: Codelists
    profielen: tuple[Profiel, ...] = ()

    def profiel_on(self, day: date) -> Profiel | None:
        """The contract that holds on a day; None where none does."""
        return next((profiel for profiel in self.profielen if profiel.holds_on(day)), None)


def toewijzingen_of(bericht: Toewijzingsbericht, client: str) -> tuple[Toewijzing, ...]:
    """The versions of allocations that a 301 makes; a product without a number (2.3) leaves no fact."""
    return tuple(
        as_toewijzing(product, product.toewijzing_nummer, client, bericht.header.ontvanger)
        for product in bericht.toegewezen_producten
        if product.toewijzing_nummer is not None
    )


def as_toewijzing(product: ToegewezenProduct, nummer: int, client: str, aanbieder: str) -> Toewijzing:
    """A ToegewezenProduct as a fact."""
    what: Product | None = product.product
    size: Omvang | None = product.omvang
    return Toewijzing(
        nummer=nummer,
        client=client,
        aanbieder=aanbieder,
        referentie_aanbieder=product.referentie_aanbieder,
        categorie=what.categorie if what else None,
        code=what.code if what else None,
        toewijzingsdatum=product.toewijzingsdatum,
        toewijzingstijd=product.toewijzingstijd,
        ingangsdatum=product.ingangsdatum,
        einddatum=product.einddatum,
        reden_wijziging=product.reden_wijziging,
        volume=size.volume if size else None,
        eenheid=size.eenheid if size else None,
        frequentie=size.frequentie if size else None,
        budget=product.budget,
    )


def levering_of(start: StartProduct) -> Levering:
    """The key of the delivery that a StartProduct starts or deletes."""
    return Levering(
        start.toewijzing_nummer,
        start.product.categorie if start.product else None,
        start.product.code if start.product else None,
        start.begindatum,
    )
