"""What the rules of levels 3 and 4 may look at beside the message: facts of earlier messages, and outside sources.

Both are frozen and loaded for the whole message at once. A client is known here by what the store knows it by, never by
the Bsn itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.rules.declaraties import Declaraties
from iwmo_gateway.standard.berichten import Bericht, ToegewezenProduct, Toewijzingsbericht
from iwmo_gateway.standard.codelists import Codelists
from iwmo_gateway.standard.klassen import Omvang, Product
from iwmo_gateway.standard.leveringen import TEMPORARY, StartProduct, StopProduct
from iwmo_gateway.standard.verzoeken import REFUSED


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
    def identity(self) -> tuple[int, str, date]:
        """What all its versions share; a number that was freed may be another allocation's later."""
        return self.nummer, self.client, self.ingangsdatum

    @property
    def made_at(self) -> tuple[date, time]:
        """What makes one version newer than another, whatever the order of arrival."""
        return self.toewijzingsdatum, self.toewijzingstijd

    @property
    def removed(self) -> bool:
        """It counts as not sent: its number is free, and nothing can start on it."""
        return self.reden_wijziging == "13" and self.einddatum == self.ingangsdatum

    @property
    def lapsed(self) -> bool:
        """It is no current allocation (TR349): removed, or in 2.3 taken back as a correction."""
        return self.reden_wijziging in {"01", "13"} and self.einddatum == self.ingangsdatum


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

    def continues(self, start: "Levering") -> bool:
        """Whether this may be the stop of that start (TR382): on an allocation, a product that either leaves out is not
        compared; task-oriented care is known by its product alone."""
        if (self.toewijzing_nummer, self.begindatum) != (start.toewijzing_nummer, start.begindatum):
            return False
        products = {(self.categorie, self.code), (start.categorie, start.code)}
        return len(products if self.toewijzing_nummer is None else products - {(None, None)}) < 2


@dataclass(frozen=True, slots=True)
class Stop:
    """The stop of a delivery: for a while (RedenBeeindiging 20), or for good."""

    levering: Levering
    reden: str
    einddatum: date

    @property
    def temporary(self) -> bool:
        """Care may start again."""
        return self.reden == TEMPORARY


@dataclass(frozen=True, slots=True)
class Aanvraag:
    """A request that counts, with the answers (VerzoekAntwoord) so far, and whether it was allocated."""

    referentie: str
    gemeente: str
    client: str
    antwoorden: tuple[str, ...] = ()
    toegewezen: bool = False

    @property
    def open(self) -> bool:
        """Neither refused nor allocated."""
        return not self.toegewezen and REFUSED not in self.antwoorden


@dataclass(frozen=True, slots=True)
class Historie:
    """Facts of messages that count as sent, as far as this message can touch them.

    `clienten` is what the store knows the message's clients by, by Bsn. `toewijzingen` are all versions by number, of
    this domain and municipality, whoever the provider is: of the numbers that the message names, and for a 317 of all
    that its client has. `starts` and `stops` are those of this client with this provider and municipality that were not
    deleted, stops in the order in which they came. `goedgekeurde_regels` counts, by allocation number, approved claim
    lines that were not credited. `verzoeken` are the requests of this provider in this domain, by the references that
    the message names; `open_verzoeken` the references of those for this client and municipality that are open.

    What only a rule of the contract asks is loaded where there is one: for a 301 `naast`, the newest versions of all
    that this municipality allocated to the client before, whoever the provider is; for a 305 `toegewezen_op`, the day
    on which the first version of each allocation was received; for a claim the starts and stops of its clients.

    For a claim: `declaraties` are the earlier ones, `bekend` the clients for whom this municipality allocated anything
    to this provider, each with the birth date that its newest 301 told, and `geboortedata` those that the message
    tells, by Bsn. A birth date of which a part is unknown is none.

    For a return message: `beantwoord` is the message that it answers.
    """

    clienten: Mapping[str, str]
    identificatie_used: bool = False
    toewijzingen: Mapping[int, tuple[Toewijzing, ...]] = field(default_factory=dict)
    starts: frozenset[Levering] = frozenset()
    stops: tuple[Stop, ...] = ()
    verzoeken: Mapping[str, Aanvraag] = field(default_factory=dict)
    open_verzoeken: frozenset[str] = frozenset()
    naast: tuple[Toewijzing, ...] = ()
    toegewezen_op: Mapping[tuple[int, str, date], date] = field(default_factory=dict)
    goedgekeurde_regels: Mapping[int, int] = field(default_factory=dict)
    declaraties: Declaraties = field(default_factory=Declaraties)
    bekend: Mapping[str, str | None] = field(default_factory=dict)
    geboortedata: Mapping[str, str] = field(default_factory=dict)
    beantwoord: Bericht | None = None
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
        for profiel in self.profielen:
            if profiel.holds_on(day):
                return profiel
        return None


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


def levering_of(product: StartProduct | StopProduct) -> Levering:
    """The key of the delivery that is started, stopped or deleted."""
    return Levering(
        product.toewijzing_nummer,
        product.product.categorie if product.product else None,
        product.product.code if product.product else None,
        product.begindatum,
    )


def stop_of(stop: StopProduct) -> Stop:
    """A StopProduct as a fact."""
    return Stop(levering_of(stop), stop.reden_beeindiging, stop.einddatum)


def newest_stop(stops: Iterable[Stop], levering: Levering) -> Stop | None:
    """The newest stop of a delivery: the latest Einddatum, of two with the same the one that came last."""
    mine = [
        stop
        for stop in stops
        if (stop.levering.subject, stop.levering.begindatum) == (levering.subject, levering.begindatum)
    ]
    return max(reversed(mine), key=lambda stop: stop.einddatum, default=None)
